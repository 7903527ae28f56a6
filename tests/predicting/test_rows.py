import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.predicting import FaceRow, PredictedImage, SceneFace, read_rows, rows_of
from gimefive_jax.predicting.looking import Way
from gimefive_jax.predicting.rows import csv_writer, json_writer


def _image(way: Way, count: int) -> PredictedImage:
    shares = np.linspace(0.3, 0.05, len(EMOTIONS), dtype=np.float32)
    face = SceneFace(
        box=FaceBox(1.25, 2.0, 30.123456, 40.0),
        score=0.87654321,
        crop=FaceBox(0.0, 1.0, 44.0, 44.0),
        pixels=np.zeros((8, 8, 3), np.uint8),
        logits=shares,
        probabilities=shares,
        emotions=EMOTIONS,
        predicted=EMOTIONS[0],
        heat_map=np.ones((2, 2), np.float32),
        shares={"share_mouth": 0.6, "share_rest": None},
        areas={"mouth": 0.2, "rest": None},
    )
    return PredictedImage(Path("a, b.jpg"), np.zeros((80, 90, 3), np.uint8), way, (face,) * count)


IMAGES = [_image("found", 2), _image("found", 0), _image("given", 1), _image("given", 0)]
ROWS = [row for image in IMAGES for row in rows_of(image)]


def test_each_face_is_a_row_and_an_image_without_one_says_so():
    assert [(row.face, row.note) for row in ROWS] == [
        (1, ""),
        (2, ""),
        (0, "no face found"),
        (1, "box of your own"),
        (0, "no box given"),
    ]
    assert [row.detector_score for row in ROWS] == [0.87654321, 0.87654321, None, None, None]
    assert ROWS[0].box == FaceBox(1.25, 2.0, 30.12, 40.0)
    assert ROWS[0].region_shares == {"mouth": 0.6, "rest": None}
    assert "mouth region, 3.0× its area" in ROWS[0].sentence
    assert np.float32(ROWS[0].scores["happiness"]) == np.float32(0.3)


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_json_reads_back_as_it_was_written(name: str, tmp_path: Path):
    for rows in (ROWS, []):
        with (tmp_path / name).open("w") as file:
            write, end = json_writer(file, lines=name.endswith("l"))
            for row in rows:
                write(row)
            end()
        assert read_rows(tmp_path / name) == rows
    if name == "rows.json":
        assert json.loads((tmp_path / name).read_text()) == []


def test_csv_reads_back_but_for_what_only_json_holds(tmp_path: Path):
    with (tmp_path / "rows.csv").open("w") as file:
        write = csv_writer(file, EMOTIONS)
        for row in ROWS:
            write(row)
    for found, row in zip(read_rows(tmp_path / "rows.csv"), ROWS, strict=True):
        assert found == FaceRow(
            **{
                name: getattr(row, name)
                for name in ("filepath", "face", "box", "detector_score", "scores")
            },
            probabilities=row.probabilities,
            predicted=row.predicted,
            note=row.note,
        )


def test_a_table_of_an_earlier_version_does_not_say_what_its_probabilities_are(tmp_path: Path):
    text = "filepath,face,left,top,width,height,detector_score,fear,predicted,note\n"
    (tmp_path / "a.csv").write_text(text + "a.jpg,1,,,,,,0.9,fear,\n")
    [row] = read_rows(tmp_path / "a.csv")
    assert (row.scores, row.probabilities, row.predicted) == ({"fear": 0.9}, "", "fear")


def test_a_face_that_is_not_sure_has_no_category_and_a_note():
    image = _image("given", 1)
    unsure = dataclasses.replace(image.faces[0], is_sure=False, calibrated=True)
    [row] = rows_of(dataclasses.replace(image, faces=(unsure,)))
    assert (row.predicted, row.note) == (
        *("", "box of your own; abstained: the confidence is too low"),
    )
    assert row.scores == ROWS[3].scores
    assert (row.probabilities, ROWS[3].probabilities, ROWS[2].probabilities) == (
        *("calibrated", "raw", ""),
    )


def test_what_holds_no_rows_is_refused_in_a_line(tmp_path: Path):
    for name, text in [("a.json", "{"), ("b.csv", "a,b\n1,2\n"), ("c.jsonl", "[1]\n")]:
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=f"{name} holds no rows of faces"):
            read_rows(tmp_path / name)
    with pytest.raises(InputError, match="check the path"):
        read_rows(tmp_path / "missing.csv")
