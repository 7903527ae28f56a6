import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_prep.raf_db import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box
from tests.raw_fer2013 import jpeg, make_pixels, zip_folder
from tests.raw_raf_db import LANDMARKS, make_raf_faces, write_basic, write_mirror

FACES = make_raf_faces()
EXPECTED = Counter((face.part, face.emotion) for face in FACES)
WRITERS: dict[str, Callable[[Path], None]] = {
    "both": lambda root: write_basic(root, FACES),
    "aligned": lambda root: write_basic(root, FACES, images=["aligned"], annotated=False),
    "original": lambda root: write_basic(root, FACES, images=["original"], separator=" "),
    "mirror": lambda root: write_mirror(root, FACES),
    "mirror-with-labels": lambda root: write_mirror(root, FACES, labels=True),
}


def read(raw: Path) -> list[FaceRecord]:
    records = list(read_records(raw))
    assert not [record for record in records if isinstance(record, SkippedImage)]
    return [record for record in records if isinstance(record, FaceRecord)]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def basic(tmp_path: Path) -> Path:
    write_basic(tmp_path / "basic", FACES)
    return tmp_path / "basic"


@pytest.fixture
def original(tmp_path: Path) -> Path:
    write_basic(tmp_path / "basic", FACES, images=["original"])
    return tmp_path / "basic"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    write_mirror(tmp_path / "mirror", FACES, labels=True)
    return tmp_path / "mirror"


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", WRITERS)
def test_every_layout_yields_the_same_faces(tmp_path: Path, layout: str, packed: bool) -> None:
    root = tmp_path / "raw" / "RAF-DB" / "basic"
    WRITERS[layout](root)
    raw = tmp_path / "raw"
    records = read(zip_folder(raw, tmp_path / "raw.zip") if packed else raw)
    assert Counter((record.part, record.emotion) for record in records) == EXPECTED
    assert all(record.usage == record.part for record in records)
    assert {record.source for record in records} == {"raf_db"}
    assert len({record.file_name for record in records}) == len(FACES)


@pytest.mark.parametrize("layout", WRITERS)
def test_upper_case_extensions_are_images_too(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path)
    for path in list(tmp_path.rglob("*.jpg")):
        path.rename(path.with_suffix(".JPG"))
    for labels in tmp_path.glob("*.csv"):
        labels.write_text(labels.read_text().replace(".jpg", ".JPG"))
    assert len(read(tmp_path)) == len(FACES)


def test_aligned_images_go_first_and_have_no_landmarks_or_box(basic: Path) -> None:
    records = read(basic)
    assert [record.file_name for record in records] == [f"{f.stem}_aligned.jpg" for f in FACES]
    assert {(record.landmarks is None, record.box) for record in records} == {(True, None)}
    aligned = basic / "Image" / "aligned" / records[0].file_name
    assert records[0].image == aligned.read_bytes()


def test_original_images_have_landmarks_and_a_box_of_whole_pixels(original: Path) -> None:
    for record in read(original):
        assert record.box == Box.from_corners(10, 20, 91, 111)
        np.testing.assert_array_equal(record.landmarks, np.float32(LANDMARKS))


def test_gender_race_and_age_are_words(basic: Path) -> None:
    attributes = [record.attributes for record in read(basic)]
    assert attributes[:5] == [
        {"gender": "male", "race": "caucasian", "age": "0-3"},
        {"gender": "female", "race": "african-american", "age": "4-19"},
        {"gender": "unsure", "race": "asian", "age": "20-39"},
        {"gender": "male", "race": "caucasian", "age": "40-69"},
        {"gender": "female", "race": "african-american", "age": "70+"},
    ]


def test_attributes_on_one_line_mean_the_same(basic: Path) -> None:
    expected = read(basic)[0].attributes
    edit(
        basic / "Annotation" / "manual" / "train_00001_manu_attri.txt", "\n0\n0\n0\n", "\n0 0 0\n\n"
    )
    assert read(basic)[0].attributes == expected


def test_annotations_are_optional_for_each_image(original: Path) -> None:
    (original / "Annotation" / "manual" / "train_00001_manu_attri.txt").unlink()
    (original / "Annotation" / "boundingbox" / "train_00001_boundingbox.txt").unlink()
    first, second, *_ = read(original)
    assert (first.attributes, first.landmarks, first.box) == ({}, None, None)
    assert second.attributes
    assert second.box


def test_compound_set_beside_the_basic_one_is_left_alone(tmp_path: Path, basic: Path) -> None:
    write_basic(tmp_path / "compound", FACES[:3])
    assert len(read(tmp_path)) == len(FACES)


def test_two_copies_of_the_label_file_are_refused(tmp_path: Path, basic: Path) -> None:
    write_basic(tmp_path / "copy", FACES)
    with pytest.raises(InputError, match=r"holds basic/.* and copy/.*; give the folder of one"):
        read(tmp_path)


