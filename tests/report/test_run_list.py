from pathlib import Path

import pytest

from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.errors import InputError
from gimefive_jax.report.run_folders import RunSummary, read_run
from gimefive_jax.report.run_list import list_table
from gimefive_jax.report.tables import Table
from gimefive_jax.runs import RunFolder
from tests.made_runs import make_run

_CONFIG = replace(ExperimentConfig(), {"training.num_epochs": 3})


def _column(table: Table, name: str) -> list[object]:
    place = [column.name for column in table.columns].index(name)
    return [row[place] for row in table.rows]


@pytest.fixture
def summaries(tmp_path: Path) -> list[RunSummary]:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "metrics.csv").write_text("garbage")
    return [
        read_run(RunFolder(make_run(tmp_path / "b", _CONFIG, [0.5], test=0.45))),
        read_run(RunFolder(make_run(tmp_path / "a", _CONFIG, [0.1, 0.7, 0.2]))),
        read_run(RunFolder(make_run(tmp_path / "c", _CONFIG, []))),
        read_run(RunFolder(tmp_path / "d")),
    ]


def test_every_run_has_a_row(summaries: list[RunSummary]):
    table = list_table(summaries)
    assert [Path(str(name)).name for name in _column(table, "run")] == ["a", "b", "c", "d"]
    assert _column(table, "state") == ["finished", "unfinished", "unfinished", "damaged"]
    assert _column(table, "epochs") == [3, 1, 0, 0]
    assert _column(table, "test_accuracy") == [None, 0.45, None, None]
    problem = _column(table, "problems")[-1]
    assert "holds no config.json" in str(problem)
    assert "metrics.csv is damaged" in str(problem)


def test_the_best_comes_first_and_what_has_no_value_last(summaries: list[RunSummary]):
    table = list_table(summaries, sort="best_validation_accuracy")
    assert _column(table, "best_validation_accuracy") == [0.7, 0.5, None, None]


def test_an_unknown_column_names_the_nearest(summaries: list[RunSummary]):
    with pytest.raises(InputError, match="did you mean 'test_accuracy'"):
        list_table(summaries, sort="test_acuracy")
