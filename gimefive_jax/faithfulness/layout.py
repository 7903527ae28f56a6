"""Names of the files in the folder of a faithfulness report; the only place that spells them."""

from pathlib import Path

SUMMARY = "faithfulness.json"
PER_FACE = "faithfulness"
"""Stem of the per-face tables, `.parquet` and `.csv`."""
PAGE = "index.html"
PARTS = "parts"
"""Folder of finished steps, from which an interrupted run goes on."""


def part_file(folder: Path, name: str) -> Path:
    """Path of a finished step: `parts/hirescam.block5-activation.deletion.safetensors`."""
    return folder / PARTS / f"{name.replace('/', '-').replace(' ', '-')}.safetensors"
