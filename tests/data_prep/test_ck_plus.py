import shutil
from pathlib import Path

import numpy as np
import pytest

from data_prep.ck_plus import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from tests.raw_ck_plus import make_sequences, write_ck_plus
from tests.raw_fer2013 import zip_folder

SEQUENCES = make_sequences()
LABELLED = [sequence for sequence in SEQUENCES if sequence.emotion]
IMAGES = "cohn-kanade-images/S005/001"
EMOTION = "Emotion/S005/001/S005_001_00000003_emotion.txt"
FACS = "FACS/S005/001/S005_001_00000003_facs.txt"
LANDMARKS = "Landmarks/S005/001/S005_001_00000003_landmarks.txt"


def read(raw: Path) -> list[FaceRecord]:
    records = list(read_records(raw))
    assert not [record for record in records if isinstance(record, SkippedImage)]
    return [record for record in records if isinstance(record, FaceRecord)]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_ck_plus(tmp_path / "raw", SEQUENCES)
    return tmp_path / "raw"


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("suffix", [".png", ".PNG"])
def test_peak_frames_of_labelled_sequences_are_read(
    tmp_path: Path, packed: bool, suffix: str
) -> None:
    root = tmp_path / "raw"
    write_ck_plus(root / "CK+" / "archive", SEQUENCES, suffix=suffix)
    records = read(zip_folder(root, tmp_path / "raw.zip") if packed else root)
    assert [record.file_name for record in records] == [f"{s.peak}{suffix}" for s in LABELLED]
    assert [record.emotion for record in records] == [s.emotion for s in LABELLED]
    assert [record.subject for record in records] == [s.subject for s in LABELLED]
    assert [record.channels for record in records] == [3 if s.is_colour else 1 for s in LABELLED]
    assert {(record.source, record.part) for record in records} == {("ck_plus", "whole")}


def test_units_and_landmarks_come_with_the_frame(raw: Path) -> None:
    for record, sequence in zip(read(raw), LABELLED, strict=True):
        assert record.attributes == {"action_units": "1:3 2:0 25:0"}
        np.testing.assert_array_equal(record.landmarks, np.float32(sequence.landmarks()))
        assert record.box is None


def test_units_and_landmarks_are_optional(tmp_path: Path) -> None:
    write_ck_plus(tmp_path, SEQUENCES, annotations=())
    for record in read(tmp_path):
        assert record.attributes == {}
        assert record.landmarks is None


def test_frame_without_a_unit_has_no_units(raw: Path) -> None:
    (raw / FACS).write_text("\n")
    assert read(raw)[0].attributes == {}


def test_folders_packed_once_more_are_read_the_same(raw: Path) -> None:
    expected = [record.file_name for record in read(raw)]
    (raw / "Emotion").rename(raw / "labels")
    (raw / "Emotion_labels").mkdir()
    (raw / "labels").rename(raw / "Emotion_labels" / "Emotion")
    (raw / IMAGES / ".DS_Store").write_bytes(b"x")
    assert [record.file_name for record in read(raw)] == expected


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (EMOTION, "", rf"{EMOTION} holds 0 lines, must hold one number"),
        (EMOTION, "3.0\n4.0\n", rf"{EMOTION} holds 2 lines"),
        (EMOTION, "3.5", rf"{EMOTION} line 1: category '3\.5' must be 0 neutral"),
        (EMOTION, "8.0", r"line 1: category '8\.0' must be"),
        (EMOTION, "3.0 1.0", r"line 1: category '3\.0 1\.0' must be"),
        (FACS, "1.0 3.0\n2.0\n", rf"{FACS} line 2 must hold a unit and its intensity"),
        (FACS, "1.5 3.0\n", rf"{FACS} line 1 must hold a unit and its intensity"),
        (FACS, "1.0 -3.0\n", r"line 1 must hold a unit and its intensity"),
        (FACS, "one 3.0\n", rf"{FACS} line 1: 'one' must be a number"),
        (LANDMARKS, "1 2\n3\n", rf"{LANDMARKS} line 2 must hold `x y`, not '3'"),
        (LANDMARKS, "1 2\n", rf"{LANDMARKS} holds 2 coordinates of landmarks, must hold x and y"),
        (LANDMARKS, "1 nan\n", rf"{LANDMARKS} line 1: 'nan' must be a number"),
    ],
)
def test_wrong_annotation_is_one_line_naming_file_and_row(
    raw: Path, file: str, text: str, message: str
) -> None:
    (raw / file).write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read(raw)
    assert "\n" not in str(error.value)


def test_label_that_is_not_utf8_is_named_with_its_row(raw: Path) -> None:
    (raw / EMOTION).write_bytes(b"\xff3.0")
    with pytest.raises(InputError, match=rf"{EMOTION} line 1 is not UTF-8 text"):
        read(raw)


def test_labelled_sequence_without_its_peak_is_named(raw: Path) -> None:
    (raw / IMAGES / "S005_001_00000003.png").unlink()
    with pytest.raises(
        InputError, match=rf"{EMOTION} labels S005_001_00000003, .*its last frame is"
    ):
        read(raw)
    shutil.rmtree(raw / IMAGES)
    with pytest.raises(InputError, match=rf"{EMOTION} labels .*, but it holds none; restore"):
        read(raw)


def test_label_must_be_of_the_last_frame(raw: Path) -> None:
    (raw / EMOTION).rename(raw / EMOTION.replace("00000003", "00000002"))
    with pytest.raises(InputError, match=r"must be the last frame of sequence S005_001"):
        read(raw)


def test_second_label_of_a_sequence_is_refused(raw: Path) -> None:
    shutil.copy(raw / EMOTION, raw / EMOTION.replace("00000003", "00000004"))
    with pytest.raises(InputError, match=r"00000004_emotion\.txt labels sequence S005_001 again"):
        read(raw)


def test_label_not_named_after_a_frame_is_refused(raw: Path) -> None:
    (raw / EMOTION).rename(raw / "Emotion" / "S005_emotion.txt")
    with pytest.raises(InputError, match=r"S005_emotion\.txt is not named after a frame"):
        read(raw)


def test_frame_in_two_folders_is_refused(raw: Path) -> None:
    shutil.copytree(raw / IMAGES, raw / "copy")
    with pytest.raises(InputError, match=r"copy/S005_001_00000001\.png is there twice"):
        read(raw)


def test_broken_peak_is_skipped(raw: Path) -> None:
    (raw / IMAGES / "S005_001_00000003.png").write_bytes(b"\x89PNG")
    skipped = [record for record in read_records(raw) if isinstance(record, SkippedImage)]
    assert [image.file_name for image in skipped] == ["S005_001_00000003.png"]


def test_raw_without_labels_says_what_is_expected(tmp_path: Path, raw: Path) -> None:
    shutil.rmtree(raw / "Emotion")
    with pytest.raises(InputError, match=r"holds no labelled sequence of CK\+"):
        read(raw)
