import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from array_record.python.array_record_module import ArrayRecordWriter
from PIL import Image

from data_prep.fer2013 import read_records
from data_prep.prepare import prepare
from data_prep.records import FaceRecord
from gimefive_jax.config import DataConfig
from gimefive_jax.data import (
    Split,
    data_directory,
    list_prepared,
    open_split,
    sample_faces,
    stratified,
)
from gimefive_jax.errors import InputError
from gimefive_jax.images import Fit
from tests.raw_fer2013 import EMOTIONS, make_faces, make_pixels, write_labelled

NUM_TRAIN = 20


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw folder and the set prepared from it, not decoded yet."""
    root = tmp_path_factory.mktemp("pristine")
    write_labelled(root / "raw", make_faces(num_train=NUM_TRAIN))
    prepare("fer2013", raw=root / "raw", data_dir=root / "tfds")
    return root


@pytest.fixture
def prepared(pristine: Path, tmp_path: Path) -> Path:
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    return tmp_path


def config(root: Path, *, image_size: int = 64, fit: Fit = "squash") -> DataConfig:
    return DataConfig(directory=str(root / "tfds"), image_size=image_size, fit=fit)


def decoded_file(root: Path, name: str) -> Path:
    return root / "tfds/fer2013/six/1.0.0/decoded/train-64-squash" / name


def raw_records(root: Path) -> dict[str, FaceRecord]:
    records = [one for one in read_records(root / "raw") if isinstance(one, FaceRecord)]
    return {record.file_name: record for record in records}


def test_splits_hold_every_six_category_face_of_the_source_once(prepared: Path) -> None:
    splits = [open_split(config(prepared), name) for name in ("train", "validation", "test")]
    records = raw_records(prepared)
    names = np.concatenate([split.file_names for split in splits])
    assert sorted(names) == sorted(n for n, one in records.items() if one.emotion != "neutral")
    for split in splits:
        assert split.emotions == EMOTIONS[:6]
        assert [split.emotions[label] for label in split.labels] == [
            records[name].emotion for name in split.file_names
        ]
        assert {records[name].part for name in split.file_names} == {
            "test" if split.name == "test" else "train"
        }


def test_pixels_equal_pil_s_own_resize(prepared: Path) -> None:
    split = open_split(config(prepared), "test")
    records = raw_records(prepared)
    assert split.images.shape == (18, 64, 64, 1)
    for name, pixels in zip(split.file_names, split.images, strict=True):
        face = Image.open(io.BytesIO(records[name].image))
        assert face.mode == "L"
        np.testing.assert_array_equal(pixels[..., 0], face.resize((64, 64), Image.BILINEAR))


@pytest.mark.parametrize("fit", ["squash", "crop"])
def test_colour_stays_colour_until_it_is_resized(tmp_path: Path, fit: Fit) -> None:
    root = tmp_path / "raw"
    for label, emotion in enumerate(EMOTIONS[:6]):
        folder = root / "train" / emotion
        folder.mkdir(parents=True)
        for number in range(10):
            face = np.stack([make_pixels(label * 100 + number + c * 1000) for c in range(3)], -1)
            Image.fromarray(face[:40]).save(folder / f"{number}{emotion}.png")
    # A grey image among colour ones comes as three equal channels.
    Image.fromarray(make_pixels(7)).save(root / "train" / "fear" / "grey.png")
    prepare("fer2013", raw=root, data_dir=tmp_path / "tfds")
    split = open_split(config(tmp_path, image_size=32, fit=fit), "train")
    validation = open_split(config(tmp_path, image_size=32, fit=fit), "validation")
    assert split.images.shape == (55, 32, 32, 3)
    faces = {path.name: Image.open(path) for path in root.rglob("*.png")}
    for one in (split, validation):
        for name, pixels in zip(one.file_names, one.images, strict=True):
            face = faces[name].convert("RGB")
            if fit == "crop" and face.size == (48, 40):
                face = face.crop((4, 0, 44, 40))
            np.testing.assert_array_equal(pixels, face.resize((32, 32), Image.BILINEAR))
    assert "grey.png" in {*split.file_names, *validation.file_names}


def test_index_splits_are_rows_of_test(prepared: Path) -> None:
    test = open_split(config(prepared), "test")
    rows = {name: row for row, name in enumerate(test.file_names)}
    for split_name, usage in [("public_test", "PublicTest_"), ("private_test", "PrivateTest_")]:
        part = open_split(config(prepared), split_name)
        assert all(name.startswith(usage) for name in part.file_names)
        assert_rows_of(test, part, [rows[name] for name in part.file_names])
        assert test.parts[split_name].tolist() == [rows[name] for name in part.file_names]
        assert part.parts == {}
    both = {"public_test", "private_test"}
    assert sum(len(open_split(config(prepared), name)) for name in both) == len(test)


def test_a_list_of_rows_that_are_not_there_is_a_line(prepared: Path) -> None:
    path = prepared / "tfds/fer2013/six/1.0.0/metadata.json"
    metadata = json.loads(path.read_text())
    metadata["index_splits"]["public_test"]["rows"][0] = 999
    path.write_text(json.dumps(metadata))
    for split_name in ("test", "public_test"):
        with pytest.raises(InputError, match=r"'public_test' lists row 999 of 'test'.*remove"):
            open_split(config(prepared), split_name)


def test_a_sample_knows_which_of_its_faces_are_in_the_parts(prepared: Path) -> None:
    test = open_split(config(prepared), "test")
    sample = sample_faces(test, 5)
    for name, rows in sample.parts.items():
        whole = {test.file_names[int(row)] for row in test.parts[name]}
        wanted = [row for row, face in enumerate(sample.file_names) if face in whole]
        assert rows.tolist() == wanted


def test_deduplicated_test_holds_no_picture_of_train_or_validation(prepared: Path) -> None:
    deduplicated = open_split(config(prepared), "test_deduplicated")
    test = open_split(config(prepared), "test")
    rows = {name: row for row, name in enumerate(test.file_names)}
    assert_rows_of(test, deduplicated, [rows[name] for name in deduplicated.file_names])
    seen = {
        pixels.tobytes()
        for name in ("train", "validation")
        for pixels in open_split(config(prepared), name).images
    }
    kept = {pixels.tobytes() for pixels in deduplicated.images}
    left_out = {pixels.tobytes() for pixels in test.images} - kept
    assert not kept & seen
    assert left_out <= seen
    assert len(test) - len(deduplicated) == 6


def assert_rows_of(whole: Split, part: Split, rows: list[int]) -> None:
    np.testing.assert_array_equal(part.images, whole.images[rows])
    np.testing.assert_array_equal(part.labels, whole.labels[rows])
    np.testing.assert_array_equal(part.extras["pixel_sha256"], whole.extras["pixel_sha256"][rows])
    assert part.digest != whole.digest


def test_second_opening_maps_the_stored_array_unchanged(prepared: Path) -> None:
    first = open_split(config(prepared), "train")
    written = decoded_file(prepared, "images.npy").stat().st_mtime_ns
    second = open_split(config(prepared), "train")
    assert decoded_file(prepared, "images.npy").stat().st_mtime_ns == written
    assert isinstance(second.images, np.memmap)
    assert not second.images.flags.writeable
    assert second.digest == first.digest
    np.testing.assert_array_equal(first.images, second.images)


def test_opening_a_decoded_split_needs_no_tensorflow_datasets(prepared: Path) -> None:
    open_split(config(prepared), "test")
    code = (
        "import sys; from gimefive_jax.config import DataConfig; "
        "from gimefive_jax.data import open_split; "
        "open_split(DataConfig(directory=sys.argv[1]), 'test'); "
        "assert 'tensorflow_datasets' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(prepared / "tfds")], check=True)


def test_what_a_killed_decode_left_is_cleaned(prepared: Path) -> None:
    leftover = decoded_file(prepared, "images.npy").parent.with_name(".train-64-squash.a.partial")
    leftover.mkdir(parents=True)
    (leftover / "images.npy").write_bytes(b"half")
    open_split(config(prepared), "train")
    assert not leftover.exists()


@pytest.mark.parametrize("name", ["images.npy", "columns.npz", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damaged_decoded_files_are_made_anew(prepared: Path, name: str, damage: str) -> None:
    first = open_split(config(prepared), "train")
    file = decoded_file(prepared, name)
    whole = file.read_bytes()
    data = bytearray(whole)
    data[len(data) // 2] ^= 1
    file.unlink()
    if damage != "remove":
        file.write_bytes(data if damage == "flip" else data[: len(data) // 2])
    again = open_split(config(prepared), "train")
    assert again.digest == first.digest
    np.testing.assert_array_equal(again.images, first.images)
    np.testing.assert_array_equal(again.labels, first.labels)
    np.testing.assert_array_equal(again.file_names, first.file_names)
    assert file.read_bytes() == whole or name == "columns.npz"


def test_every_size_and_fit_is_decoded_for_itself(prepared: Path) -> None:
    digests = {
        open_split(config(prepared, image_size=size, fit=fit), "test").digest
        for size in (32, 64)
        for fit in ("squash", "crop")
    }
    # FER2013 is square: there is nothing to crop.
    assert len(digests) == 2


def test_digest_tells_labels_apart(prepared: Path) -> None:
    before = open_split(config(prepared), "train").digest
    labels = prepared / "raw" / "train_FER_labels.csv"
    lines = labels.read_text().splitlines()
    first = open_split(config(prepared), "train").file_names[0]
    changed = [f"{first},3" if line.startswith(first) else line for line in lines]
    assert changed != lines
    labels.write_text("\n".join(changed))
    prepare("fer2013", raw=prepared / "raw", data_dir=prepared / "tfds")
    assert open_split(config(prepared), "train").digest != before


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "swap"])
def test_damaged_records_are_named_with_the_mend(prepared: Path, damage: str) -> None:
    folder = prepared / "tfds/fer2013/six/1.0.0"
    [file] = folder.glob("*-test.array_record*")
    data = bytearray(file.read_bytes())
    data[1000] ^= 1
    file.unlink()
    if damage == "swap":
        shutil.copy(next(folder.glob("*-train.array_record*")), file)
    elif damage != "remove":
        file.write_bytes(data if damage == "flip" else data[:1000])
    with pytest.raises(
        InputError, match=r"'test' in .* is damaged .*gimefive data prepare"
    ) as error:
        open_split(config(prepared), "test")
    assert "\n" not in str(error.value)


def test_a_split_without_labels_is_one_line(prepared: Path) -> None:
    builder = tfds.builder_from_directory(prepared / "tfds/fer2013/six/1.0.0")
    source = builder.as_data_source("test", decoders={"image": tfds.decode.SkipDecoding()})
    # TFDS writes -1 where a face has no label.
    faces = [{**face, "image": io.BytesIO(face["image"]), "label": -1} for face in source]
    features = builder.info.features
    [file] = (prepared / "tfds/fer2013/six/1.0.0").glob("*-test.array_record*")
    writer = ArrayRecordWriter(str(file), "group_size:1")
    for face in faces:
        writer.write(features.serialize_example(features.encode_example(face)))
    writer.close()
    with pytest.raises(InputError, match=r"'test' in .* has no labels .*gimefive predict") as error:
        open_split(config(prepared), "test")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "split", "message"),
    [
        (
            {"name": "fer2031"},
            "train",
            "'fer2031/six' is not .*, did you mean 'fer2013'",
        ),
        ({"variant": "seven"}, "train", "prepared there: fer2013/six; .*--variant seven"),
        ({"name": "drawn_faces"}, "train", "prepare it with `gimefive data prepare drawn_faces`"),
        ({"directory": "/nowhere"}, "train", "prepared there: nothing; .* fer2013 --raw PATH`"),
        (
            {},
            "tset",
            "has no split 'tset', did you mean 'test'.*it has train, validation, test",
        ),
    ],
)
def test_unknown_names_are_one_line_with_what_there_is(
    pristine: Path, change: dict[str, str], split: str, message: str
) -> None:
    values = {"directory": str(pristine / "tfds"), **change}
    with pytest.raises(InputError, match=message) as error:
        open_split(DataConfig(**values), split)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_list_names_ours_and_no_foreign_or_unfinished_set(pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine / "tfds", tmp_path, dirs_exist_ok=True)
    foreign = tmp_path / "mnist" / "default" / "3.0.1"
    foreign.mkdir(parents=True)
    (foreign / "dataset_info.json").write_text("{}")
    ours = tmp_path / "fer2013" / "six"
    shutil.copytree(ours / "1.0.0", ours / ".1.0.0.abc.partial")
    [one] = list_prepared(tmp_path)
    assert (one.name, one.variant, one.version) == ("fer2013", "six", "1.0.0")
    assert sum(one.splits["train"].values()) == 6 * NUM_TRAIN * 9 // 10
    assert sum(one.splits["test_deduplicated"].values()) == 12
    assert list_prepared(tmp_path / "nowhere") == []


def test_directory_is_the_given_one_then_the_variable_then_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert data_directory("given") == Path("given")
    assert data_directory() == tmp_path
    monkeypatch.delenv("TFDS_DATA_DIR")
    assert data_directory() == Path.home() / "tensorflow_datasets"


def test_each_category_keeps_its_share():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    np.random.default_rng(0).shuffle(labels)
    rows = stratified(labels, 50)
    assert np.bincount(labels[rows]).tolist() == [30, 15, 5]
    assert (np.diff(rows) > 0).all()


def test_more_faces_than_there_are_is_all_of_them():
    assert stratified(np.zeros(5, np.int64), 9).tolist() == [0, 1, 2, 3, 4]


def test_no_faces_are_refused():
    with pytest.raises(InputError, match="positive"):
        stratified(np.zeros(5, np.int64), 0)
