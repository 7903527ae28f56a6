from collections import Counter
from pathlib import Path

import pytest

from data_prep.records import FaceRecord, SkippedImage
from data_prep.tfeid import read_records
from gimefive_jax.errors import InputError
from tests.raw_fer2013 import jpeg, make_pixels, zip_folder
from tests.raw_tfeid import LETTERS, SUBJECTS, make_tfeid_names, write_tfeid

NAMES = make_tfeid_names()
EXPECTED = Counter((subject, emotion) for subject in SUBJECTS for emotion in LETTERS.values())


def read(raw: Path) -> list[FaceRecord]:
    records = list(read_records(raw))
    assert not [record for record in records if isinstance(record, SkippedImage)]
    return [record for record in records if isinstance(record, FaceRecord)]


@pytest.mark.parametrize("suffix", [".jpg", ".JPG"])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_names_say_person_category_and_gender(tmp_path: Path, packed: bool, suffix: str) -> None:
    raw = tmp_path / "raw"
    write_tfeid(raw / "TFEID" / "images", make_tfeid_names(suffix=suffix))
    records = read(zip_folder(raw, tmp_path / "raw.zip") if packed else raw)
    assert Counter((record.subject, record.emotion) for record in records) == EXPECTED
    genders = {(record.subject, record.attributes["gender"]) for record in records}
    assert genders == {("f02", "female"), ("f11", "female"), ("m03", "male")}
    assert {(record.source, record.part) for record in records} == {("tfeid", "whole")}
    assert [record.file_name for record in records] == sorted(make_tfeid_names(suffix=suffix))


def test_folders_per_category_and_upper_case_names_are_read_too(tmp_path: Path) -> None:
    for name, seed in NAMES.items():
        write_tfeid(tmp_path / name[8], {name.upper(): seed})
    records = read(tmp_path)
    assert Counter((record.subject, record.emotion) for record in records) == EXPECTED


@pytest.mark.parametrize(
    "name", ["f02_dfh_qx.jpg", "f02_dfh_a.jpg", "x02_dfh_ax.jpg", "f_dfh_ax.jpg", "f02_dfs_ax.jpg"]
)
def test_image_of_another_name_is_named_with_the_rule(tmp_path: Path, name: str) -> None:
    write_tfeid(tmp_path, NAMES)
    (tmp_path / name).write_bytes(jpeg(make_pixels(0)))
    with pytest.raises(InputError, match=rf"{name} is not named as .* p surprise.*") as error:
        read(tmp_path)
    assert "\n" not in str(error.value)


def test_one_image_in_two_folders_is_refused(tmp_path: Path) -> None:
    write_tfeid(tmp_path / "a", NAMES)
    write_tfeid(tmp_path / "b", {"F02_DFH_AX.jpg": 0})
    with pytest.raises(InputError, match=r"b/F02_DFH_AX\.jpg is there twice, also as a/f02_dfh_ax"):
        read(tmp_path)


def test_broken_image_is_skipped(tmp_path: Path) -> None:
    write_tfeid(tmp_path, NAMES)
    (tmp_path / "f02_dfh_ax.jpg").write_bytes(b"")
    skipped = [record for record in read_records(tmp_path) if isinstance(record, SkippedImage)]
    assert [image.file_name for image in skipped] == ["f02_dfh_ax.jpg"]


def test_raw_without_images_says_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("no images")
    with pytest.raises(InputError, match=r"holds no image of TFEID, such as f02_dfh_ax\.jpg"):
        read(tmp_path)
