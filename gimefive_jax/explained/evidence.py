"""Share of a map that lies on known evidence, beside chance and simple baselines."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from gimefive_jax import statistics
from gimefive_jax.explanation.faithfulness.baselines import centre_gaussian, edges
from gimefive_jax.explanation.faithfulness.mass import area_share, best_cell, mass_on
from gimefive_jax.explanation.methods import is_degenerate

Interval = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class EvidenceSummary:
    """Means over some faces, with 95 % bootstrap intervals; shares from 0 to 1."""

    count: int
    """Faces."""
    share: float
    """Of a map's positive mass, on the evidence."""
    share_interval_95: Interval
    chance: float
    """What a uniform map reaches: the area share of the evidence."""
    enrichment: float | None
    """`share / chance`; None where no face has evidence."""
    above_chance: float
    """Share of the faces whose map puts more on the evidence than a uniform map would."""
    over_chance_interval_95: Interval
    """Of the paired difference `share - chance`."""
    centre_gaussian: float
    """What a Gaussian in the middle of the face reaches."""
    over_centre_gaussian_interval_95: Interval
    edges: float
    """What the face's own Sobel edges reach."""
    over_edges_interval_95: Interval
    best_cell: float
    """What all mass in the best cell would reach."""


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
    correct: Bool[np.ndarray, " face"],
    emotions: tuple[str, ...],
) -> EvidenceOfMaps:
    """Measures the shares of maps on the evidence over all faces, hits, misses, and each category.

    Args:
      heat_maps: Maps of one method at one layer, `[face, rows, columns]`.
      evidence: True on the pixels that show the expression, `[face, height, width]`.
      images: The faces, uint8 `[face, side, side, channel]`, for the baseline of edges.
      labels: True categories, `[face]`.
      correct: Whether each face is predicted rightly, `[face]`.
      emotions: Names of the categories, in label order.

    Returns:
      Means with 95 % bootstrap intervals; a group without a face is None.

    Raises:
      InputError: If a map is finer than the evidence.
    """
    columns = _columns(heat_maps, evidence, images)
    groups = [columns[labels == label] for label in range(len(emotions))]
    return EvidenceOfMaps(
        grid=(heat_maps.shape[1], heat_maps.shape[2]),
        num_degenerate=int(is_degenerate(heat_maps).sum()),
        all=_summary(columns),
        correct=_summary(columns[correct]) if correct.any() else None,
        wrong=_summary(columns[~correct]) if not correct.all() else None,
        per_category={
            emotion: _summary(group) if len(group) else None
            for emotion, group in zip(emotions, groups, strict=True)
        },
    )


def _columns(
    heat_maps: Float[np.ndarray, "face rows columns"],
    evidence: Bool[np.ndarray, "face height width"],
    images: UInt8[np.ndarray, "face side side channel"],
) -> Float[np.ndarray, "face 5"]:
    """Per face: share, chance, centre Gaussian, edges, best cell."""
    grid = heat_maps.shape[1:]
    gaussian = np.broadcast_to(centre_gaussian(*grid), heat_maps.shape)
    return np.stack(
        [
            mass_on(heat_maps, evidence),
            area_share(evidence),
            mass_on(gaussian, evidence),
            mass_on(edges(images, *grid), evidence),
            best_cell(evidence, grid),
        ],
        axis=1,
    )


def _summary(columns: Float[np.ndarray, "face 5"]) -> EvidenceSummary:
    share, chance, gaussian, contrast, best = columns.T
    return EvidenceSummary(
        count=len(columns),
        share=float(share.mean()),
        share_interval_95=_interval(share),
        chance=float(chance.mean()),
        enrichment=float(share.mean() / chance.mean()) if chance.any() else None,
        above_chance=float((share > chance).mean()),
        over_chance_interval_95=_interval(share - chance),
        centre_gaussian=float(gaussian.mean()),
        over_centre_gaussian_interval_95=_interval(share - gaussian),
        edges=float(contrast.mean()),
        over_edges_interval_95=_interval(share - contrast),
        best_cell=float(best.mean()),
    )


def _interval(values: Float[np.ndarray, " face"]) -> Interval:
    return statistics.bootstrap_mean_interval(values)
