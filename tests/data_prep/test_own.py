"""Data of one's own: other categories, another order, test faces alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from data_prep.own import OwnOptions
from data_prep.prepare import Prepared, prepare
from gimefive_jax import cli
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from gimefive_jax.errors import InputError
from tests.raw_affectnet import make_affectnet_faces, write_lists
from tests.raw_fer2013 import make_faces, write_csv, zip_folder
from tests.raw_folders import write_emotion_folders, write_table

NAMES = ("puzzled", "Bored", "keen eyes")


def prepare_folders(
    folder: Path, *, parts: Sequence[str] = (), categories: tuple[str, ...] = (), top: str = ""
) -> Prepared:
    write_emotion_folders(folder / "raw" / top, parts=parts, names=NAMES, per_folder=10)
    return prepare(
        "folders",
        raw=folder / "raw",
        data_dir=folder / "data",
        variant="own",
        options=OwnOptions(categories),
    )


@pytest.mark.parametrize("parts", [(), ("train", "test"), ("Training", "val", "testing")])
@pytest.mark.parametrize("top", ["", "archive/faces/"])
def test_folders_of_any_names_keep_them_sorted(tmp_path: Path, parts: Sequence[str], top: str):
    prepared = prepare_folders(tmp_path, parts=parts, top=top)
    assert list(prepared.counts["train"]) == ["Bored", "keen eyes", "puzzled"]
    assert (prepared.variant, prepared.left_out) == ("own", {})
    split = open_split(DataConfig("folders", "own", str(tmp_path / "data"), image_size=32), "train")
    assert split.emotions == ("Bored", "keen eyes", "puzzled")
    for name, label in zip(split.file_names, split.labels, strict=True):
        assert name.split("/")[-2] == split.emotions[label]


def test_given_names_have_the_given_order_and_others_are_left_out(tmp_path: Path):
    prepared = prepare_folders(tmp_path, categories=("puzzled", "Bored"))
    assert list(prepared.counts["train"]) == ["puzzled", "Bored"]
    assert prepared.left_out == {"keen eyes": 10}
    again = prepare_folders(tmp_path, categories=("Bored", "puzzled"))
    assert not again.already_prepared
    assert list(again.counts["train"]) == ["Bored", "puzzled"]


def test_a_name_without_faces_is_told(tmp_path: Path):
    with pytest.raises(InputError, match=r"needs angry, .* leave it out of --categories"):
        prepare_folders(tmp_path, categories=("puzzled", "angry"))
    with pytest.raises(InputError, match="puzzled, none of sad, angry"):
        prepare_folders(tmp_path, categories=("sad", "angry"))


def test_one_folder_is_nothing_to_tell_apart(tmp_path: Path):
    write_emotion_folders(tmp_path / "raw", names=NAMES[:1])
    with pytest.raises(InputError, match="at least two"):
        prepare("folders", raw=tmp_path / "raw", data_dir=tmp_path, variant="own")


def test_unknown_folders_are_named_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_emotion_folders(tmp_path / "raw", names=NAMES)
    words = ["data", "prepare", "folders", "--data-dir", str(tmp_path / "data")]
    words += ["--raw", str(tmp_path / "raw"), "--set-name", "mine"]
    assert cli.main(words) == 2
    line = capsys.readouterr().err
    assert all(fact in line for fact in (*NAMES, "--categories own"))
    assert cli.main([*words, "--categories", "own"]) == 0
    assert "mine/own: prepared in" in capsys.readouterr().out
    assert cli.main([*words, "--categories", "keen eyes", "Bored"]) == 0
    assert "mine/own: prepared in" in capsys.readouterr().out
    assert cli.main([*words, "--variant", "own", "--categories", "keen eyes", "Bored"]) == 0
    assert "already prepared" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["csv", "folder", "zip"])
def test_a_table_keeps_its_own_labels_numbers_by_value(tmp_path: Path, form: str):
    labels = ["10", "9", "2"]
    lines = ["file,label", *(f"images/{n}.jpg,{labels[n % 3]}" for n in range(30))]
    write_table(tmp_path / "set" / "labels.csv", lines, num_images=30)
    raw = {
        "csv": lambda: tmp_path / "set" / "labels.csv",
        "folder": lambda: tmp_path / "set",
        "zip": lambda: zip_folder(tmp_path / "set", tmp_path / "set.zip"),
    }[form]()
    prepared = prepare("table", raw=raw, data_dir=tmp_path / "data", variant="own")
    assert list(prepared.counts["train"]) == ["2", "9", "10"]


@pytest.mark.parametrize("categories", [(), ("puzzled", "sleepy", "Bored", "keen eyes")])
def test_test_faces_alone_are_a_set_to_measure_on(tmp_path: Path, categories: tuple[str, ...]):
    prepared = prepare_folders(tmp_path, parts=("test",), categories=categories)
    assert set(prepared.counts) == {"test", "test_deduplicated"}
    split = open_split(DataConfig("folders", "own", str(tmp_path / "data"), image_size=32), "test")
    assert len(split) == 30
    assert split.emotions == (categories or ("Bored", "keen eyes", "puzzled"))
    with pytest.raises(InputError, match="no split 'train'"):
        open_split(DataConfig("folders", "own", str(tmp_path / "data")), "train")


def test_test_faces_of_some_of_the_known_categories_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_emotion_folders(tmp_path / "raw", parts=("test",), names=("happy", "fear"))
    words = ["data", "prepare", "folders", "--raw", str(tmp_path / "raw"), "--set-name", "mine"]
    assert cli.main([*words, "--data-dir", str(tmp_path / "data")]) == 0
    assert "mine/six" in capsys.readouterr().out


def test_a_known_set_needs_faces_to_train_on(tmp_path: Path):
    faces = [face for face in make_faces() if face.usage != "Training"]
    write_csv(tmp_path / "fer2013.csv", faces, header=("emotion", "pixels", "Usage"))
    with pytest.raises(InputError, match="no such face to train on"):
        prepare("fer2013", raw=tmp_path / "fer2013.csv", data_dir=tmp_path)


@pytest.mark.parametrize("linked", [False, True])
def test_absolute_paths_inside_the_folder_of_the_csv_are_fine(tmp_path: Path, linked: bool):
    folder = tmp_path / "set"
    lines = [f"{folder}/images/{n}.jpg,{NAMES[n % 3]}" for n in range(30)]
    write_table(folder / "labels.csv", lines, num_images=30)
    if linked:
        (tmp_path / "link").symlink_to(folder)
        folder = tmp_path / "link"
    prepared = prepare("table", raw=folder / "labels.csv", data_dir=tmp_path / "d", variant="own")
    assert sum(sum(of.values()) for name, of in prepared.counts.items() if "_" not in name) == 30
    split = open_split(DataConfig("table", "own", str(tmp_path / "d"), image_size=32), "test")
    assert all(name.startswith("images/") for name in split.file_names)


def test_eight_has_contempt_last(tmp_path: Path):
    write_lists(tmp_path / "raw", make_affectnet_faces())
    prepared = prepare("affectnet", raw=tmp_path / "raw", data_dir=tmp_path, variant="eight")
    assert list(prepared.counts["train"])[-2:] == ["neutral", "contempt"]
    assert prepared.counts["train"]["contempt"] > 0
    assert "contempt" not in prepared.left_out


def test_a_category_named_like_a_column_of_results_is_refused(tmp_path: Path):
    write_emotion_folders(tmp_path / "raw", names=("target", "keen"))
    with pytest.raises(InputError, match=r"category 'target' .* rename it"):
        prepare("folders", raw=tmp_path / "raw", data_dir=tmp_path, variant="own")
