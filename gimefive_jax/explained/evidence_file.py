"""How much of an export's maps lies on known evidence, as a typed file `evidence.json`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gimefive_jax import files, json_records
from gimefive_jax.data import Split
from gimefive_jax.errors import InputError
from gimefive_jax.explained import layout
from gimefive_jax.explained.evidence import EvidenceOfMaps, measure_evidence
from gimefive_jax.explained.opened import Export
from gimefive_jax.explanation import INPUT

DEFINITION = (
    "share of a map's positive mass on the planted evidence, the map enlarged to the mask's pixels "
    "cell by cell; a map with nothing positive counts as uniform and as degenerate; beside it, on "
    "the same grid: random (even draws), uniform (chance), centre_gaussian (sigma a quarter of the "
    "side), edges (the face's own Sobel edges, averaged over each cell), class_mean (mean map of "
    "the other faces explained as the same category); best_cell is what all mass in the best cell "
    "would reach; differences are of the map less each of these, face by face"
)
# Methods that explain pixels by changing them: shown beside every map where they were exported.
_BESIDE = ("occlusion", "integrated_gradients")


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

    Args:
      folder: The export's.

    Returns:
      What `measure_export` measured.

    Raises:
      InputError: If it is not there, damaged, or of a version before 0.3.
    """
    return json_records.read_json(
        Evidence,
        folder / layout.EVIDENCE,
        mend="`gimefive quickstart`, or measure_export and write, make it anew from the maps, also "
        "where an earlier version wrote it",
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
      InputError: If a map is finer than the evidence, or every category was explained.
    """
    if export.summary.targets == "all":
        raise InputError(
            f"{export.folder} explains every category of each face; planted evidence is measured "
            "on maps of one, as with --targets predicted"
        )
    correct = np.array([bool(row.is_correct) for row in export.rows])
    explained = np.array([split.emotions.index(row.target) for row in export.rows])
    arrays = {key: np.asarray(export.heat_maps(*key)) for key in export.maps}
    beside = {name: arrays[name, INPUT] for name in _BESIDE if (name, INPUT) in arrays}
    maps: dict[str, dict[str, EvidenceOfMaps]] = {}
    for (method, layer), heat_maps in arrays.items():
        maps.setdefault(method, {})[layer] = measure_evidence(
            heat_maps,
            split.extras["evidence"],
            images=split.images,
            labels=split.labels,
            explained=explained,
            correct=correct,
            emotions=split.emotions,
            beside={name: one for name, one in beside.items() if name != method},
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
