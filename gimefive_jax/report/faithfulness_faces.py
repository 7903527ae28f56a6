"""Faces of a faithfulness page: the mean face and map of each category, and single faces."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from gimefive_jax.data import Split
from gimefive_jax.explained.pictures import colour, overlay, scale_to_unit
from gimefive_jax.explanation.faithfulness.mass import as_mass
from gimefive_jax.faces import REGIONS, region_sentence, share_name
from gimefive_jax.faithfulness import MeasuredSplit
from gimefive_jax.faithfulness.regions import enrichment_name
from gimefive_jax.report.templating import embed_jpeg, embed_png

# Twice the size on the page, for sharp screens.
_SIDE = 192


@dataclasses.dataclass(frozen=True)
class CategoryFace:
    """Mean face and mean map of the faces that get one category."""

    emotion: str
    count: int
    face: str
    cells: str
    overlay: str


@dataclasses.dataclass(frozen=True)
class FaceCard:
    """One explained face."""

    file_name: str
    label: str
    predicted: str
    probability: float
    is_correct: bool
    face: str
    cells: str
    overlay: str
    sentence: str
    """Where its evidence lies; empty where no landmarks were found."""
    value: str
    """Of the metric by which it was chosen; empty where it was not."""


def category_faces(measured: MeasuredSplit, split: Split) -> list[CategoryFace]:
    """Gives the mean face and the mean of the shown map of each predicted category with faces.

    Args:
      measured: What was measured.
      split: The faces.
    """
    maps = measured.maps[0]
    found = []
    for label, emotion in enumerate(split.emotions):
        places = np.flatnonzero(measured.answers.predicted[maps.rows] == label)
        if not len(places):
            continue
        mean_map = np.asarray(as_mass(maps.heat_map[places])).mean(0)
        mean_face = np.asarray(split.images[maps.rows[places]]).mean(0).round().astype(np.uint8)
        face = _large(mean_face)
        found.append(
            CategoryFace(
                emotion=emotion,
                count=len(places),
                face=embed_jpeg(face),
                cells=embed_png(colour(scale_to_unit(mean_map))),
                overlay=embed_jpeg(overlay(face, mean_map)),
            )
        )
    return found


def face_cards(
    rows: Sequence[int], measured: MeasuredSplit, split: Split, *, metric: str = ""
) -> list[FaceCard]:
    """Gives cards of some faces with the shown map.

    Args:
      rows: Faces of the split that have the shown map.
      measured: What was measured.
      split: The faces.
      metric: Whose value is written on each card.
    """
    maps = measured.maps[0]
    heat_maps = [maps.of(np.array([row]))[0] for row in rows]
    return [
        _card(row, heat_map, measured, split, metric)
        for row, heat_map in zip(rows, heat_maps, strict=True)
    ]


def sentence(measured: MeasuredSplit, row: int, emotion: str) -> str:
    """Says where the evidence of one face lies.

    Args:
      measured: What was measured.
      row: The face.
      emotion: The explained category.

    Returns:
      Such as "62 % of the positive evidence for happiness lies in the mouth region, 2.1x its area";
      empty where its landmarks were not found.
    """
    columns = measured.table.columns.get(measured.maps[0].key, {})
    known = [region for region in REGIONS if share_name(region) in columns]
    return region_sentence(
        emotion,
        {region: float(columns[share_name(region)][row]) for region in known},
        {region: float(columns[enrichment_name(region)][row]) for region in known},
    )


def chosen_rows(measured: MeasuredSplit, metric: str, *, per_category: int) -> "ChosenRows":
    """Chooses faces for the page: by their order in the split, never by their looks.

    Args:
      measured: What was measured.
      metric: By which faces are most and least faithful; empty chooses none.
      per_category: Right faces of each category.
    """
    answers, rows = measured.answers, measured.maps[0].rows
    right: list[int] = []
    for label in np.unique(answers.label):
        of_it = rows[(answers.label[rows] == label) & answers.correct[rows]]
        right += of_it[:per_category].tolist()
    wrong = rows[~answers.correct[rows]][:8].tolist()
    values = measured.table.column(measured.maps[0].key, metric) if metric else None
    if values is None:
        return ChosenRows(tuple(right), tuple(wrong), (), ())
    known = np.flatnonzero(np.isfinite(values))
    better = measured.summary.metrics[metric].better
    order = known[np.argsort(values[known] * (-1 if better == "higher" else 1), kind="stable")]
    half = min(4, len(order) // 2)
    least = order[::-1][:half]
    return ChosenRows(tuple(right), tuple(wrong), tuple(order[:half].tolist()), tuple(least))


@dataclasses.dataclass(frozen=True)
class ChosenRows:
    """Rows of faces that a page shows."""

    right: tuple[int, ...]
    wrong: tuple[int, ...]
    most: tuple[int, ...]
    """The most faithful ones, best first."""
    least: tuple[int, ...]
    """The least faithful ones, worst first."""


def _card(
    row: int,
    heat_map: Float[np.ndarray, "rows columns"],
    measured: MeasuredSplit,
    split: Split,
    metric: str,
) -> FaceCard:
    answers, face = measured.answers, _large(split.images[row])
    predicted = split.emotions[answers.predicted[row]]
    values = measured.table.column(measured.maps[0].key, metric) if metric else None
    return FaceCard(
        file_name=split.file_names[row],
        label=split.emotions[answers.label[row]],
        predicted=predicted,
        probability=float(answers.probability[row]),
        is_correct=bool(answers.correct[row]),
        face=embed_jpeg(face),
        cells=embed_png(colour(scale_to_unit(heat_map))),
        overlay=embed_jpeg(overlay(face, heat_map)),
        sentence=sentence(measured, row, predicted),
        value="" if values is None else f"{values[row]:.3f}",
    )


def _large(pixels: UInt8[np.ndarray, "height width channel"]) -> UInt8[np.ndarray, "side side 3"]:
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")
    return np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
