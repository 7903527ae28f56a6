"""Share of a map that lies on known evidence, beside every baseline."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from gimefive_jax import statistics
from gimefive_jax.explanation.faithfulness.baselines import baseline_maps, class_mean
from gimefive_jax.explanation.faithfulness.mass import (
    area_share,
    best_cell,
    mass_on,
    pointing_game,
)
from gimefive_jax.explanation.methods import is_degenerate

Interval = tuple[float, float]
_SHARE, _HITS, _BEST, _AREA = "share", "hits", "best", "area"


@dataclasses.dataclass(frozen=True)
class Beside:
    """Another map of the same faces."""

    share: float
    """Of its positive mass, on the evidence."""
    difference_interval_95: Interval
    """95 % bootstrap interval of the measured map's share less this one's, face by face."""


@dataclasses.dataclass(frozen=True)
class EvidenceSummary:
    """Means over some faces, with 95 % bootstrap intervals; shares from 0 to 1."""

    count: int
    """Faces."""
    share: float
    """Of a map's positive mass, on the evidence."""
    share_interval_95: Interval
    enrichment: float | None
    """`share / chance`; None where no face has evidence."""
    above_chance: float
    """Share of the faces whose map puts more on the evidence than a uniform map would."""
    pointing_game: float
    """How often the strongest cell lies on the evidence, cells counted by the part that does."""
    best_cell: float
    """What all mass in the best cell would reach."""
    beside: Mapping[str, Beside]
    """Baselines by name: `random`, `uniform`, `centre_gaussian`, `edges`, `class_mean`, and what
    else was asked for, such as `occlusion`."""

    @property
    def chance(self) -> float:
        """What a uniform map reaches: the area share of the evidence."""
        return self.beside["uniform"].share


@dataclasses.dataclass(frozen=True)
class EvidenceOfMaps:
    """One method at one layer, over a split."""

    grid: tuple[int, int]
    """Rows and columns of the maps."""
    num_degenerate: int
    """Maps with nothing positive."""
    all: EvidenceSummary
    correct: EvidenceSummary | None
    """Over the faces that were predicted rightly; None where there is none."""
    wrong: EvidenceSummary | None
    per_category: Mapping[str, EvidenceSummary | None]
    """By the category that was drawn, not the predicted one."""


def measure_evidence(
    heat_maps: Float[np.ndarray, "face rows columns"],
    evidence: Bool[np.ndarray, "face height width"],
    *,
    images: UInt8[np.ndarray, "face side side channel"],
    labels: Int[np.ndarray, " face"],
    explained: Int[np.ndarray, " face"],
    correct: Bool[np.ndarray, " face"],
    emotions: tuple[str, ...],
    beside: Mapping[str, Float[np.ndarray, "face _ _"]] | None = None,
) -> EvidenceOfMaps:
    """Measures the shares of maps on the evidence over all faces, hits, misses, and each category.

    Args:
      heat_maps: Maps of one method at one layer, `[face, rows, columns]`.
      evidence: True on the pixels that show the expression, `[face, height, width]`.
      images: The faces, uint8 `[face, side, side, channel]`, for the baseline of edges.
      labels: True categories, `[face]`.
      explained: Categories that the maps explain, `[face]`, for the mean map of each.
      correct: Whether each face is predicted rightly, `[face]`.
      emotions: Names of the categories, in label order.
      beside: Further maps by name, on grids of their own, to be compared with like the baselines.

    Returns:
      Means with 95 % bootstrap intervals; a group without a face is None.

    Raises:
      InputError: If a map is finer than the evidence.
    """
    grid = (heat_maps.shape[1], heat_maps.shape[2])
    columns = {
        _SHARE: mass_on(heat_maps, evidence),
        _HITS: pointing_game(heat_maps, evidence),
        _BEST: best_cell(evidence, grid),
        _AREA: area_share(evidence),
    }
    others = {
        **baseline_maps(images, np.arange(len(images)), grid),
        "class_mean": class_mean(heat_maps, explained),
        **(beside or {}),
    }
    shares = {name: np.asarray(mass_on(maps, evidence)) for name, maps in others.items()}

    def summary(chosen: Bool[np.ndarray, " face"]) -> EvidenceSummary | None:
        if not chosen.any():
            return None
        return _summary(
            {name: np.asarray(values)[chosen] for name, values in columns.items()},
            {name: values[chosen] for name, values in shares.items()},
        )

    whole = summary(np.ones(len(heat_maps), np.bool_))
    assert whole is not None
    return EvidenceOfMaps(
        grid=grid,
        num_degenerate=int(is_degenerate(heat_maps).sum()),
        all=whole,
        correct=summary(correct),
        wrong=summary(~correct),
        per_category={emotion: summary(labels == i) for i, emotion in enumerate(emotions)},
    )


def _summary(
    columns: Mapping[str, Float[np.ndarray, " face"]],
    shares: Mapping[str, Float[np.ndarray, " face"]],
) -> EvidenceSummary:
    share, area = columns[_SHARE], columns[_AREA]
    paired = np.stack([share, *(share - other for other in shares.values())], axis=1)
    own, *differences = statistics.bootstrap_mean_intervals(paired).tolist()
    return EvidenceSummary(
        count=len(share),
        share=float(share.mean()),
        share_interval_95=tuple(own),
        enrichment=float(share.mean() / area.mean()) if area.any() else None,
        # More than rounding: a uniform map is not above itself.
        above_chance=float((share > area + 1e-9).mean()),
        pointing_game=float(columns[_HITS].mean()),
        best_cell=float(columns[_BEST].mean()),
        beside={
            name: Beside(float(other.mean()), tuple(interval))
            for (name, other), interval in zip(shares.items(), differences, strict=True)
        },
    )
