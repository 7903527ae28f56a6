from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from data_prep.emotion_folders import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from tests.raw_fer2013 import EMOTIONS, jpeg, make_pixels, zip_folder
from tests.raw_folders import write_emotion_folders


def read(raw: Path, **options: str) -> list[FaceRecord]:
    records = list(read_records(raw, **options))
    assert all(isinstance(record, FaceRecord) for record in records)
    return records


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("top", ["", "archive/faces/"])
def test_folders_without_parts_are_one_whole(tmp_path: Path, top: str, packed: bool) -> None:
    number = write_emotion_folders(tmp_path / "raw" / top)
    raw = zip_folder(tmp_path / "raw", tmp_path / "raw.zip") if packed else tmp_path / "raw"
    records = read(raw)
    assert Counter(record.emotion for record in records) == dict.fromkeys(EMOTIONS, 2)
    assert {(record.part, record.usage) for record in records} == {("whole", "")}
    assert len({record.file_name for record in records}) == number
    assert records[0].file_name == "anger/0.jpg"
    assert records[0].source == "folders"


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (("train", "test"), {"train": "train", "test": "test"}),
        (("Training", "TESTING"), {"Training": "train", "TESTING": "test"}),
        (("train", "valid"), {"train": "train", "valid": "test"}),
        (
            ("training", "validation", "test"),
            {"training": "train", "validation": "train", "test": "test"},
        ),
    ],
)
def test_validation_is_test_only_where_there_is_no_other(
    tmp_path: Path, parts: Sequence[str], wanted: dict[str, str]
) -> None:
    number = write_emotion_folders(tmp_path / "set", parts=parts)
    records = read(tmp_path)
    assert len(records) == number
    assert {record.usage: record.part for record in records} == wanted
    assert f"{parts[0]}/anger/0.jpg" in {record.file_name for record in records}


def test_synonyms_are_understood_and_words_outside_the_variants_kept(tmp_path: Path) -> None:
    names = ["Happy", "SURPRISED", "sad", "angry", "disgusted", "Fearful", "neutral", "contempt"]
    write_emotion_folders(tmp_path, names=names)
    assert {record.emotion for record in read(tmp_path)} == {*EMOTIONS, "contempt"}


def test_the_caller_may_name_the_source(tmp_path: Path) -> None:
    write_emotion_folders(tmp_path)
    assert {record.source for record in read(tmp_path, source="kdef")} == {"kdef"}


@pytest.mark.parametrize(
    ("parts", "stray", "message"),
    [
        ((), "bored/1.jpg", r"folder bored: 'bored' is not an expression category; .*rename it"),
        ((), "1.jpg", r"^1\.jpg lies in none of the folders"),
        ((), "happiness/more/1.jpg", r"^happiness/more/1\.jpg lies in none of"),
        (("train", "test"), "train/hapy/1.jpg", r"folder train/hapy: 'hapy' is not"),
        (("train", "test"), "extra/happy/1.jpg", r"folder extra holds images, but its name is no"),
        (("train", "test"), "test/1.jpg", r"^test/1\.jpg lies in none of"),
        (
            ("set/train", "set/test"),
            "more/train/happy/1.jpg",
            r"^set/test/anger/0\.jpg lies outside the folder more/",
        ),
    ],
)
def test_an_image_without_a_category_is_named(
    tmp_path: Path, parts: Sequence[str], stray: str, message: str
) -> None:
    write_emotion_folders(tmp_path, parts=parts)
    (tmp_path / stray).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / stray).write_bytes(jpeg(make_pixels(0)))
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path)
    assert "\n" not in str(error.value)


def test_files_that_are_no_images_are_no_matter(tmp_path: Path) -> None:
    number = write_emotion_folders(tmp_path)
    (tmp_path / "LICENSE.txt").write_text("yours")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "paper.pdf").write_bytes(b"%PDF")
    (tmp_path / "anger" / "Thumbs.db").write_bytes(b"x")
    assert len(read(tmp_path)) == number


def test_a_broken_image_is_skipped_by_its_path(tmp_path: Path) -> None:
    number = write_emotion_folders(tmp_path)
    (tmp_path / "fear" / "0.jpg").write_bytes(b"no image")
    records = list(read_records(tmp_path))
    [skipped] = [record for record in records if isinstance(record, SkippedImage)]
    assert (skipped.file_name, len(records)) == ("fear/0.jpg", number)


def test_a_folder_without_such_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(jpeg(make_pixels(0)))
    with pytest.raises(InputError, match=r"holds no images in folders <emotion>/<image> or"):
        read(tmp_path)
