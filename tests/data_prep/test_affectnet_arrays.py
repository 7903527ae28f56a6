import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_prep.affectnet import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from tests.raw_affectnet import AffectNetFace, make_affectnet_faces, write_arrays

FACES = make_affectnet_faces()
ANNOTATIONS = "train_set/annotations"


def read(raw: Path) -> list[FaceRecord]:
    return [record for record in read_records(raw) if isinstance(record, FaceRecord)]


def skipped(raw: Path) -> list[SkippedImage]:
    return [record for record in read_records(raw) if isinstance(record, SkippedImage)]


def name(face: AffectNetFace) -> str:
    return f"{'train_set' if face.part == 'train' else 'val_set'}/{face.number}.jpg"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_arrays(tmp_path / "raw", FACES)
    return tmp_path / "raw"


@pytest.mark.parametrize("as_strings", [True, False], ids=["strings", "numbers"])
@pytest.mark.parametrize("suffix", [".jpg", ".JPG"])
def test_annotations_are_read_with_the_face(tmp_path: Path, as_strings: bool, suffix: str) -> None:
    write_arrays(tmp_path, FACES, as_strings=as_strings, suffix=suffix)
    records = {record.file_name.lower(): record for record in read(tmp_path)}
    assert len(records) == len(FACES)
    for face in FACES:
        record = records[name(face)]
        assert (record.emotion, record.part) == (face.emotion, face.part)
        assert record.attributes == {"valence": str(face.valence), "arousal": str(face.arousal)}
        np.testing.assert_array_equal(record.landmarks, np.float32(face.landmarks()))


def test_only_the_category_is_needed(tmp_path: Path) -> None:
    write_arrays(tmp_path, FACES, kinds=())
    for record in read(tmp_path):
        assert record.landmarks is None
        assert record.attributes == {}


def test_one_part_is_enough(raw: Path) -> None:
    shutil.rmtree(raw / "train_set")
    assert {(record.usage, record.part) for record in read(raw)} == {("val_set", "test")}


def test_image_without_annotation_and_annotation_without_image_are_skipped(raw: Path) -> None:
    (raw / "train_set" / "images" / "3.jpg").unlink()
    (raw / ANNOTATIONS / "5_exp.npy").unlink()
    reasons = {image.file_name: image.reason for image in skipped(raw)}
    assert set(reasons) == {"train_set/3", "train_set/5.jpg"}
    assert "has no annotation 5_exp.npy" in reasons["train_set/5.jpg"]
    assert "3_exp.npy has no image" in reasons["train_set/3"]


def test_part_without_any_annotation_is_an_error(raw: Path) -> None:
    shutil.rmtree(raw / "val_set" / "annotations")
    with pytest.raises(InputError, match=r"val_set/images/500\.jpg \(11 such images\) has no anno"):
        read(raw)


def test_part_in_two_folders_is_refused(raw: Path) -> None:
    shutil.copytree(raw / "val_set", raw / "copy" / "val_set")
    with pytest.raises(InputError, match=r"val_set/ is there twice, also as"):
        read(raw)


def save(array: object) -> Callable[[Path], None]:
    return lambda path: np.save(path, np.array(array), allow_pickle=True)


@pytest.mark.parametrize(
    ("kind", "write", "message"),
    [
        ("exp", save("11"), r"category '11' must be 0 neutral"),
        ("exp", save("happy"), r"category 'happy' must be"),
        ("exp", save(["1", "2"]), r"holds 2 values, must hold one number"),
        ("exp", save(None), r"is no whole array \(.*pickle"),
        ("exp", lambda path: path.write_bytes(b"1"), r"is no whole array"),
        ("exp", lambda path: path.write_bytes(b""), r"is no whole array"),
        ("exp", lambda path: path.write_bytes(b"PK\x03\x04"), r"is no whole array"),
        ("exp", lambda path: path.write_bytes(path.read_bytes()[:-2]), r"is no whole array"),
        ("exp", save(True), r"must hold an array of numbers or of their digits"),
        ("val", save("high"), r"'high' must be a number"),
        ("aro", save(np.nan), r"'nan' must be a number"),
        ("lnd", save([1.0] * 135), r"holds 135 coordinates of landmarks"),
        ("lnd", save([np.inf] * 136), r"'inf' must be a number"),
    ],
)
def test_wrong_array_is_one_line_naming_the_file(
    raw: Path, kind: str, write: Callable[[Path], None], message: str
) -> None:
    write(raw / ANNOTATIONS / f"7_{kind}.npy")
    with pytest.raises(InputError, match=rf"{ANNOTATIONS}/7_{kind}\.npy:? {message}") as error:
        read(raw)
    assert "\n" not in str(error.value)
