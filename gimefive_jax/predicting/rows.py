"""Rows of faces on disk: CSV, JSON and JSON lines, written one by one and read again."""

import csv
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TextIO

from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.json_records import from_json, to_json
from gimefive_jax.predicting.looking import Way
from gimefive_jax.predicting.predict import PredictedImage

NO_FACE, NOT_GIVEN = "no face found", "no box given"
NOTES: Mapping[Way, str] = MappingProxyType(
    {
        "found": "",
        "given": "box of your own",
        "crop": "crop of your own",
        "whole": "the image is the face",
    }
)
_PLACES = ("left", "top", "width", "height")
_WORDS = ("probabilities", "predicted", "note")
ABSTAINED = "abstained: the confidence is too low"


@dataclasses.dataclass(frozen=True)
class FaceRow:
    """What is written of one face, or of an image without one."""

    filepath: str
    face: int
    """Its number in the image and in the picture, from 1; 0 for an image without a face."""
    box: FaceBox | None = None
    """In pixels of the upright image."""
    detector_score: float | None = None
    """From 0 to 1; None where no detector has found the face."""
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Probability of each category."""
    probabilities: Literal["calibrated", "raw", ""] = ""
    """What these are; raw is the softmax of the logits. Empty for an image without a face."""
    predicted: str = ""
    """The most probable category; empty for an image without a face, and where the model abstains
    because its confidence is below the one that was asked for."""
    note: str = ""
    """How the face was come by, where no detector has found it, or that there is none."""
    crop: FaceBox | None = None
    """What was classified, in pixels of the image."""
    region_shares: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    """Of the positive evidence for the predicted category, by region; None without landmarks."""
    sentence: str = ""
    """Where the evidence lies, in words."""


RowWriter = Callable[[FaceRow], None]


def rows_of(image: PredictedImage) -> list[FaceRow]:
    """Gives the rows of an image: one for each face, or one that says that there is none.

    Args:
      image: The faces of an image file.
    """
    name = str(image.path)
    if not image.faces:
        return [FaceRow(name, 0, note=NOT_GIVEN if image.way == "given" else NO_FACE)]
    return [
        FaceRow(
            filepath=name,
            face=number,
            box=_rounded(face.box),
            detector_score=_short(face.score) if image.way == "found" else None,
            scores={
                emotion: _short(share)
                for emotion, share in zip(face.emotions, face.probabilities, strict=True)
            },
            probabilities="calibrated" if face.calibrated else "raw",
            predicted=face.predicted if face.is_sure else "",
            note="; ".join(filter(None, (NOTES[image.way], "" if face.is_sure else ABSTAINED))),
            crop=_rounded(face.crop),
            region_shares={
                region: None if (share := face.shares[f"share_{region}"]) is None else _short(share)
                for region in face.areas
            },
            sentence=face.sentence,
        )
        for number, face in enumerate(image.faces, start=1)
    ]


def csv_writer(file: TextIO, emotions: Sequence[str]) -> RowWriter:
    """Writes the first line of a table, and gives what writes a row; see `FaceRow`.

    Args:
      file: Open for text.
      emotions: Names of the categories, each a column.
    """
    writer = csv.writer(file, lineterminator="\n")
    head = ("filepath", "face", *_PLACES, "detector_score", *emotions, *_WORDS)
    writer.writerow(head)

    def write(row: FaceRow) -> None:
        box = [""] * 4 if row.box is None else dataclasses.astuple(row.box)
        score = "" if row.detector_score is None else row.detector_score
        scores = [row.scores.get(emotion, "") for emotion in emotions]
        words = (row.probabilities, row.predicted, row.note)
        cells = (row.filepath, row.face, *box, score, *scores, *words)
        writer.writerow([f"{one:.9g}" if isinstance(one, float) else one for one in cells])

    return write


def json_writer(file: TextIO, *, lines: bool) -> tuple[RowWriter, Callable[[], None]]:
    """Gives what writes a row as JSON, and what ends the file.

    Args:
      file: Open for text.
      lines: Whether each line is a row; else the file is one list.
    """
    written = 0

    def write(row: FaceRow) -> None:
        nonlocal written
        before = "" if lines else ",\n" if written else "[\n"
        file.write(before + json.dumps(to_json(row), allow_nan=False) + "\n" * lines)
        written += 1

    def end() -> None:
        if not lines:
            file.write("\n]\n" if written else "[]\n")

    return write, end


def read_rows(path: Path) -> list[FaceRow]:
    """Reads what `gimefive predict --out` wrote.

    Args:
      path: A file that ends in .csv, .json or .jsonl.

    Returns:
      The rows, in their order; those of a CSV file without what only JSON holds.

    Raises:
      InputError: The file cannot be read, or holds something else.
    """
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            if path.suffix == ".csv":
                return list(map(_from_cells, csv.DictReader(file)))
            values = map(json.loads, file) if path.suffix == ".jsonl" else iter(json.load(file))
            return [from_json(FaceRow, value) for value in values]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; check the path") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} holds no rows of faces ({error}); gimefive predict --out writes them anew"
        ) from error


def _kind(word: str) -> Literal["calibrated", "raw", ""]:
    return "calibrated" if word == "calibrated" else "raw" if word == "raw" else ""


def _from_cells(cells: Mapping[str, str]) -> FaceRow:
    known = ("filepath", "face", *_PLACES, "detector_score", *_WORDS)
    box = [cells[name] for name in _PLACES]
    score = cells["detector_score"]
    return FaceRow(
        filepath=cells["filepath"],
        face=int(cells["face"]),
        box=FaceBox(*map(float, box)) if any(box) else None,
        detector_score=float(score) if score else None,
        scores={name: float(cell) for name, cell in cells.items() if name not in known and cell},
        # Tables of earlier versions do not say what their probabilities are.
        probabilities=_kind(cells.get("probabilities", "")),
        predicted=cells["predicted"],
        note=cells["note"],
    )


def _short(number: float) -> float:
    """Nine significant digits name a float32 exactly."""
    return float(f"{number:.9g}")


def _rounded(box: FaceBox) -> FaceBox:
    return FaceBox(*(round(place, 2) for place in dataclasses.astuple(box)))
