"""How faithful the explanations of a split are: the typed content of `faithfulness.json`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from gimefive_jax import files, json_records
from gimefive_jax.faithfulness import layout
from gimefive_jax.faithfulness.plan import FaithfulnessPlan

Better = Literal["higher", "lower", "neither"]
# A map that does not beat these two shows where faces are, not where this face's evidence is.
USEFUL_BEATS = ("centre_gaussian", "class_mean")


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Mean of a value over some faces, with its 95 % bootstrap interval."""

    count: int
    mean: float
    interval_95: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class MetricNote:
    """What a metric asks and how its numbers are read."""

    title: str
    asks: str
    """The question it answers, in a sentence."""
    better: Better
    low: float | None
    """Smallest possible value; None where there is none."""
    high: float | None
    forwards: int
    """Forward passes of the network per face and map."""
    reference: str = ""


@dataclasses.dataclass(frozen=True)
class Measure:
    """One metric of one kind of map; a group without a measured face is None."""

    all: Estimate | None
    correct: Estimate | None
    """Over the faces that were predicted rightly."""
    wrong: Estimate | None
    per_category: Mapping[str, Estimate | None]
    """By the category that is explained, which is the predicted one."""
    gains: Mapping[str, Estimate]
    """By baseline: how much better the map is on the same faces, positive where it is better."""

    def beats(self, baseline: str) -> bool | None:
        """Says whether the map beats a baseline by the whole interval; None if not compared."""
        gain = self.gains.get(baseline)
        return None if gain is None else gain.interval_95[0] > 0

    @property
    def is_useful(self) -> bool | None:
        """Whether the map beats the centre Gaussian and the class's mean map; None if unknown."""
        found = [self.beats(name) for name in USEFUL_BEATS]
        return None if None in found else all(found)


@dataclasses.dataclass(frozen=True)
class SanityStage:
    """How like the maps stay when the network's layers, from the head down, are randomised."""

    layer: str
    """Last layer that was randomised; all behind it are as well."""
    spearman: Estimate
    """Rank correlation of |map| with the trained network's, from -1 to 1."""
    ssim: Estimate
    """Structural similarity of |map| with the trained network's."""


@dataclasses.dataclass(frozen=True)
class MeasuredMaps:
    """Everything measured of one method at one layer, or of a baseline on one grid."""

    method: str
    layer: str
    """Of a baseline: the grid, or for the class mean the map it is the mean of."""
    title: str
    is_baseline: bool
    grid: tuple[int, int]
    """Rows and columns."""
    count: int
    """Faces with a map."""
    num_degenerate: int
    """Maps with nothing positive, or with equal cells; they count as uniform."""
    passes: str = ""
    """Passes of the network per map, in words."""
    is_of_category: bool = True
    """Whether the map depends on the category; Eigen-CAM's does not."""
    measures: Mapping[str, Measure] = dataclasses.field(default_factory=dict)
    """By metric."""
    curves: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    """Mean curves by metric, over equal steps."""
    sanity: tuple[SanityStage, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Method and layer."""
        return self.method, self.layer


@dataclasses.dataclass(frozen=True)
class Faithfulness:
    """How faithful the maps of a split are; the content of `faithfulness.json`."""

    model: str
    weights_sha256: str
    data: str
    split: str
    data_sha256: str
    emotions: tuple[str, ...]
    count: int
    """Faces of the split."""
    num_correct: int
    plan: FaithfulnessPlan
    metrics: Mapping[str, MetricNote]
    maps: tuple[MeasuredMaps, ...]
    """The map that is shown first, then the other methods, then the baselines."""
    num_forwards: int
    """Forward passes of the perturbation metrics together, over all faces and maps."""
    num_without_landmarks: int | None = None
    """Faces whose parts were not found, so that no region is measured; None where none was sought.
    """
    region_areas: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Mean area share of each region of the face: what a uniform map puts there."""

    def maps_of(self, method: str, layer: str) -> MeasuredMaps | None:
        """Gives what was measured of a method at a layer; None where nothing was."""
        found = [one for one in self.maps if one.key == (method, layer)]
        return found[0] if found else None

    def write(self, folder: Path) -> None:
        """Writes `faithfulness.json` to a folder."""
        files.write_json(folder / layout.SUMMARY, json_records.to_json(self))


def read_faithfulness(folder: Path) -> Faithfulness:
    """Reads `faithfulness.json`.

    Args:
      folder: Where `gimefive faithfulness` wrote it.

    Returns:
      What was measured.

    Raises:
      InputError: If it is not there or damaged.
    """
    return json_records.read_json(
        Faithfulness, folder / layout.SUMMARY, mend="`gimefive faithfulness` writes it anew"
    )
