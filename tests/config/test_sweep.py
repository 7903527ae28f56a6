from pathlib import Path

import pytest

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig, Range, SweepConfig
from gimefive_jax.errors import InputError

_FILE = (
    "from gimefive_jax.config import *\n"
    "def get_sweep():\n    return SweepConfig(ExperimentConfig(seed=7), {'model.width': (0.5,)})\n"
)


@pytest.mark.parametrize("name", configs.sweep_names())
def test_every_shipped_sweep_is_found_by_its_name(name: str):
    assert isinstance(configs.load_sweep(name), SweepConfig)


def test_no_sweep_has_the_name_of_a_config():
    assert not set(configs.sweep_names()) & set(configs.config_names())


def test_a_config_can_be_swept_over():
    loaded = configs.load_sweep("gimefive_fer2013")
    assert loaded == configs.load_config("gimefive_fer2013")


def test_a_sweep_of_ones_own_is_loaded_from_its_file(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(_FILE)
    loaded = configs.load_sweep(str(path))
    assert isinstance(loaded, SweepConfig)
    assert (loaded.base.seed, loaded.fields) == (7, {"model.width": (0.5,)})


def test_a_sweep_is_no_config_to_train(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(_FILE)
    with pytest.raises(InputError, match="is a sweep; `gimefive sweep --config` runs it"):
        configs.load_config(str(path))


def test_an_unknown_sweep_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'paper_hyperparameters'"):
        configs.load_sweep("paper_hyperparameter")


def test_get_sweep_must_return_a_sweep(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text("def get_sweep():\n    return 3\n")
    with pytest.raises(InputError, match=r"get_sweep\(\) must return a SweepConfig"):
        configs.load_sweep(str(path))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fields": {"seed": (1, 2)}}, "seeds says which are trained"),
        ({"fields": {"model.width": ()}}, "must be a tuple of values, or a Range"),
        ({"fields": {"model.width": 0.5}}, "must be a tuple of values, or a Range"),
        ({"fields": {"model.width": (0.5, 0.5)}}, "is given twice"),
        ({"fields": {"model.width": Range(0.1, 0.5)}}, "a range is for a random search"),
        ({"search": "gird"}, "one of grid, random, each"),
        ({"search": "random"}, "num_settings 0 must be positive"),
        ({"num_settings": 4}, "num_settings 4 is for a random search"),
        ({"seeds": ()}, "one or more different numbers"),
        ({"seeds": (1, 1)}, "one or more different numbers"),
        ({"draw_seed": -1}, "must not be negative"),
    ],
)
def test_a_wrong_sweep_names_value_and_rule(values: dict[str, object], message: str):
    right: dict[str, object] = {"base": ExperimentConfig(), "fields": {"model.width": (0.5, 1.0)}}
    with pytest.raises(InputError, match=message):
        SweepConfig(**{**right, **values})


@pytest.mark.parametrize(
    ("low", "high", "log"),
    [(1.0, 1.0, False), (2.0, 1.0, False), (0.0, 1.0, True), (0.0, float("inf"), False)],
)
def test_a_range_rises_between_ends_that_can_be_drawn(low: float, high: float, log: bool):
    with pytest.raises(InputError, match="range"):
        Range(low, high, log=log)
