"""Which finished runs stand in for a training."""

from pathlib import Path

import pytest

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.recipes.reproduction_runs import find_finished, take_run
from gimefive_jax.runs import RunFolder
from tests.made_runs import make_run

_FACES = {"train": "a" * 64}


@pytest.fixture
def finished(tiny_config: ExperimentConfig, tmp_path: Path) -> tuple[RunFolder, ...]:
    # As `train` writes it: with the names of the categories.
    emotions = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")
    trained = configs.replace(tiny_config, {"model.emotions": emotions})
    make_run(tmp_path / "runs" / "seed0", trained, (0.5, 0.6, 0.7))
    longer = configs.replace(trained, {"seed": 1})
    make_run(tmp_path / "runs" / "seed1", longer, (0.5, 0.6))
    make_run(tmp_path / "runs" / "out" / "seed2", trained, (0.5, 0.6, 0.7))
    return find_finished([tmp_path / "runs"], outside=tmp_path / "runs" / "out")


def test_only_finished_runs_outside_the_tables_own_folder_are_found(
    finished: tuple[RunFolder, ...],
):
    assert [run.path.name for run in finished] == ["seed0"]


def test_a_run_of_the_same_settings_and_faces_is_taken(
    finished: tuple[RunFolder, ...], tiny_config: ExperimentConfig
):
    assert take_run(tiny_config, finished, _FACES) == finished[0]
    # What changes no parameter may differ.
    other = configs.replace(tiny_config, {"training.max_minutes": 3.0})
    assert take_run(other, finished, _FACES) == finished[0]


@pytest.mark.parametrize(
    "values", [{"seed": 1}, {"model.width": 0.125}, {"training.num_epochs": 4}]
)
def test_a_run_of_other_settings_is_not_taken(
    values: dict[str, object], finished: tuple[RunFolder, ...], tiny_config: ExperimentConfig
):
    assert take_run(configs.replace(tiny_config, values), finished, _FACES) is None


def test_a_run_of_other_faces_is_not_taken(
    finished: tuple[RunFolder, ...], tiny_config: ExperimentConfig
):
    assert take_run(tiny_config, finished, {"train": "b" * 64}) is None
