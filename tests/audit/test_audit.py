"""An audit of a prepared miniature whose faults are known."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.drawn_faces import draw_face
from data_prep.prepare import prepare, prepare_request
from data_prep.source import Request
from gimefive_jax import json_records
from gimefive_jax.audit import read_audit
from gimefive_jax.cli import main
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from tests.raw_fer2013 import RawFace, jpeg, write_labelled, zip_folder

CATEGORIES = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")


def _pixels(number: int) -> np.ndarray:
    drawn = draw_face(CATEGORIES[number % 6], seed=number).pixels
    return np.asarray(Image.fromarray(drawn).convert("L"))


def make_faulty_faces() -> list[RawFace]:
    """Fifteen faces of each category in train and four in test, and planted faults."""
    faces = [
        RawFace("Training", number, CATEGORIES[number % 6], _pixels(number)) for number in range(90)
    ]
    faces += [
        RawFace("PublicTest", number, CATEGORIES[number % 6], _pixels(number))
        for number in range(100, 124)
    ]
    return [
        *faces,
        # The numbers from 200: a train face in test; one with another label; one twice in train;
        # one mirrored in test; one brighter in train; one twice in test; a blank one.
        RawFace("PrivateTest", 200, "happiness", _pixels(0)),
        RawFace("Training", 201, "fear", _pixels(1)),
        RawFace("Training", 202, "sadness", _pixels(2)),
        RawFace("PrivateTest", 203, "anger", np.ascontiguousarray(_pixels(3)[:, ::-1])),
        RawFace("Training", 204, "disgust", np.clip(_pixels(4) * 1.2, 0, 255).astype(np.uint8)),
        RawFace("PrivateTest", 205, "disgust", _pixels(100)),
        RawFace("Training", 206, "fear", np.full((64, 64), 7, np.uint8)),
    ]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_labelled(folder / "fer", make_faulty_faces())
    return zip_folder(folder / "fer", folder / "fer.zip")


@pytest.fixture(scope="module")
def data(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    prepare("fer2013", raw=raw, data_dir=folder)
    return folder


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("audit") / "fer2013"
    words = ["data", "audit", "fer2013", "--fix", "--data-dir", str(data), "--out", str(out)]
    assert main(words) == 0
    return out


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _groups(out: Path, kind: str) -> list[set[int]]:
    """Numbers of the files of each group."""
    groups = defaultdict(set)
    for row in _read(out / "groups.csv"):
        if row["kind"] == kind:
            groups[row["group"]].add(int(row["file_name"].split("_")[1]))
    return list(groups.values())


def test_planted_copies_are_the_groups(out: Path) -> None:
    assert sorted(map(sorted, _groups(out, "equal"))) == [[0, 200], [1, 201], [2, 202], [100, 205]]
    assert sorted(map(sorted, _groups(out, "near"))) == [[3, 203], [4, 204]]
    mirrored = {
        row["file_name"].split("_")[1]
        for row in _read(out / "groups.csv")
        if row["mirrored"] == "1"
    }
    assert mirrored == {"3", "203"}


def test_counts_are_those_of_the_plan(out: Path) -> None:
    summary = json.loads((out / "audit.json").read_text())
    assert json_records.to_json(read_audit(out)) == summary
    assert summary["equal"] == {
        "groups": 4,
        "faces": 8,
        "largest": 2,
        "within_train": 2,
        "within_test": 1,
        "across_train_and_test": 1,
        "contradicting": 1,
        "chained": 0,
        "test_faces_in_train": 1,
        "identical_files": 4,
    }
    assert summary["near"]["across_train_and_test"] == 1
    assert summary["near"]["within_train"] == 1
    assert summary["near"]["with_mirrored"] == 1
    assert summary["blank"] == 1
    assert summary["faces"] == 121
    assert summary["originals"] == [
        {"width": 64, "height": 64, "mode": "L", "format": "JPEG", "files": 121}
    ]
    assert sum(summary["faces_per_split"]["test"].values()) == 27


def test_cross_pairs_are_those_of_the_files_own_bytes(out: Path) -> None:
    """The independent check: hash the files as they came and compare the sets of pairs."""
    files = defaultdict(lambda: (set(), set()))
    for face in make_faulty_faces():
        files[jpeg(face.pixels)][face.part == "test"].add(face.number)
    wanted = {(a, b) for train, test in files.values() for a in train for b in test}
    found = defaultdict(lambda: (set(), set()))
    for row in _read(out / "groups.csv"):
        if row["kind"] == "equal":
            number = int(row["file_name"].split("_")[1])
            found[row["file_sha256"]][row["split"] == "test"].add(number)
    assert {(a, b) for train, test in found.values() for a in train for b in test} == wanted
    assert wanted == {(0, 200)}


def test_blank_face_is_listed(out: Path) -> None:
    [row] = _read(out / "blank.csv")
    assert row["file_name"].startswith("Training_206_")
    assert float(row["standard_deviation"]) < 1
    assert float(row["flat_share"]) == 1


def test_exclusions_follow_the_policy_and_spare_test(out: Path) -> None:
    reasons = {
        int(row["file_name"].split("_")[1]): row["reason"] for row in _read(out / "exclusions.csv")
    }
    # Which of two equal faces comes first depends on the carving of validation.
    repeated = {2, 202} & reasons.keys()
    assert len(repeated) == 1
    assert reasons.keys() - repeated == {0, 1, 3, 201, 206}
    assert reasons[0] == "equal to test face PrivateTest_200_happiness.jpg"
    assert reasons[1] == reasons[201] == "equal pictures labelled fear and surprise"
    assert reasons[3] == "near-duplicate of test face PrivateTest_203_anger.jpg"
    assert reasons[206] == "blank"


def test_prepare_honours_the_list_and_a_second_audit_is_clean(
    out: Path, raw: Path, tmp_path: Path
) -> None:
    request = Request("fer2013", raw=raw, exclude=out / "exclusions.csv")
    prepared = prepare_request(request, data_dir=tmp_path / "data")
    listed = {row["file_name"] for row in _read(out / "exclusions.csv")}
    assert prepared.excluded == len(listed) == 6
    assert prepared.counts["test_deduplicated"] == prepared.counts["test"]
    config = DataConfig(directory=str(tmp_path / "data"))
    left = {
        name for part in ("train", "validation") for name in open_split(config, part).file_names
    }
    assert not left & listed
    assert len(left) == 94 - 6
    words = ["data", "audit", "fer2013", "--fix", "--data-dir", str(tmp_path / "data")]
    assert main([*words, "--out", str(tmp_path / "again")]) == 0
    assert _read(tmp_path / "again" / "exclusions.csv") == []
    assert _groups(tmp_path / "again", "equal") == [{100, 205}]


def test_audit_replaces_an_older_one_but_nothing_else(
    out: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "audit", "fer2013", "--data-dir", str(data), "--out"]
    folder = tmp_path / "audit"
    assert main([*words, str(folder)]) == 0
    (folder / "stale.txt").write_text("old")
    assert main([*words, str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    # Without --fix there is no list.
    assert names == {"audit.json", "groups.csv", "blank.csv", "index.html"}
    assert main([*words, str(folder), "--fix"]) == 0
    listed = (folder / "exclusions.csv").read_bytes()
    capsys.readouterr()
    # A set may have been prepared by the list that is there.
    assert main([*words, str(folder)]) == 0
    assert (folder / "exclusions.csv").read_bytes() == listed
    assert "exclusions.csv there is that of an earlier audit" in capsys.readouterr().out
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    assert main([*words, str(tmp_path / "mine")]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_unprepared_set_is_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "audit", "fer2031", "--data-dir", str(data)]) == 2
    assert "did you mean 'fer2013'" in capsys.readouterr().err
