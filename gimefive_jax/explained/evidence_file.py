"""How much of an export's maps lies on known evidence, as a typed file `evidence.json`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gimefive_jax import files, json_records
from gimefive_jax.data import Split
from gimefive_jax.explained import layout
from gimefive_jax.explained.evidence import EvidenceOfMaps, measure_evidence
from gimefive_jax.explained.opened import Export

DEFINITION = (
    "share of a map's positive mass on the planted evidence, the map enlarged to the mask's pixels "
    "cell by cell; a map with nothing positive counts as uniform and as degenerate; chance is what "
    "a uniform map reaches, centre_gaussian what a Gaussian on the same grid (sigma a quarter of "
    "the side) reaches, edges what the face's own Sobel edges, averaged over each cell, reach, "
    "best_cell what all mass in the best cell would reach"
)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Shares of all maps of an export on the evidence; the content of `evidence.json`."""

    model: str
    data: str
    split: str
    count: int
    data_sha256: str
    definition: str
    maps: Mapping[str, Mapping[str, EvidenceOfMaps]]
    """By method, then by layer."""

    def write(self, folder: Path) -> None:
        """Writes `evidence.json` to the folder of an export."""
        files.write_json(folder / layout.EVIDENCE, json_records.to_json(self))


def read_evidence(folder: Path) -> Evidence:
    """Reads `evidence.json` in the folder of an export.

    Raises:
      InputError: If it is not there or damaged.
    """
    return json_records.read_json(
        Evidence, folder / layout.EVIDENCE, mend="`gimefive quickstart` writes it anew"
    )


def measure_export(export: Export, split: Split, *, model_name: str) -> Evidence:
    """Measures all maps of an export against the evidence that its split carries.

    Args:
      export: The opened export.
      split: The faces that it explains, with a column `evidence` `[face, height, width]`.
      model_name: Whose maps they are.

    Returns:
      Shares by method and layer.

    Raises:
      InputError: If a map is finer than the evidence.
    """
    correct = np.array([bool(row.is_correct) for row in export.rows])
    maps: dict[str, dict[str, EvidenceOfMaps]] = {}
    for method, layer in export.maps:
        maps.setdefault(method, {})[layer] = measure_evidence(
            np.asarray(export.heat_maps(method, layer)),
            split.extras["evidence"],
            images=split.images,
            labels=split.labels,
            correct=correct,
            emotions=split.emotions,
        )
    return Evidence(
        model=model_name,
        data=split.data_name,
        split=split.name,
        count=len(split),
        data_sha256=split.digest,
        definition=DEFINITION,
        maps=maps,
    )
