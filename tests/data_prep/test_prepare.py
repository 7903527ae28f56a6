import dataclasses
from pathlib import Path

import numpy as np
import pytest

from data_prep.drawn_faces.records import DrawnNumbers
from data_prep.prepare import prepare, prepare_request
from data_prep.source import Request
from data_prep.sources import SOURCES
from gimefive_jax.config import DataConfig
from gimefive_jax.data import list_prepared, open_split
from gimefive_jax.errors import InputError
from gimefive_jax.known_sets import KNOWN_SETS
from tests.raw_fer2013 import (
    EMOTIONS,
    make_faces,
    write_csv,
    write_folders,
    write_labelled,
    zip_folder,
)

FACES = make_faces()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_labelled(tmp_path / "raw", FACES)
    return zip_folder(tmp_path / "raw", tmp_path / "raw.zip")


def test_package_and_data_prep_know_the_same_data_sets() -> None:
    assert list(SOURCES) == list(KNOWN_SETS)


def test_counts_cover_splits_and_index_splits(tmp_path: Path, raw: Path) -> None:
    prepared = prepare("fer2013", raw=raw, data_dir=tmp_path / "tfds")
    totals = {split: sum(of.values()) for split, of in prepared.counts.items()}
    assert totals == {
        "train": 54,
        "validation": 6,
        "test": 18,
        "public_test": 12,
        "private_test": 6,
        "test_deduplicated": 12,
    }
    assert prepared.counts["validation"] == dict.fromkeys(EMOTIONS[:6], 1)


def test_seven_keeps_neutral_as_the_last_label(tmp_path: Path, raw: Path) -> None:
    prepared = prepare("fer2013", raw=raw, data_dir=tmp_path, variant="seven")
    assert prepared.counts["test"]["neutral"] == 3
    split = open_split(DataConfig(directory=str(tmp_path), variant="seven"), "test")
    assert split.emotions == EMOTIONS
    assert (split.labels == 6).sum() == 3


def test_seven_of_a_six_category_download_is_refused(tmp_path: Path) -> None:
    write_labelled(tmp_path / "raw", make_faces(num_train=2, emotions=EMOTIONS[:6]))
    with pytest.raises(InputError, match=r"variant 'seven' needs neutral.*--variant six"):
        prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds", variant="seven")


def test_second_prepare_finds_the_set_already_prepared(tmp_path: Path, raw: Path) -> None:
    first = prepare("fer2013", raw=raw, data_dir=tmp_path)
    files = {path: path.stat().st_mtime_ns for path in first.path.iterdir()}
    second = prepare("fer2013", raw=raw, data_dir=tmp_path)
    assert (first.already_prepared, second.already_prepared) == (False, True)
    assert second.counts == first.counts
    assert {path: path.stat().st_mtime_ns for path in second.path.iterdir()} == files


def test_changed_source_is_prepared_anew_and_decoded_anew(tmp_path: Path) -> None:
    config = DataConfig(directory=str(tmp_path / "tfds"))
    write_labelled(tmp_path / "raw", FACES)
    prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    before = open_split(config, "test")
    first = next((tmp_path / "raw" / "test").iterdir())
    other = next(path for path in (tmp_path / "raw" / "test").iterdir() if path != first)
    first.write_bytes(other.read_bytes())
    again = prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    assert not again.already_prepared
    after = open_split(config, "test")
    assert after.digest != before.digest
    # Who had the old set open keeps it.
    assert len(before.images.sum(axis=(1, 2, 3))) == len(before)