LABELS = "EmoLabel/list_patition_label.txt"
MANUAL = "Annotation/manual/train_00001_manu_attri.txt"
BOX = "Annotation/boundingbox/train_00001_boundingbox.txt"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (LABELS, "train_00002.jpg 2", "train_00002.jpg 0", rf"{LABELS} line 2: category '0'"),
        (LABELS, "train_00002.jpg 2", "train_00002.jpg 8", r"line 2: category '8' must be 1 surp"),
        (LABELS, "train_00002.jpg 2", "train_00002.jpg", r"line 2 must be as `train_00001.jpg 5`"),
        (LABELS, "train_00002.jpg 2", "valid_00002.jpg 2", r"line 2 must be as `train_00001"),
        (LABELS, "train_00002.jpg", "train_00001.jpg", r"line 2 lists train_00001.jpg again"),
        (LABELS, "train_00002.jpg 2\n", "", r"train_00002\.jpg \(1 such images\) is not listed in"),
        (MANUAL, "30.500000\t", "", rf"{MANUAL} line 1 must hold a landmark's"),
        (MANUAL, "30.500000", "left", r"line 1: 'left' must be a number"),
        (MANUAL, "30.500000", "inf", r"line 1: 'inf' must be a number"),
        (MANUAL, "\n0\n0\n0\n", "\n0\n0\n", rf"{MANUAL} holds 2 numbers after its landmarks, must"),
        (
            MANUAL,
            "\n0\n0\n0\n",
            "\n3\n0\n0\n",
            rf"{MANUAL} line 6 \(gender\): category '3' must be",
        ),
        (BOX, "10.4 ", "", rf"{BOX} holds 3 numbers, must hold left, top"),
        (BOX, "10.4 ", "nan ", rf"{BOX}: 'nan' must be a number"),
    ],
)
def test_wrong_content_is_one_line_naming_file_and_row(
    original: Path, file: str, old: str, new: str, message: str
) -> None:
    edit(original / file, old, new)
    with pytest.raises(InputError, match=message) as error:
        read(original)
    assert "\n" not in str(error.value)


def test_manual_annotation_cut_short_is_named(original: Path) -> None:
    (original / MANUAL).write_text("1 2\n3 4\n")
    with pytest.raises(InputError, match=r"_manu_attri\.txt holds 4 coordinates of landmarks"):
        read(original)


def test_line_that_is_not_utf8_is_named_with_its_number(basic: Path) -> None:
    path = basic / LABELS
    path.write_bytes(path.read_bytes().replace(b"train_00003", b"tr\xe4in_00003"))
    with pytest.raises(InputError, match=r"list_patition_label\.txt line 3 is not UTF-8 text"):
        read(basic)


def test_label_file_that_lists_absent_images_names_the_first_and_their_number(basic: Path) -> None:
    for stem in ("train_00002", "train_00005"):
        (basic / "Image" / "aligned" / f"{stem}_aligned.jpg").unlink()
    with pytest.raises(InputError, match=r"lists train_00002 \(2 such images\), which"):
        read(basic)


def test_images_still_packed_are_named_with_the_mend(basic: Path) -> None:
    shutil.rmtree(basic / "Image")
    with pytest.raises(InputError, match=r"holds no images in Image/; add Image/aligned/"):
        read(basic)
    (basic / "Image").mkdir()
    (basic / "Image" / "aligned.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"unpack Image/aligned\.zip there"):
        read(basic)


def test_box_beside_the_image_and_a_broken_image_are_skipped(original: Path) -> None:
    (original / BOX).write_text("500 500 600 600")
    broken = original / "Image" / "original" / "train_00002.jpg"
    broken.write_bytes(broken.read_bytes()[:200])
    skipped = [record for record in read_records(original) if isinstance(record, SkippedImage)]
    assert [image.file_name for image in skipped] == ["train_00001.jpg", "train_00002.jpg"]
    assert "face box holds nothing" in skipped[0].reason


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "00002_aligned.jpg,2",
            "00002_aligned.jpg,3",
            r"line 3: label '3' \(disgust\) contradicts",
        ),
        ("00002_aligned.jpg,2", "00002_aligned.jpg,9", r"train_labels\.csv line 3: category '9'"),
        ("00002_aligned.jpg,2", "00002_aligned.jpg", r"line 3 must hold `image,label`"),
        ("00002_aligned.jpg,2", "00001_aligned.jpg,1", r"line 3 lists .* again"),
        ("00002_aligned.jpg,2", "00099_aligned.jpg,2", r"lists train_00099_aligned\.jpg \(1 such"),
        ("train_00002_aligned.jpg,2\n", "", r"train_00002_aligned\.jpg \(1 such images\) is not"),
    ],
)
def test_label_file_of_the_mirror_must_agree_with_its_folders(
    mirror: Path, old: str, new: str, message: str
) -> None:
    edit(mirror / "train_labels.csv", old, new)
    with pytest.raises(InputError, match=message):
        read(mirror)


def test_label_file_of_the_mirror_may_lack_its_header(mirror: Path) -> None:
    edit(mirror / "test_labels.csv", "image,label\n", "")
    assert len(read(mirror)) == len(FACES)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("train/8/a.jpg", r"folder DATASET/train/8: category '8' must be 1 surprise"),
        ("valid/1/a.jpg", r"valid/1/a\.jpg is in none of the folders"),
        ("train/1/more/a.jpg", r"train/1/more/a\.jpg is in none of the folders"),
    ],
)
def test_image_outside_the_class_folders_is_named(mirror: Path, path: str, message: str) -> None:
    image = mirror / "DATASET" / path
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes(jpeg(make_pixels(0)))
    with pytest.raises(InputError, match=message):
        read(mirror)


def test_equal_names_in_two_class_folders_stay_apart(tmp_path: Path) -> None:
    for folder in ("train/1", "train/2"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.jpg").write_bytes(jpeg(make_pixels(0)))
    names = [record.file_name for record in read(tmp_path)]
    assert names == ["train/1/a.jpg", "train/2/a.jpg"]


def test_raw_that_is_no_raf_db_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds none of RAF-DB's layouts"):
        read(tmp_path)
