"""An export that ends early goes on, and leaves the bytes of one that was never interrupted."""

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax import files
from gimefive_jax.api import Classifier, load
from gimefive_jax.config import replace
from gimefive_jax.data import Split
from gimefive_jax.errors import InputError
from gimefive_jax.explained.manifest import ManifestRow
from gimefive_jax.explained.opened import open_export
from gimefive_jax.explained.writer import ShardWriter
from tests.explained.test_export import files_of

SHARD, LAYERS = 8, ("block5/activation", "block3/activation")
OPTIONS = {"layers": LAYERS, "targets": "all", "activations": True, "pictures": "none"}


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("arrays", "export", "plan", "writer"):
        monkeypatch.setattr(f"gimefive_jax.explained.{module}.SHARD", SHARD)


@pytest.fixture(scope="module")
def classifier(tiny_run: Path) -> Classifier:
    found = load(tiny_run)
    # Batches that do not divide a shard: three of them, the last one filled up.
    return dataclasses.replace(found, config=replace(found.config, {"explanation.batch_size": 3}))


@pytest.fixture(scope="module")
def split(classifier: Classifier) -> Split:
    return classifier.open_split("test")


@pytest.fixture(scope="module")
def whole(classifier: Classifier, split: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        for module in ("arrays", "export", "plan", "writer"):
            patch.setattr(f"gimefive_jax.explained.{module}.SHARD", SHARD)
        folder = tmp_path_factory.mktemp("whole") / "out"
        classifier.export_explanations(split, folder, **OPTIONS)
    return folder


class _Killed(BaseException):
    """As a signal that nobody handles."""


def _kill_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the export at its `step`-th write of anything."""
    count = iter(range(step))

    def counted(function):
        def call(*args, **kwargs):
            if next(count, None) is None:
                raise _Killed
            return function(*args, **kwargs)

        return call

    for name in (
        "writer.write_shard",
        "writer.write_part",
        "export.join_parts",
        "export.write_pictures",
    ):
        module, function = f"gimefive_jax.explained.{name}".rsplit(".", 1)
        original = getattr(__import__(module, fromlist=[function]), function)
        monkeypatch.setattr(f"{module}.{function}", counted(original))


# Each shard of the four writes 19 arrays and a part; then come the tables and the pictures.
_STEPS = [pytest.param(step, marks=pytest.mark.heavy) for step in (0, 19, 20, 40, 79, 80)]


@pytest.mark.parametrize("step", [7, 33, 81, *_STEPS])
def test_what_is_interrupted_goes_on_to_the_same_bytes(
    classifier: Classifier,
    split: Split,
    whole: Path,
    step: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    with monkeypatch.context() as patch:
        _kill_at(step, patch)
        with pytest.raises(_Killed):
            classifier.export_explanations(split, tmp_path / "out", **OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["out.unfinished"]
    written = []
    with monkeypatch.context() as patch:
        write = ShardWriter._write
        patch.setattr(
            ShardWriter, "_write", lambda self, *a: (written.append(a[0]), write(self, *a))
        )
        classifier.export_explanations(split, tmp_path / "out", **OPTIONS)
    assert written == list(range(min(step // 20, 4), 4))
    assert files_of(tmp_path / "out") == files_of(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _interrupt(classifier: Classifier, split: Split, folder: Path, **options: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _kill_at(45, patch)
        with pytest.raises(_Killed):
            classifier.export_explanations(split, folder, **{**OPTIONS, **options})


@pytest.mark.parametrize(
    "changed",
    [
        {"targets": "label"},
        pytest.param({"layers": LAYERS[::-1]}, marks=pytest.mark.heavy),
        pytest.param({"methods": "gradcam"}, marks=pytest.mark.heavy),
        pytest.param({"activations": False}, marks=pytest.mark.heavy),
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_plan_begins_anew_and_says_so(
    classifier: Classifier,
    split: Split,
    changed: dict[str, object],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    _interrupt(classifier, split, tmp_path / "out")
    options = {**OPTIONS, **changed}
    classifier.export_explanations(split, tmp_path / "out", **options, progress=True)
    assert "begins anew" in capsys.readouterr().err
    classifier.export_explanations(split, tmp_path / "other", **options)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "other")


def test_another_choice_of_pictures_begins_nothing_anew(
    classifier: Classifier, split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _interrupt(classifier, split, tmp_path / "out")
    few = {**OPTIONS, "pictures": "sample"}
    classifier.export_explanations(split, tmp_path / "out", **few, progress=True)
    assert "16 of 30 faces are done" in capsys.readouterr().err
    export = open_export(tmp_path / "out")
    names = {path.name for path in (export.folder / "pictures").iterdir()}
    faces = {name.split(".")[0] for name in names}
    assert names == {f"{face}{end}" for face in faces for end in (".png", ".activations.png")}
    of_each = Counter(row.label for row in export.rows if _picture(row) in faces)
    assert set(of_each) == set(split.emotions)


def _picture(row: ManifestRow) -> str:
    return f"{row.index:06d}-{row.predicted}" if row.target == row.predicted else ""


def test_damage_to_a_finished_shard_begins_there(
    classifier: Classifier, split: Split, whole: Path, tmp_path: Path
):
    _interrupt(classifier, split, tmp_path / "out")
    results = tmp_path / "out.unfinished" / "results"
    chunk = results / "heat_maps" / "gradcam.block3-activation.zarr" / "c" / "1" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-4])
    classifier.export_explanations(split, tmp_path / "out", **OPTIONS)
    assert files_of(tmp_path / "out") == files_of(whole)


def test_two_exports_to_one_folder_are_refused(
    classifier: Classifier, split: Split, tmp_path: Path
):
    with (
        files.only_one(tmp_path / "out.unfinished", doing="written"),
        pytest.raises(InputError, match=r"out\.unfinished.*another process"),
    ):
        classifier.export_explanations(split, tmp_path / "out", **OPTIONS)


def test_a_folder_of_somebody_else_is_left_alone(
    classifier: Classifier, split: Split, tmp_path: Path
):
    (tmp_path / "out.unfinished").mkdir()
    (tmp_path / "out.unfinished" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"out\.unfinished holds other files"):
        classifier.export_explanations(split, tmp_path / "out", **OPTIONS)
    assert (tmp_path / "out.unfinished" / "thesis.txt").read_text() == "mine"


def test_exports_of_the_same_say_neither_when_nor_where(whole: Path):
    said = (whole / "explanation.json").read_text()
    reproduction = json.loads(said)["reproduction"]
    assert reproduction["methods"]["hirescam"]["definition"].endswith("hirescam")
    assert reproduction["versions"]["jax"]
    assert reproduction["network"]["width"] == 0.0625
    assert str(whole.parent) not in said


def test_every_category_is_what_one_category_at_a_time_gives(
    classifier: Classifier, split: Split, whole: Path, tmp_path: Path
):
    export = open_export(whole)
    maps = np.asarray(export.heat_maps("hirescam", LAYERS[0]))
    assert maps.shape == (30, 6, 2, 2)
    assert [(row.row, row.target) for row in export.rows[:7]] == [
        *((0, emotion) for emotion in split.emotions),
        (1, split.emotions[0]),
    ]
    classifier.export_explanations(split, tmp_path / "fear", targets="fear", pictures="none")
    one = open_export(tmp_path / "fear")
    alone = np.asarray(one.heat_maps("hirescam", LAYERS[0]))
    label = split.emotions.index("fear")
    np.testing.assert_allclose(maps[:, label], alone, atol=1e-6 * np.abs(alone).max())
    rows = [row for row in export.rows if row.target == "fear"]
    for row, wanted in zip(rows, one.rows, strict=True):
        assert (row.file_name, row.predicted) == (wanted.file_name, wanted.predicted)
        assert row.score == pytest.approx(wanted.score, abs=1e-5)
