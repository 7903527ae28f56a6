"""Faces of an evaluation's page: those of each confusion, wrong ones that are sure, unsure ones."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from gimefive_jax.data import Split
from gimefive_jax.evaluation.predictions import FacePredictions
from gimefive_jax.report.face_sheets import FaceSheet, corner, make_sheet
from gimefive_jax.report.templating import embed_jpeg

MOST_FACES = 6000
"""On a page, over all confusions: at 1.5 KB each they stay far below 25 MB."""
_CARDS, _CARD_SIDE = 24, 128


@dataclasses.dataclass(frozen=True)
class SmallFace:
    """A face on a sheet."""

    left: int
    top: int
    """Where it lies on the sheet, in pixels."""
    index: int
    """Row in the split, as in predictions.csv."""
    words: str
    """Its file name, and what else is told of it."""
    confidence: float


@dataclasses.dataclass(frozen=True)
class ConfusionCell:
    """Faces of one label with one prediction."""

    anchor: str
    label: str
    predicted: str
    count: int
    share: float
    """Of the faces with this label."""
    faces: tuple[SmallFace, ...]
    """The most confident first; not all of them where there are too many for a page."""
    sheet: FaceSheet

    @property
    def is_right(self) -> bool:
        """Whether the prediction is the label."""
        return self.label == self.predicted


@dataclasses.dataclass(frozen=True)
class FaceCard:
    """A face with what is said of it."""

    picture: str
    index: int
    file_name: str
    label: str
    predicted: str
    confidence: float
    label_probability: float


def confusion_cells(
    predictions: FacePredictions, split: Split, *, most_faces: int = MOST_FACES
) -> tuple[tuple[ConfusionCell, ...], ...]:
    """Gathers the faces of each confusion.

    Args:
      predictions: What the model says of the split's faces, in their order.
      split: The faces.
      most_faces: On all cells together; large cells are cut first.

    Returns:
      A row of cells for each label, a cell for each predicted category.
    """
    num_classes = len(predictions.emotions)
    counts = np.zeros((num_classes, num_classes), int)
    np.add.at(counts, (predictions.labels, predictions.predicted), 1)
    most = _most_per_cell(counts.ravel(), most_faces)
    return tuple(
        tuple(
            _make_cell(
                predictions, split, label, predicted, most=most, of_label=counts[label].sum()
            )
            for predicted in range(num_classes)
        )
        for label in range(num_classes)
    )


def confident_mistakes(predictions: FacePredictions, split: Split) -> tuple[FaceCard, ...]:
    """Gives the wrong predictions of greatest confidence, the surest first.

    Args:
      predictions: What the model says of the split's faces, in their order.
      split: The faces.
    """
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    confidence = predictions.shown.max(1)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return _cards(predictions, split, order[:_CARDS])


def least_certain(predictions: FacePredictions, split: Split) -> tuple[FaceCard, ...]:
    """Gives the faces whose two most probable categories are nearest to each other.

    Args:
      predictions: What the model says of the split's faces, in their order.
      split: The faces.
    """
    second, first = np.sort(predictions.shown, axis=1)[:, -2:].T
    return _cards(predictions, split, np.argsort(first - second, kind="stable")[:_CARDS])


def _most_per_cell(counts: Int[np.ndarray, " cell"], most_faces: int) -> int:
    """The largest number of faces a cell may show so that all show at most `most_faces`."""
    if counts.sum() <= most_faces:
        return int(counts.max(initial=0))
    low, high = 0, int(counts.max())
    while low < high:
        middle = (low + high + 1) // 2
        if np.minimum(counts, middle).sum() <= most_faces:
            low = middle
        else:
            high = middle - 1
    return low


def _make_cell(
    predictions: FacePredictions,
    split: Split,
    label: int,
    predicted: int,
    *,
    most: int,
    of_label: int,
) -> ConfusionCell:
    rows = np.flatnonzero((predictions.labels == label) & (predictions.predicted == predicted))
    confidence = predictions.shown[rows, predicted]
    order = np.argsort(-confidence, kind="stable")[:most]
    shown = rows[order]
    return ConfusionCell(
        anchor=f"cell-{label}-{predicted}",
        label=predictions.emotions[label],
        predicted=predictions.emotions[predicted],
        count=len(rows),
        share=len(rows) / of_label if of_label else 0.0,
        faces=tuple(
            SmallFace(
                *corner(number),
                index=int(predictions.index[row]),
                words=predictions.file_names[row],
                confidence=float(predictions.shown[row, predicted]),
            )
            for number, row in enumerate(shown)
        ),
        sheet=make_sheet(np.asarray(split.images[shown])),
    )


def _cards(
    predictions: FacePredictions, split: Split, rows: Sequence[int] | Int[np.ndarray, " row"]
) -> tuple[FaceCard, ...]:
    return tuple(
        FaceCard(
            picture=_picture(split.images[row]),
            index=int(predictions.index[row]),
            file_name=predictions.file_names[row],
            label=predictions.emotions[predictions.labels[row]],
            predicted=predictions.emotions[predictions.predicted[row]],
            confidence=float(predictions.shown[row].max()),
            label_probability=float(predictions.shown[row, predictions.labels[row]]),
        )
        for row in rows
    )


def _picture(face: UInt8[np.ndarray, "height width channel"]) -> str:
    image = Image.fromarray(face[..., 0] if face.shape[-1] == 1 else face).convert("RGB")
    large = image.resize((_CARD_SIDE, _CARD_SIDE), Image.Resampling.BICUBIC)
    return embed_jpeg(np.asarray(large))
