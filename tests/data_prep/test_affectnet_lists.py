import shutil
from pathlib import Path

import numpy as np
import pytest

from data_prep.affectnet import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box
from tests.raw_affectnet import COLUMNS, make_affectnet_faces, write_lists

FACES = make_affectnet_faces()
IMAGES = "Manually_Annotated_Images"
TRAINING = "Manually_Annotated_file_lists/training.csv"
VALIDATION = "Manually_Annotated_file_lists/validation.csv"


def read(raw: Path) -> list[FaceRecord]:
    return [record for record in read_records(raw) if isinstance(record, FaceRecord)]


def skipped(raw: Path) -> list[SkippedImage]:
    return [record for record in read_records(raw) if isinstance(record, SkippedImage)]


def edit_first_row(path: Path, column: str, text: str, *, header: bool = True) -> None:
    lines = path.read_text().splitlines()
    cells = lines[header].split(",")
    cells[COLUMNS.index(column)] = text
    lines[header] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_lists(tmp_path / "raw", FACES)
    return tmp_path / "raw"


@pytest.mark.parametrize(
    "headers", [(), ("training",), ("validation",), ("training", "validation")]
)
def test_lists_may_have_a_header_or_none(tmp_path: Path, headers: tuple[str, ...]) -> None:
    write_lists(tmp_path, FACES, headers=headers)
    records = read(tmp_path)
    assert [record.file_name for record in records] == [face.listed_path for face in FACES]
    assert [record.emotion for record in records] == [face.emotion for face in FACES]
    assert {(r.usage, r.part) for r in records} == {("training", "train"), ("validation", "test")}


def test_header_may_have_spaces_and_another_case(tmp_path: Path) -> None:
    columns = [f" {column.upper()} " for column in COLUMNS]
    write_lists(tmp_path, FACES, columns=columns)
    assert len(read(tmp_path)) == len(FACES)


def test_lists_saved_by_a_spreadsheet_are_read_the_same(raw: Path) -> None:
    expected = [record.file_name for record in read(raw)]
    for name in (TRAINING, VALIDATION):
        text = (raw / name).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        (raw / name).write_bytes(b"\xef\xbb\xbf" + text)
    assert [record.file_name for record in read(raw)] == expected


def test_box_landmarks_valence_and_arousal_come_with_the_face(raw: Path) -> None:
    for record, face in zip(read(raw), FACES, strict=True):
        assert record.box == Box.from_corners(5, 6, 55, 46)
        np.testing.assert_array_equal(record.landmarks, np.float32(face.landmarks()))
        assert record.attributes == {"valence": str(face.valence), "arousal": str(face.arousal)}


@pytest.mark.parametrize("word", ["", "NULL", "nan"])
def test_what_was_not_measured_is_left_out(raw: Path, word: str) -> None:
    for column in COLUMNS:
        if column not in ("subDirectory_filePath", "expression"):
            edit_first_row(raw / TRAINING, column, word)
    record = read(raw)[0]
    assert (record.box, record.landmarks, record.attributes) == (None, None, {})


def test_absent_images_are_skipped_with_their_row(raw: Path) -> None:
    (raw / IMAGES / FACES[1].listed_path).unlink()
    [image] = skipped(raw)
    assert image.file_name == FACES[1].listed_path
    assert image.reason.startswith(f"{TRAINING} line 3 lists {FACES[1].listed_path}, which")
    assert len(read(raw)) == len(FACES) - 1


def test_images_that_are_all_absent_are_one_error(raw: Path) -> None:
    shutil.rmtree(raw / IMAGES)
    with pytest.raises(InputError, match=rf"none of the {len(FACES)} images that {TRAINING} lists"):
        read(raw)


def test_image_in_neither_list_is_skipped(raw: Path) -> None:
    shutil.copy(raw / IMAGES / FACES[0].listed_path, raw / IMAGES / "1" / "new.jpg")
    assert [image.file_name for image in skipped(raw)] == ["1/new.jpg"]


def test_one_list_of_the_two_is_enough(raw: Path) -> None:
    (raw / TRAINING).unlink()
    assert {record.part for record in read(raw)} == {"test"}
    assert not skipped(raw)


def test_name_that_leads_out_of_the_download_is_only_an_absent_image(raw: Path) -> None:
    edit_first_row(raw / TRAINING, COLUMNS[0], "../../../etc/passwd")
    assert "../../../etc/passwd" in [image.file_name for image in skipped(raw)]


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("expression", "11", r"line 2: category '11' must be 0 neutral"),
        ("expression", "happy", r"line 2: category 'happy' must be"),
        ("expression", "1,2", r"line 2 holds 10 columns, must hold 9"),
        ("face_x", "left", r"line 2: 'left' must be a number"),
        ("face_x", "NULL", r"line 2: 'NULL' must be a number"),
        ("facial_landmarks", "1;2;3", r"line 2 holds 3 coordinates of landmarks"),
        ("facial_landmarks", "1;x", r"line 2: 'x' must be a number"),
        ("valence", "high", r"line 2: 'high' must be a number"),
        ("subDirectory_filePath", FACES[1].listed_path, r"line 3 lists 2/0+1\.jpg again"),
        ("subDirectory_filePath", "1/\udce9.jpg", r"line 2 is not UTF-8 text"),
    ],
)
def test_wrong_row_is_one_line_naming_file_and_row(
    raw: Path, column: str, text: str, message: str
) -> None:
    path = raw / TRAINING
    edit_first_row(path, column, text.replace("\udce9", "BYTE"))
    path.write_bytes(path.read_bytes().replace(b"BYTE", b"\xe9"))
    with pytest.raises(InputError, match=rf"{TRAINING} {message}") as error:
        read(raw)
    assert "\n" not in str(error.value)


def test_row_without_a_header_counts_from_one(raw: Path) -> None:
    edit_first_row(raw / VALIDATION, "expression", "12", header=False)
    with pytest.raises(InputError, match=rf"{VALIDATION} line 1: category '12'"):
        read(raw)


def test_image_in_both_lists_is_refused(raw: Path) -> None:
    edit_first_row(raw / VALIDATION, COLUMNS[0], FACES[0].listed_path, header=False)
    with pytest.raises(InputError, match=rf"{VALIDATION} line 1 lists .* again"):
        read(raw)


def test_header_without_a_column_names_it(raw: Path) -> None:
    path = raw / TRAINING
    path.write_text(path.read_text().replace("expression", "label", 1))
    with pytest.raises(InputError, match=r"training\.csv line 1: .* column expression once"):
        read(raw)


def test_list_in_two_folders_is_refused(raw: Path) -> None:
    shutil.copy(raw / TRAINING, raw / "training.csv")
    with pytest.raises(InputError, match=r"training\.csv is there twice, also as"):
        read(raw)


def test_image_in_two_folders_is_refused(raw: Path) -> None:
    shutil.copytree(raw / IMAGES, raw / "copy" / IMAGES)
    with pytest.raises(InputError, match=rf"copy/{IMAGES}/.* is there twice, also as {IMAGES}"):
        read(raw)
