from pathlib import Path

import pytest

from data_prep.expw import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box, decode, hash_pixels
from tests.raw_expw import make_faces, write_expw
from tests.raw_fer2013 import zip_folder

FACES = make_faces()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_expw(tmp_path / "ExpW", FACES)
    return tmp_path / "ExpW"


def read(raw: Path) -> list[FaceRecord]:
    records = list(read_records(raw))
    assert all(isinstance(record, FaceRecord) for record in records)
    return records


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize(
    ("label_file", "images"),
    [
        ("label/label.lst", "image/origin"),
        ("label.lst", "origin"),
        ("label.lst", "image/origin"),
        ("data/label/label.lst", "data/image"),
        ("label.lst", "."),
    ],
)
def test_every_place_of_the_images_yields_the_same_faces(
    tmp_path: Path, label_file: str, images: str, packed: bool
) -> None:
    write_expw(tmp_path / "raw", FACES, label_file=label_file, images=images)
    raw = zip_folder(tmp_path / "raw", tmp_path / "raw.zip") if packed else tmp_path / "raw"
    records = read(raw)
    assert [(r.file_name, r.emotion, r.box) for r in records] == [
        (f"{face.image_name}#{face.face_id}", face.emotion, Box.from_corners(*face.box))
        for face in FACES
    ]
    assert {record.part for record in records} == {"whole"}
    assert {record.source for record in records} == {"expw"}
    assert {record.attributes["confidence"] for record in records} == {"45.1837"}


def test_pixels_are_hashed_within_the_box_and_the_file_is_kept_whole(raw: Path) -> None:
    first, second, *_ = read(raw)
    assert first.image == second.image == (raw / "image/origin" / FACES[0].image_name).read_bytes()
    face = decode(first.image).crop(FACES[0].box)
    assert face.size == (30, 35)
    assert first.pixel_sha256 == hash_pixels(face) != second.pixel_sha256


def test_an_image_name_may_hold_spaces(tmp_path: Path) -> None:
    faces = [type(face)("an angry man.jpg", n, face.box, "anger") for n, face in enumerate(FACES)]
    write_expw(tmp_path, faces)
    assert read(tmp_path)[3].file_name == "an angry man.jpg#3"


def test_an_absent_image_is_skipped_once_and_the_rest_is_read(raw: Path) -> None:
    (raw / "image/origin" / FACES[0].image_name).unlink()
    skipped, *rest = read_records(raw)
    assert isinstance(skipped, SkippedImage)
    assert skipped.file_name == FACES[0].image_name
    assert "is listed in label.lst, but" in skipped.reason
    assert len(rest) == len(FACES) - 2


def test_a_broken_image_is_skipped_face_by_face_and_the_rest_is_read(raw: Path) -> None:
    (raw / "image/origin" / FACES[0].image_name).write_text("no image")
    first, second, *rest = read_records(raw)
    assert [first.file_name[-2:], second.file_name[-2:]] == ["#0", "#1"]
    assert all(isinstance(record, SkippedImage) for record in (first, second))
    assert all(isinstance(record, FaceRecord) for record in rest)


def test_no_image_at_all_is_one_line_with_the_mend(raw: Path) -> None:
    for path in (raw / "image/origin").iterdir():
        path.unlink()
    with pytest.raises(InputError, match=r"none of the 7 images .* happiness_actor_0\.jpg; unpack"):
        read(raw)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x.jpg 0 1 2 3 4 50.0 7", r"line 15: category '7' must be 0 anger, 1 disgust"),
        ("x.jpg 0 1 2 3 50.0 6", r"line 15 must hold `image_name face_id top left right bottom"),
        ("x.jpg 0 1 2 three 4 50.0 6", r"line 15 must hold numbers"),
        ("happiness_actor_0.jpg 1 1 2 3 4 50.0 6", r"line 15 lists face 1 of happiness_a.* again"),
    ],
)
def test_a_wrong_line_is_named(raw: Path, line: str, message: str) -> None:
    with (raw / "label/label.lst").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=message) as error:
        read(raw)
    assert "\n" not in str(error.value)


def test_a_name_that_leads_out_of_the_download_is_only_an_absent_image(
    tmp_path: Path, raw: Path
) -> None:
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    with (raw / "label/label.lst").open("a") as file:
        file.write("../../../outside.jpg 0 1 2 3 4 50.0 6\n")
    *rest, last = read_records(raw)
    assert isinstance(last, SkippedImage)
    assert last.file_name == "../../../outside.jpg"
    assert len(rest) == len(FACES)


def test_a_download_without_the_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no label\.lst.*ExpW has exactly one"):
        read(tmp_path)
