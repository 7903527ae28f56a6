import io
import struct
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.fer2013 import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from tests.raw_fer2013 import (
    EMOTIONS,
    jpeg,
    make_faces,
    make_pixels,
    write_csv,
    write_folders,
    write_labelled,
    zip_folder,
)

FACES = make_faces(num_train=2)
WRITERS: dict[str, Callable[[Path], None]] = {
    "a": lambda root: write_csv(root / "fer2013.csv", FACES, header=["emotion", "pixels", "Usage"]),
    "b": lambda root: write_csv(
        root / "icml_face_data.csv", FACES, header=["emotion", " Usage", " pixels"]
    ),
    "d": lambda root: write_folders(root, FACES),
    "e": lambda root: write_labelled(root, FACES),
}


def read(raw: Path) -> list[FaceRecord]:
    records = list(read_records(raw))
    assert not [record for record in records if isinstance(record, SkippedImage)]
    return [record for record in records if isinstance(record, FaceRecord)]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    write_labelled(tmp_path / "raw", FACES)
    return tmp_path / "raw"


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", WRITERS)
def test_every_layout_yields_the_same_faces(tmp_path: Path, layout: str, packed: bool) -> None:
    root = tmp_path / "raw"
    WRITERS[layout](root)
    records = read(zip_folder(root, tmp_path / "raw.zip") if packed else root)
    expected = Counter((face.usage, face.part, face.emotion) for face in FACES)
    assert Counter((r.usage, r.part, r.emotion) for r in records) == expected
    assert {record.source for record in records} == {"fer2013"}
    assert {record.channels for record in records} == {1}
    assert len({record.file_name for record in records}) == len(FACES)
    # One test face per emotion equals a train face.
    assert len({record.pixel_sha256 for record in records}) == len(FACES) - len(EMOTIONS)


def test_layout_c_without_usage_is_all_training(tmp_path: Path) -> None:
    train = [face for face in FACES if face.part == "train"]
    write_csv(tmp_path / "train.csv", train, header=["emotion", "pixels"])
    (tmp_path / "test.csv").write_text("pixels\n" + " ".join(["0"] * 2304) + "\n")
    records = read(tmp_path)
    assert len(records) == len(train)
    assert {record.part for record in records} == {"train"}


def test_csv_with_usage_goes_before_one_without(tmp_path: Path) -> None:
    write_csv(tmp_path / "a" / "train.csv", FACES[:2], header=["emotion", "pixels"])
    WRITERS["b"](tmp_path)
    assert len(read(tmp_path)) == len(FACES)


def test_csv_rows_become_lossless_png_named_after_usage_and_row(tmp_path: Path) -> None:
    WRITERS["a"](tmp_path)
    records = read(tmp_path / "fer2013.csv")
    for row, (record, face) in enumerate(zip(records, FACES, strict=True)):
        assert record.file_name == f"{face.usage}_{row:08d}.png"
        np.testing.assert_array_equal(Image.open(io.BytesIO(record.image)), face.pixels)


def test_image_bytes_are_the_original_files(tmp_path: Path, labelled: Path) -> None:
    for record in read(zip_folder(labelled, tmp_path / "raw.zip")):
        assert record.image == (labelled / record.part / record.file_name).read_bytes()


def test_nested_top_folders_and_clutter_are_tolerated(tmp_path: Path) -> None:
    write_labelled(tmp_path / "raw" / "archive" / "fer", FACES)
    (tmp_path / "raw" / "README.txt").write_text("from somewhere")
    clutter = tmp_path / "raw" / "__MACOSX" / "train"
    clutter.mkdir(parents=True)
    (clutter / "._Training_1.jpg").write_bytes(b"x")
    (tmp_path / "raw" / "archive" / "fer" / "train" / ".DS_Store").write_bytes(b"x")
    assert len(read(tmp_path / "raw")) == len(FACES)
    assert len(read(zip_folder(tmp_path / "raw", tmp_path / "raw.zip"))) == len(FACES)


@pytest.mark.parametrize("write", [write_folders, write_labelled])
def test_upper_case_extensions_and_folders_are_images_too(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    write(tmp_path, FACES, suffix=".JPG")
    (tmp_path / "train").rename(tmp_path / "Train")
    assert len(read(tmp_path)) == len(FACES)


def test_linked_folder_is_read_and_a_link_upwards_is_not_followed(
    tmp_path: Path, labelled: Path
) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "data").symlink_to(labelled)
    (labelled / "train" / "loop").symlink_to(labelled)
    assert len(read(linked)) == len(FACES)


