"""What becomes of records, whatever source they come from."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.fer2013 import Fer2013Options
from data_prep.own import OwnOptions
from data_prep.prepare import prepare_request
from data_prep.records import FaceRecord, SkippedImage, make_record
from data_prep.source import Request
from data_prep.sources import options_for
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box
from tests.data_prep.made_up import MadeUp, face, faces


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MadeUp:
    return MadeUp(monkeypatch, tmp_path)


def test_a_test_part_is_carved_where_there_is_none(made_up: MadeUp) -> None:
    prepared = made_up.prepare(faces(600))
    sizes = {name: sum(counts.values()) for name, counts in prepared.counts.items()}
    assert sizes == {"train": 432, "validation": 48, "test": 120, "test_deduplicated": 120}


def test_an_official_test_part_is_left_alone(made_up: MadeUp) -> None:
    records = [*faces(60, part="train"), *(face(i, part="test") for i in range(100, 112))]
    prepared = made_up.prepare(records)
    assert sum(prepared.counts["test"].values()) == 12
    assert set(made_up.open("test").file_names) == {f"{i}.png" for i in range(100, 112)}


def test_everything_a_source_says_comes_back_by_row(made_up: MadeUp) -> None:
    records = faces(120)
    special = face(
        1000,
        part="whole",
        subject="S7",
        votes={"fear": 3.0, "anger": 1.0},
        landmarks=np.array([[1, 2], [3, 4]]),
        attributes={"gender": "female"},
        size=(40, 60),
        box=Box.from_corners(10, 5, 30, 25),
    )
    made_up.prepare([*records, special])
    splits = [made_up.open(name) for name in ("train", "validation", "test")]
    [split] = [split for split in splits if "1000.png" in set(split.file_names)]
    row = list(split.file_names).index("1000.png")
    other = (row + 1) % len(split)
    extras = split.extras
    assert [extras["subject"][i] for i in (row, other)] == [b"S7", b""]
    assert json.loads(extras["attributes"][row]) == {"gender": "female"}
    assert extras["box"][[row, other]].tolist() == [[10, 5, 30, 25], [-1, -1, -1, -1]]
    # In pixels of the face: its box of 20 pixels is drawn on 32.
    wanted = (np.array([[1, 2], [3, 4]]) - (10, 5)) * 32 / 20
    np.testing.assert_allclose(extras["landmarks"][row], wanted, rtol=1e-6)
    assert np.isnan(extras["landmarks"][other]).all()
    assert extras["votes"][[row, other]].tolist() == [[3, 1], [0, 0]]
    assert extras["pixel_sha256"][row].tobytes().hex() == special.pixel_sha256


def test_a_face_is_cut_out_by_its_box(made_up: MadeUp) -> None:
    box = Box.from_corners(10, 5, 30, 25)
    made_up.prepare([face(i, size=(40, 60), box=box) for i in range(120)])
    train = made_up.open("train")
    with Image.open(io.BytesIO(face(int(train.file_names[0][:-4]), size=(40, 60)).image)) as image:
        wanted = {
            "box": box.cut(image).resize((32, 32), Image.Resampling.BILINEAR),
            "whole": image.resize((32, 32), Image.Resampling.BILINEAR),
        }
    for crop, pixels in wanted.items():
        found = made_up.open("train", crop=crop).images[0, :, :, 0]
        np.testing.assert_array_equal(found, np.asarray(pixels))


def test_a_box_beside_the_image_is_named() -> None:
    file = io.BytesIO()
    Image.new("L", (10, 10)).save(file, "PNG")
    record = make_record(
        file.getvalue(),
        emotion="fear",
        file_name="a.png",
        source="made_up",
        usage="",
        part="train",
        box=Box.from_corners(20, 20, 30, 30),
    )
    assert record == SkippedImage("a.png", "a.png: its face box holds nothing of the image")


def test_other_categories_are_counted_and_left_out(made_up: MadeUp) -> None:
    prepared = made_up.prepare([*faces(60), face(90, emotion="contempt")])
    assert prepared.left_out == {"contempt": 1}


def exclusion_list(path: Path, records: Iterable[FaceRecord]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "pixel_sha256", "reason"])
        writer.writerows([r.file_name, r.pixel_sha256, "blank"] for r in records)
    return path


def test_excluded_faces_leave_train_and_validation_and_move_no_other(
    made_up: MadeUp, tmp_path: Path
) -> None:
    records = faces(120)
    parts = ("train", "validation", "test")
    before = made_up.prepare(records)
    names = {part: list(made_up.open(part).file_names) for part in parts}
    gone = {*names["train"][:5], *names["validation"][:2]}
    listed = exclusion_list(tmp_path / "x.csv", [r for r in records if r.file_name in gone])
    prepared = made_up.prepare(records, exclude=listed)
    assert (before.excluded, prepared.excluded) == (0, 7)
    assert not prepared.already_prepared
    for part in parts:
        wanted = [name for name in names[part] if name not in gone]
        assert list(made_up.open(part).file_names) == wanted


def test_a_list_that_names_a_test_face_is_refused(made_up: MadeUp, tmp_path: Path) -> None:
    records = faces(120)
    made_up.prepare(records)
    tested = set(made_up.open("test").file_names)
    listed = exclusion_list(tmp_path / "x.csv", [r for r in records if r.file_name in tested])
    with pytest.raises(InputError, match=r"such faces\), which lies in test; no face is left out"):
        made_up.prepare(records, exclude=listed)


def test_a_list_of_seven_categories_serves_six(made_up: MadeUp, tmp_path: Path) -> None:
    records = [*faces(60, part="train"), face(90, emotion="neutral", part="train")]
    listed = exclusion_list(tmp_path / "x.csv", [records[3], records[60]])
    prepared = made_up.prepare(records, exclude=listed)
    assert (prepared.excluded, prepared.left_out) == (1, {"neutral": 1})


def test_an_exclusion_list_of_another_download_is_refused(made_up: MadeUp, tmp_path: Path) -> None:
    listed = exclusion_list(tmp_path / "x.csv", [face(7)])
    other = [face(i + 1000) for i in range(60)]
    with pytest.raises(InputError, match=r"lists 7\.png \(1 such faces\), which the download"):
        made_up.prepare(other, exclude=listed)
    listed.write_text(listed.read_text().replace(face(7).pixel_sha256, "0" * 64))
    with pytest.raises(InputError, match=r"lists 7\.png with other pixels"):
        made_up.prepare(faces(60), exclude=listed)
    for text in ("name\n7.png\n", "name\n", ""):
        listed.write_text(text)
        with pytest.raises(InputError, match="must have the columns file_name, pixel_sha256, r"):
            made_up.prepare(faces(60), exclude=listed)
    with pytest.raises(InputError, match=r"no exclusion list at .*nowhere\.csv; `gimefive data au"):
        made_up.prepare(faces(60), exclude=tmp_path / "nowhere.csv")


def test_an_exclusion_list_that_a_spreadsheet_saved_is_read(
    made_up: MadeUp, tmp_path: Path
) -> None:
    records = faces(60, part="train")
    listed = exclusion_list(tmp_path / "x.csv", records[:1])
    listed.write_bytes(b"\xef\xbb\xbf" + listed.read_bytes())
    assert made_up.prepare(records, exclude=listed).excluded == 1
    listed.write_text("file_name,pixel_sha256,reason\n")
    assert made_up.prepare(records, exclude=listed).excluded == 0


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request("gimefive", raw=Path("x")), "gimefive is read from no download"),
        (
            Request("raf_db", raw=Path("x"), options=Fer2013Options()),
            "raf_db takes Options, not Fer2013Options",
        ),
        (
            Request("fer2013", raw=Path("x"), options=Fer2013Options(labels="votes")),
            "give it with --ferplus",
        ),
        (Request("fer2013", "eight", raw=Path("x")), "contempt, .* --labels votes"),
        (
            Request("folders", raw=Path("x"), options=OwnOptions(("bored", "keen"))),
            "bored, keen are for the variant 'own', not 'six'",
        ),
        (
            Request("table", "own", raw=Path("x"), options=OwnOptions(("keen", "keen"))),
            "keen, keen must be two or more different names",
        ),
        (Request("drawn_faces", exclude=Path("x")), "drawn_faces takes no exclusion list"),
        (Request("folders", raw=Path("x"), set_name="My Set"), "name 'My Set' must be of small"),
        (Request("folders", raw=Path("x"), set_name="raf_db"), "is another data set's"),
    ],
)
def test_what_does_not_go_together_is_refused(
    request_: Request, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        prepare_request(request_, data_dir=tmp_path)


@pytest.mark.parametrize(
    ("name", "option", "owner"),
    [
        ("raf_db", "ferplus", "fer2013"),
        ("fer2013", "members", "gimefive"),
        ("fer2013", "categories", "folders, table"),
        ("folders", "num_train", "drawn_faces"),
    ],
)
def test_an_option_of_another_source_is_refused(name: str, option: str, owner: str):
    flag = f"--{option.replace('_', '-')}"
    with pytest.raises(InputError, match=f"{flag} is for {owner}, not for {name}"):
        options_for(name, {option: "x"})
