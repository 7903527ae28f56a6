import shutil
from pathlib import Path

import pytest

from data_prep.affectnet import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from tests.raw_affectnet import WORDS, make_affectnet_faces, write_repack

FACES = make_affectnet_faces(tuple(WORDS))


def read(raw: Path) -> list[FaceRecord]:
    return [record for record in read_records(raw) if isinstance(record, FaceRecord)]


def skipped(raw: Path) -> list[SkippedImage]:
    return [record for record in read_records(raw) if isinstance(record, SkippedImage)]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_repack(tmp_path / "raw", FACES)
    return tmp_path / "raw"


def test_label_of_the_csv_goes_before_the_folder(raw: Path) -> None:
    records = read(raw)
    assert [record.emotion for record in records] == [face.emotion for face in FACES]
    assert records[0].file_name == "fear/image0000000.jpg"
    assert (records[0].emotion, records[0].part) == ("anger", "whole")


def test_confidence_comes_with_the_face(raw: Path) -> None:
    assert [record.attributes for record in read(raw)[:2]] == [
        {"relFCs": "0.870000"},
        {"relFCs": "0.870001"},
    ]


@pytest.mark.parametrize("header", [", pth , label ,relFCs", "id,PTH,Label,relfcs"])
def test_header_may_have_spaces_and_another_case(tmp_path: Path, header: str) -> None:
    write_repack(tmp_path, FACES, header=header)
    assert len(read(tmp_path)) == len(FACES)


def test_upper_case_folders_and_extensions_are_found(raw: Path) -> None:
    for folder in [path for path in raw.iterdir() if path.is_dir()]:
        folder.rename(raw / folder.name.title())
    for path in list(raw.rglob("*.jpg")):
        path.rename(path.with_suffix(".JPG"))
    assert len(read(raw)) == len(FACES)


def test_train_and_test_folders_are_the_parts_with_one_csv_or_two(tmp_path: Path) -> None:
    write_repack(tmp_path / "one", FACES, folders=True)
    for part in ("train", "test"):
        faces = [face for face in FACES if face.part == part]
        write_repack(tmp_path / "two" / part.title(), faces)
    for raw in (tmp_path / "one", tmp_path / "two"):
        records = read(raw)
        assert {(record.usage, record.part) for record in records} == {
            ("Train", "train"),
            ("Test", "test"),
        }
        assert sorted(r.emotion for r in records) == sorted(face.emotion for face in FACES)


def test_unlisted_and_absent_images_are_skipped(raw: Path) -> None:
    shutil.copy(raw / "fear" / "image0000000.jpg", raw / "fear" / "new.jpg")
    (raw / "contempt" / "image0000001.jpg").unlink()
    reasons = {image.file_name: image.reason for image in skipped(raw)}
    assert set(reasons) == {"fear/new.jpg", "contempt/image0000001.jpg"}
    assert reasons["contempt/image0000001.jpg"].startswith("labels.csv line 3 lists contempt/")
    assert reasons["fear/new.jpg"] == "fear/new.jpg is not listed in labels.csv"
    assert len(read(raw)) == len(FACES) - 1


def test_images_that_are_all_absent_are_one_error(raw: Path) -> None:
    for folder in [path for path in raw.iterdir() if path.is_dir()]:
        shutil.rmtree(folder)
    with pytest.raises(
        InputError, match=rf"none of the {len(FACES)} images that labels\.csv lists"
    ):
        read(raw)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("jpg,contempt,", "jpg,7,", r"labels\.csv line 3: label '7' must be contempt or"),
        ("jpg,contempt,", "jpg,none,", r"line 3: label 'none' must be contempt or"),
        ("jpg,contempt,", "jpg,", r"line 3 holds 3 columns, the header holds 4"),
        ("0.870001", "sure", r"line 3: 'sure' must be a number"),
        (
            "contempt/image0000001",
            "fear/image0000000",
            r"line 3 lists fear/image0000000\.jpg again",
        ),
        ("jpg,contempt,", 'jpg,"contempt,', r"labels\.csv line 3 opens a quote and does not close"),
        (",pth,", ",path,", r"labels\.csv line 1: the header must name the column pth once"),
    ],
)
def test_wrong_row_is_one_line_naming_file_and_row(
    raw: Path, old: str, new: str, message: str
) -> None:
    edit(raw / "labels.csv", old, new)
    with pytest.raises(InputError, match=message) as error:
        read(raw)
    assert "\n" not in str(error.value)


def test_row_that_is_not_utf8_is_named(raw: Path) -> None:
    path = raw / "labels.csv"
    path.write_bytes(path.read_bytes().replace(b"contempt,0", b"c\xf4ntempt,0"))
    with pytest.raises(InputError, match=r"labels\.csv line 3 is not UTF-8 text"):
        read(raw)


def test_image_under_train_and_test_alike_is_refused(tmp_path: Path) -> None:
    write_repack(tmp_path, FACES, folders=True)
    shutil.copytree(tmp_path / "Train" / "fear", tmp_path / "Test" / "fear", dirs_exist_ok=True)
    with pytest.raises(InputError, match=r"Train/fear/.* is there twice, also as .*Test/fear/"):
        read(tmp_path)


def test_two_label_files_for_one_image_are_refused(tmp_path: Path) -> None:
    write_repack(tmp_path, FACES, folders=True)
    shutil.copy(tmp_path / "labels.csv", tmp_path / "Train" / "labels.csv")
    with pytest.raises(InputError, match=r"lists Train/.* again, after"):
        read(tmp_path)