def test_label_file_is_authoritative_over_the_file_name(labelled: Path) -> None:
    labels = labelled / "train_FER_labels.csv"
    first = labels.read_text().splitlines()[0]
    assert first.endswith("_happiness.jpg,0")
    labels.write_text(labels.read_text().replace(first, first[:-1] + "5"))
    assert read(labelled)[0].emotion == "fear"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: (raw / "train" / "Training_0_happiness.jpg").unlink(), r"lists Training_0_"),
        (
            lambda raw: (raw / "test" / "new.jpg").write_bytes(b"x"),
            r"test/new\.jpg \(1 such.* not listed in test_FER_labels\.csv",
        ),
        (lambda raw: append(raw, "Training_0_happiness.jpg,0"), r"line 15 lists .* again"),
        (
            lambda raw: append(raw, "Training_0_happiness.jpg,7"),
            r"line 15: category '7' must be 0",
        ),
        (lambda raw: append(raw, "Training_0_happiness.jpg"), r"line 15 must hold `file,label`"),
        (lambda raw: append(raw, "../../../etc/passwd,0"), r"lists \.\./.*does not hold"),
        (lambda raw: (raw / "test_FER_labels.csv").unlink(), r"no test_FER_labels\.csv"),
    ],
    ids=["missing", "unlisted", "twice", "label", "columns", "escape", "one-label-file"],
)
def test_labels_that_do_not_fit_the_files_are_one_clear_line(
    labelled: Path, change: Callable[[Path], object], message: str
) -> None:
    change(labelled)
    with pytest.raises(InputError, match=message) as error:
        read(labelled)
    assert "\n" not in str(error.value)


def append(raw: Path, line: str) -> None:
    with (raw / "train_FER_labels.csv").open("a") as file:
        file.write(line + "\n")


def test_unknown_class_folder_is_named_with_the_mend(tmp_path: Path) -> None:
    write_folders(tmp_path, FACES)
    (tmp_path / "train" / "happy").rename(tmp_path / "train" / "hapy")
    with pytest.raises(InputError, match=r"folder train/hapy: .*rename or remove it"):
        read(tmp_path)


def test_image_outside_train_and_test_is_named(tmp_path: Path) -> None:
    write_folders(tmp_path, FACES)
    (tmp_path / "validation" / "happy").mkdir(parents=True)
    (tmp_path / "validation" / "happy" / "a.jpg").write_bytes(jpeg(make_pixels(0)))
    with pytest.raises(InputError, match=r"validation/happy/a\.jpg is in none of"):
        read(tmp_path)


def test_equal_names_in_two_class_folders_stay_apart(tmp_path: Path) -> None:
    for emotion in ("happy", "sad"):
        (tmp_path / "train" / emotion).mkdir(parents=True)
        (tmp_path / "train" / emotion / "1.jpg").write_bytes(jpeg(make_pixels(0)))
    names = [record.file_name for record in read(tmp_path)]
    assert names == ["train/happy/1.jpg", "train/sad/1.jpg"]


def test_broken_image_among_good_ones_is_yielded_as_skipped(tmp_path: Path, labelled: Path) -> None:
    broken = labelled / "train" / "Training_0_happiness.jpg"
    broken.write_bytes(broken.read_bytes()[:200])
    for raw in (labelled, zip_folder(labelled, tmp_path / "raw.zip")):
        records = list(read_records(raw))
        [skipped] = [record for record in records if isinstance(record, SkippedImage)]
        assert skipped.file_name == broken.name
        assert "cannot be decoded" in skipped.reason
        assert len(records) == len(FACES)


def test_zip_member_with_a_wrong_checksum_is_skipped(tmp_path: Path, labelled: Path) -> None:
    path = zip_folder(labelled, tmp_path / "raw.zip")
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("raw/train/Training_0_happiness.jpg")
    data = bytearray(path.read_bytes())
    name_length, extra_length = struct.unpack_from("<HH", data, member.header_offset + 26)
    data[member.header_offset + 30 + name_length + extra_length + 300] ^= 1
    path.write_bytes(data)
    skipped = [record for record in read_records(path) if isinstance(record, SkippedImage)]
    assert [image.file_name for image in skipped] == ["Training_0_happiness.jpg"]


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        ("1 2 3", "holds 3 pixels, must hold 2304"),
        (" ".join(["256"] * 2304), "must lie in 0..255"),
        (" ".join(["x"] * 2304), "must be whole numbers"),
    ],
)
def test_csv_row_with_wrong_pixels_is_skipped_with_its_number(
    tmp_path: Path, pixels: str, reason: str
) -> None:
    WRITERS["a"](tmp_path)
    with (tmp_path / "fer2013.csv").open("a") as file:
        file.write(f"3,{pixels},Training\n")
    *_, skipped = read_records(tmp_path)
    assert isinstance(skipped, SkippedImage)
    assert f"row {len(FACES)} (line {len(FACES) + 2})" in skipped.reason
    assert reason in skipped.reason


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7,0 0,Training", r"category '7' must be 0 anger"),
        ("3,0 0,Trainig", r"Usage 'Trainig' must be Training"),
        ("3", r"holds 1 columns"),
    ],
)
def test_csv_row_with_a_wrong_label_is_an_error_with_its_number(
    tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "fer2013.csv").write_text(f"emotion,pixels,Usage\n{line}\n")
    with pytest.raises(InputError, match=r"fer2013\.csv row 0 \(line 2\)") as error:
        read(tmp_path)
    assert error.match(message)


def test_raw_that_is_no_fer2013_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds none of FER2013's layouts"):
        read(tmp_path)
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(InputError, match="not a whole zip"):
        read(tmp_path / "a.zip")


def test_encrypted_zip_is_refused_with_the_mend(tmp_path: Path, labelled: Path) -> None:
    path = zip_folder(labelled, tmp_path / "raw.zip")
    data = bytearray(path.read_bytes())
    # The flag of the first entry in the central directory.
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"is encrypted .* unpack it"):
        read(path)
