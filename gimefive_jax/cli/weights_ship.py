"""`gimefive weights ship`."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from gimefive_jax.cli.parsing import parse
from gimefive_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Make a file of weights to hand on, with its model card, from a run.

    Writes NAME.safetensors (kernels in half precision, a calibration chosen and fitted on
    validation), then measures that very file on every test split, plain and with mirror images
    averaged, and writes NAME.md, the numbers as NAME.json, and pictures. Earlier ones of that name
    are replaced; the same run gives the same bytes.
    """

    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Run folder (its best checkpoint), a checkpoint folder in it, or a shipped name or file of
    weights with its .json beside it, which is calibrated and measured anew."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder for the file and its card."""
    name: str
    """Name of the file, without a suffix."""
    pictures_dir: Path | None = None
    """Folder for the card's pictures; by default OUT."""
    notice: str | None = None
    """What users of the weights must know, a line; by default the terms of the data, as far as
    known."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default the one trained from if it is still there, else
    $TFDS_DATA_DIR, else ~/tensorflow_datasets."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="weights ship")
    name = arguments.name
    if not name or os.sep in name or name.startswith(".") or Path(name).suffix:
        raise InputError(f"name '{name}' must be a plain word without a suffix, such as small")
    from gimefive_jax.recipes.release import ReleasePlan, release

    plan = ReleasePlan(
        run=arguments.run,
        name=name,
        out=arguments.out,
        pictures=arguments.pictures_dir or arguments.out,
        data_directory=arguments.data_dir,
        notice=arguments.notice,
    )
    found = release(plan, lambda line: print(line, flush=True))
    print(f"{arguments.out / name}.safetensors, {found.file_bytes:,} bytes, and its card")
    return 0
