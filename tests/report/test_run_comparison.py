import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.errors import InputError
from gimefive_jax.report.run_comparison import _together, comparison_tables, machine_table
from gimefive_jax.report.run_curves import MOST_GROUPS, plot_groups
from gimefive_jax.report.run_folders import read_run
from gimefive_jax.report.run_groups import Comparison, compare_runs
from gimefive_jax.report.tables import text
from gimefive_jax.runs import RunFolder
from tests.made_runs import make_run

_SLOW = (0.501, 0.523, 0.498)
_FAST = (0.541, 0.577)


def _runs(folder: Path, **values: object) -> list[Path]:
    """Three seeds of one rate and two of another; the free fields differ everywhere."""
    folders = []
    for rate, bests in ((1e-3, _SLOW), (1e-2, _FAST)):
        for seed, best in enumerate(bests):
            fields = {
                "seed": seed,
                "optimizer.learning_rate": rate,
                "training.num_epochs": 3,
                "training.max_minutes": float(seed),
                "data.directory": f"/there/{seed}",
                "explanation.layers": (f"block{seed}",),
                **values,
            }
            config = replace(ExperimentConfig(), fields)
            accuracies = [best - 0.1, best, best - 0.05]
            folders.append(
                make_run(folder / f"{rate}-{seed}", config, accuracies, test=best - 0.02)
            )
    return folders


def _compare(folders: list[Path]) -> Comparison:
    return compare_runs([read_run(RunFolder(folder)) for folder in folders])


def test_runs_that_differ_by_seed_alone_are_a_group(tmp_path: Path):
    comparison = _compare(_runs(tmp_path))
    assert [group.seeds for group in comparison.groups] == [[0, 1, 2], [0, 1]]
    assert comparison.fields == ("optimizer.learning_rate",)
    assert [group.name for group in comparison.groups] == [
        "A: learning_rate=0.001",
        "B: learning_rate=0.01",
    ]


def test_mean_and_spread_are_numpys_and_the_interval_scipys(tmp_path: Path):
    comparison = _compare(_runs(tmp_path))
    machine = machine_table(comparison)
    names = [column.name for column in machine.columns]
    for row, bests in zip(machine.rows, (_SLOW, _FAST), strict=True):
        found = dict(zip(names, row, strict=True))
        assert found["validation_n"] == len(bests)
        assert found["validation_mean"] == pytest.approx(np.mean(bests))
        assert found["validation_deviation"] == pytest.approx(np.std(bests, ddof=1))
        assert (found["validation_low"], found["validation_high"]) == (min(bests), max(bests))
        assert found["test_mean"] == pytest.approx(np.mean(bests) - 0.02)
        assert (found["test_deduplicated_n"], found["test_deduplicated_mean"]) == (0, None)
    wanted = stats.ttest_ind(_FAST, _SLOW, equal_var=False).confidence_interval(0.95)
    difference = comparison_tables(comparison)[-1].rows[0]
    assert difference[:2] == ("best validation", "B - A")
    assert difference[2:] == pytest.approx([np.mean(_FAST) - np.mean(_SLOW), *wanted])


def test_a_person_reads_fields_and_spreads(tmp_path: Path):
    shown = "\n".join(map(text, comparison_tables(_compare(_runs(tmp_path)))))
    assert "group  optimizer.learning_rate\nA                        0.001\nB " in shown
    assert f"{tmp_path}/0.001-{{0,1,2}}\n" in shown
    assert not {"test_deduplicated", "unfinished"} & set(shown.split())
    assert "50.73%" in shown


def test_where_more_fields_differ_than_there_are_groups_the_fields_go_down(tmp_path: Path):
    one = make_run(tmp_path / "a", ExperimentConfig(), [0.5])
    fields = {"model.name": "vgg", "optimizer.learning_rate": 0.01, "training.batch_size": 32}
    other = make_run(tmp_path / "b", replace(ExperimentConfig(), fields), [0.5])
    shown = "\n".join(map(text, comparison_tables(_compare([one, other]))))
    assert "optimizer.learning_rate     0.001  0.01\n" in shown
    assert "model.name               gimefive   vgg\n" in shown


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a"], "a"),
        (["run-1", "run-12"], "run-1{,2}"),
        (["seed0/run", "seed11/run"], "seed{0,11}/run"),
        (["a,1", "b,c"], "a,1, b,c"),
        (["one", "two"], "one, two"),
    ],
)
def test_runs_of_a_group_are_named_together(names: list[str], told: str):
    assert _together(names) == told


def test_no_interval_without_two_seeds_in_each_group(tmp_path: Path):
    folders = _runs(tmp_path)
    tables = comparison_tables(_compare([*folders[:3], folders[3]]))
    assert not any("Differences" in table.title for table in tables)


def test_the_first_named_group_is_the_one_compared_with(tmp_path: Path):
    folders = _runs(tmp_path)
    comparison = _compare([*folders[3:], *folders[:3]])
    assert [group.seeds for group in comparison.groups] == [[0, 1], [0, 1, 2]]


def test_a_copy_of_a_run_is_no_second_seed(tmp_path: Path):
    folders = [*_runs(tmp_path / "a"), *_runs(tmp_path / "b")[:1]]
    comparison = _compare(folders)
    assert [group.seeds for group in comparison.groups] == [[0, 1, 2], [0, 1]]
    [line] = comparison.left_out
    assert "b/0.001-0 repeats" in line


def test_the_same_settings_on_other_faces_are_another_group(tmp_path: Path):
    first = make_run(tmp_path / "a", ExperimentConfig(), [0.5], faces="a" * 64)
    other = make_run(tmp_path / "b", ExperimentConfig(seed=1), [0.5], faces="b" * 64)
    comparison = _compare([first, other])
    assert comparison.fields == ("train faces",)
    assert [group.fields["train faces"] for group in comparison.groups] == ["a" * 8, "b" * 8]


def test_damaged_runs_are_left_out_by_name(tmp_path: Path):
    folders = _runs(tmp_path)
    (folders[0] / "config.json").write_text("{")
    comparison = _compare(folders)
    assert comparison.groups[0].seeds == [1, 2]
    assert "0.001-0/config.json is not a readable" in comparison.left_out[0]
    with pytest.raises(InputError, match="no run that can be compared"):
        _compare(folders[:1])


def test_runs_without_an_epoch_count_as_nothing(tmp_path: Path):
    comparison = _compare([make_run(tmp_path / "a", ExperimentConfig(), [])])
    row = dict(
        zip(
            [column.name for column in machine_table(comparison).columns],
            machine_table(comparison).rows[0],
            strict=True,
        )
    )
    assert (row["validation_n"], row["validation_mean"], row["unfinished"]) == (0, None, 1)
    with pytest.raises(InputError, match="no run has an epoch to draw"):
        plot_groups(comparison, tmp_path / "curves.png")


def test_curves_are_a_picture(tmp_path: Path):
    plot_groups(_compare(_runs(tmp_path)), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"


def test_more_groups_than_can_be_told_apart_are_not_drawn(tmp_path: Path):
    comparison = _compare([make_run(tmp_path / "a", ExperimentConfig(), [0.5])])
    many = dataclasses.replace(comparison, groups=comparison.groups * (MOST_GROUPS + 1))
    with pytest.raises(InputError, match="too many for one picture"):
        plot_groups(many, tmp_path / "curves.png")