def test_prepared_set_does_not_depend_on_the_layout_it_came_in(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", FACES, header=["emotion", "pixels", "Usage"])
    write_csv(tmp_path / "b.csv", FACES, header=["emotion", " Usage", " pixels"])
    digests = []
    for name in ("a", "b"):
        prepare("fer2013", raw=tmp_path / f"{name}.csv", data_dir=tmp_path / name)
        split = open_split(DataConfig(directory=str(tmp_path / name)), "train")
        digests.append(split.digest)
    assert digests[0] == digests[1]


def test_train_without_test_prepares_what_there_is(tmp_path: Path) -> None:
    train = [face for face in FACES if face.part == "train"]
    write_csv(tmp_path / "train.csv", train, header=["emotion", "pixels"])
    prepared = prepare("fer2013", raw=tmp_path / "train.csv", data_dir=tmp_path)
    assert list(prepared.counts) == ["train", "validation"]


def test_broken_image_is_skipped_named_and_counted(tmp_path: Path) -> None:
    write_folders(tmp_path / "raw", FACES)
    (tmp_path / "raw" / "train" / "happy" / "Training_0.jpg").write_bytes(b"not an image")
    prepared = prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    assert list(prepared.skipped) == ["Training_0.jpg"]
    assert prepared.counts["train"]["happiness"] + prepared.counts["validation"]["happiness"] == 9
    again = prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    assert again.skipped == prepared.skipped


def test_mostly_broken_download_is_an_error(tmp_path: Path) -> None:
    write_folders(tmp_path / "raw", FACES)
    for path in (tmp_path / "raw" / "train").rglob("*.jpg"):
        path.write_bytes(b"not an image")
    with pytest.raises(InputError, match=r"70 of 91 images .* cannot be read, the first: Train"):
        prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    assert list_prepared(tmp_path / "tfds") == []


def test_drawn_faces_need_no_download_and_bring_their_truth(tmp_path: Path) -> None:
    numbers = DrawnNumbers(num_train=12, num_validation=6, num_test=6, seed=1)
    prepared = prepare("drawn_faces", data_dir=tmp_path, options=numbers)
    assert {split: sum(of.values()) for split, of in prepared.counts.items()} == {
        "train": 12,
        "validation": 6,
        "test": 6,
    }
    assert prepare("drawn_faces", data_dir=tmp_path, options=numbers).already_prepared
    split = open_split(DataConfig(name="drawn_faces", directory=str(tmp_path)), "train")
    assert split.images.shape == (12, 64, 64, 3)
    assert split.extras["landmarks"].shape == (12, 68, 2)
    assert split.extras["landmarks"].dtype == np.float32
    assert split.extras["evidence"].shape == (12, 64, 64)
    assert split.extras["intensity"].shape == (12,)
    more = DrawnNumbers(num_train=13, num_validation=6, num_test=6, seed=1)
    assert not prepare("drawn_faces", data_dir=tmp_path, options=more).already_prepared


@pytest.mark.parametrize(
    ("name", "variant", "message"),
    [
        ("fer2031", "six", "no data set 'fer2031', did you mean 'fer2013'"),
        ("fer2013", "seve", "no variant 'seve', did you mean 'seven'"),
        ("drawn_faces", "seven", "drawn_faces has no variant 'seven'"),
        ("fer2013", "six", "give its zip, folder or csv with --raw PATH"),
    ],
)
def test_wrong_names_are_one_line_with_the_mend(
    tmp_path: Path, name: str, variant: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        prepare(name, data_dir=tmp_path, variant=variant)


def test_a_name_that_another_source_has_taken_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "fer.csv", FACES, header=["emotion", "pixels", "Usage"])
    fer = Request("fer2013", raw=tmp_path / "fer.csv", set_name="mine")
    assert not prepare_request(fer, data_dir=tmp_path / "tfds").already_prepared
    table = Request("table", raw=tmp_path / "fer.csv", set_name="mine")
    for variant in ("six", "seven"):
        with pytest.raises(InputError, match="a set prepared from fer2013; choose another --set-n"):
            prepare_request(dataclasses.replace(table, variant=variant), data_dir=tmp_path / "tfds")
    assert prepare_request(fer, data_dir=tmp_path / "tfds").already_prepared


def test_metadata_that_is_no_table_is_prepared_anew(tmp_path: Path, raw: Path) -> None:
    prepared = prepare("fer2013", raw=raw, data_dir=tmp_path / "tfds")
    (prepared.path / "metadata.json").write_text("[]")
    assert not prepare("fer2013", raw=raw, data_dir=tmp_path / "tfds").already_prepared
