"""A table of real trainings on drawn data: kept, added to, taken from elsewhere, interrupted."""

import dataclasses
import math
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from data_prep.prepare import prepare
from gimefive_jax.api import load
from gimefive_jax.config import DataConfig, ExperimentConfig, FieldValue, replace
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation import read_evaluation
from gimefive_jax.recipes import sweep as sweeping
from gimefive_jax.recipes.reproduce import (
    PAGE,
    ReproductionPlan,
    ReproductionResult,
    preview,
    reproduce,
)
from gimefive_jax.report.reproduced import TABLE, RowResult, read_reproduction
from gimefive_jax.runs import RunFolder
from gimefive_jax.training.loop import TrainResult
from gimefive_jax.training.stop_policy import Ending
from tests.raw_fer2013 import make_faces, write_csv

_TINY: Mapping[str, FieldValue] = {
    "data.image_size": 32,
    "model.width": 0.0625,
    "model.depth": 2,
    "optimizer.learning_rate": 0.05,
    "training.num_epochs": 1,
    "evaluation.batch_size": 16,
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a drawn set in the layout of FER2013."""
    root = tmp_path_factory.mktemp("drawn_fer2013")
    _prepare(root, num_train=14)
    return root / "prepared"


def _prepare(root: Path, *, num_train: int) -> None:
    faces = make_faces(num_train=num_train)
    write_csv(root / "fer.csv", faces, header=["emotion", "pixels", "Usage"])
    prepare("fer2013", raw=root / "fer.csv", data_dir=root / "prepared")


def _plan(out: Path, prepared: Path) -> ReproductionPlan:
    return ReproductionPlan(
        table="paper",
        out=out,
        names=("gimefive",),
        data=("fer2013",),
        values=_TINY,
        data_directory=str(prepared),
    )


@pytest.fixture
def plan(prepared: Path, tmp_path: Path) -> ReproductionPlan:
    return _plan(tmp_path / "out", prepared)


@pytest.fixture(scope="module")
def done(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a table with one row trained and measured; whoever changes it takes a copy."""
    out = tmp_path_factory.mktemp("done") / "out"
    assert _only(_reproduce(_plan(out, prepared))).state == "measured"
    return out


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds that are trained, in order."""
    seeds: list[int] = []
    train = sweeping.train

    def noting(config: ExperimentConfig, folder: Path, *, progress: bool = True) -> TrainResult:
        seeds.append(config.seed)
        return train(config, folder, progress=progress)

    monkeypatch.setattr(sweeping, "train", noting)
    return seeds


def _reproduce(plan: ReproductionPlan, **changes: object) -> ReproductionResult:
    changed = dataclasses.replace(plan, **changes)  # type: ignore[arg-type]
    return reproduce(changed, say=lambda line: None, progress=False)


def _only(result: ReproductionResult) -> RowResult:
    [row] = result.chosen
    return row


def test_a_row_is_trained_and_measured_kept_and_added_to(
    plan: ReproductionPlan, trained: list[int]
):
    result = _reproduce(plan)
    row = _only(result)
    assert (result.ending, row.state, trained) == ("done", "measured", [0])
    # Six faces of Public, Private and copies of train each: the copies are left out.
    assert {split: score.count for split, score in row.runs[0].tests.items()} == {
        "test": 18,
        "test_deduplicated": 12,
    }
    evaluation = load(row.runs[0].run).evaluate("test")
    assert row.runs[0].tests["test"].correct == evaluation.correct
    assert row.difference == pytest.approx(evaluation.accuracy - 0.675)
    assert row.settings["model.width"] == "0.0625"
    # The whole table is there, and says what is missing.
    assert len(result.table.rows) == 20
    missing = {one.data_title for one in result.table.rows if one.prepare}
    assert missing == {"RAF-DB", "aggregate"}
    assert read_reproduction(plan.out) == result.table
    assert {path.name for path in plan.out.iterdir() if path.is_file()} >= {
        TABLE, "table.csv", "table.md", "runs.csv", PAGE
    }  # fmt: skip
    # Nothing is done twice, neither training nor measuring.
    [measured] = plan.out.glob("*/trials/*/evaluation/fer2013-test/metrics.json")
    written = measured.stat().st_mtime_ns
    assert _reproduce(plan).table == result.table
    assert (trained, measured.stat().st_mtime_ns) == ([0], written)
    added = _only(_reproduce(plan, num_seeds=2))
    assert (trained, added.state, len(added.runs)) == ([0, 1], "measured", 2)
    assert added.runs[0] == row.runs[0]
    # A call that asks for fewer keeps them.
    assert _only(_reproduce(plan)).runs == added.runs


def test_a_finished_run_elsewhere_is_taken(plan: ReproductionPlan, done: Path, trained: list[int]):
    [there] = (row for row in read_reproduction(done).rows if row.runs)
    row = _only(_reproduce(plan, take_from=(done,), num_seeds=2))
    assert (row.runs[0], trained) == (there.runs[0], [1])


@pytest.mark.heavy
def test_an_unfinished_row_is_measured_as_it_stands_and_goes_on(
    plan: ReproductionPlan, monkeypatch: pytest.MonkeyPatch
):
    train = sweeping.train

    def stopping(config: ExperimentConfig, folder: Path, *, progress: bool = True) -> TrainResult:
        result = train(replace(config, {"training.num_epochs": 1}), folder, progress=progress)
        run = RunFolder(folder)
        run.write_config(replace(run.read_config(), {"training.num_epochs": 2}))
        return dataclasses.replace(result, ending="out of time")

    longer = {**_TINY, "training.num_epochs": 2}
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "train", stopping)
        row = _only(_reproduce(plan, values=longer))
    assert (row.state, row.runs[0].state, row.runs[0].epochs) == ("unfinished", "unfinished", 1)
    assert set(row.runs[0].tests) == {"test", "test_deduplicated"}
    finished = _only(_reproduce(plan, values=longer))
    assert (finished.state, finished.runs[0].epochs) == ("measured", 2)


def test_without_minutes_left_nothing_is_trained_and_the_table_is_written(
    plan: ReproductionPlan, trained: list[int]
):
    result = _reproduce(plan, max_minutes=1e-9)
    assert (result.ending, _only(result).state, trained) == ("out of time", "waiting", [])
    assert read_reproduction(plan.out) == result.table


@pytest.mark.parametrize("ending", ["interrupted", "terminated"])
def test_an_interruption_ends_the_call_and_leaves_the_row_as_it_was(
    ending: Ending, plan: ReproductionPlan, monkeypatch: pytest.MonkeyPatch
):
    seen: list[Path] = []

    def interrupted(
        config: ExperimentConfig, folder: Path, *, progress: bool = True
    ) -> TrainResult:
        seen.append(folder)
        return TrainResult(ending, step=0, best_step=None, best_accuracy=0.0, rows=[])

    monkeypatch.setattr(sweeping, "train", interrupted)
    result = _reproduce(plan, names=("gimefive", "vgg"))
    assert (result.ending, len(seen)) == (ending, 1)
    assert [row.state for row in result.chosen] == ["waiting", "waiting"]


def test_a_row_that_cannot_be_trained_says_why_and_the_next_goes_on(plan: ReproductionPlan):
    gated = {**_TINY, "model.squeeze_excite": "on"}
    result = _reproduce(plan, names=("resnet18", "resnet34"), values=gated)
    assert [row.state for row in result.chosen] == ["failed", "failed"]
    for row in result.chosen:
        assert f"{row.name} has no place for a squeeze-excite" in row.runs[0].reason


def test_other_settings_and_another_table_are_refused(plan: ReproductionPlan, done: Path):
    shutil.copytree(done, plan.out)
    with pytest.raises(InputError, match=r"model\.width=0\.0625.*model\.width=0\.125"):
        _reproduce(plan, values={**_TINY, "model.width": 0.125})
    with pytest.raises(InputError, match="holds the table paper, not ours"):
        _reproduce(plan, table="ours", names=("small",))
    assert read_reproduction(plan.out) == read_reproduction(done)


def test_a_run_of_other_faces_than_there_are_now_is_no_result(
    plan: ReproductionPlan, done: Path, tmp_path: Path
):
    shutil.copytree(done, plan.out)
    _prepare(tmp_path, num_train=15)
    row = _only(_reproduce(plan, data_directory=str(tmp_path / "prepared")))
    assert row.state == "failed"
    assert "was trained on other faces" in row.runs[0].reason


def test_a_folder_of_something_else_is_left_alone(plan: ReproductionPlan):
    plan.out.mkdir()
    (plan.out / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="out"):
        _reproduce(plan)
    assert [path.name for path in plan.out.iterdir()] == ["thesis.tex"]


def test_a_preview_writes_nothing(plan: ReproductionPlan):
    _, found = preview(plan)
    assert {row.state for row in found.rows} == {"waiting", "data missing"}
    assert not plan.out.exists()


@pytest.mark.heavy
def test_shipped_weights_are_measured_with_both_views(plan: ReproductionPlan, prepared: Path):
    result = _reproduce(plan, table="ours", names=("small",), values={})
    plain, flip = result.chosen
    assert [(row.title, row.state, row.paper_accuracy) for row in result.chosen] == [
        ("small", "measured", 0.675),
        ("small --flip", "measured", 0.675),
    ]
    found = [
        read_evaluation(plan.out / row.folder / f"evaluation/fer2013-test{view}")
        for row, view in ((plain, ""), (flip, "-flip"))
    ]
    assert [evaluation.flip for evaluation in found] == [False, True]
    data = DataConfig(name="fer2013", directory=str(prepared))
    assert found[0] == load("small").evaluate("test", data=data)
    assert plain.runs[0].tests["test"].correct == found[0].correct


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"num_seeds": 0}, "seeds 0 must be at least 1"),
        ({"max_minutes": 0.0}, "max_minutes 0.0 must be positive"),
        ({"max_minutes": math.nan}, "max_minutes nan must be positive"),
    ],
)
def test_a_plan_that_is_none_is_refused(
    values: dict[str, float], message: str, plan: ReproductionPlan
):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(plan, **values)  # type: ignore[arg-type]
