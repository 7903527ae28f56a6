import json
from pathlib import Path

import pytest

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig, Range, SweepConfig
from gimefive_jax.errors import InputError
from gimefive_jax.recipes.sweep_plan import check_same_plan, plan_trials, write_plan

_RATES, _WIDTHS = (1e-3, 0.01, 0.1), (0.25, 1.0)
_FIELDS = {"optimizer.learning_rate": _RATES, "model.width": _WIDTHS}
_RANGES = {
    "optimizer.learning_rate": Range(1e-4, 1e-1, log=True),
    "model.dropout_rate": Range(0.1, 0.4),
    "training.batch_size": Range(8, 64, log=True),
    "optimizer.name": ("sgd", "adamw"),
}


def _sweep(**values: object) -> SweepConfig:
    return SweepConfig(**{"base": ExperimentConfig(), "fields": _FIELDS, **values})


def _random(num_settings: int, **values: object) -> SweepConfig:
    given = {"fields": _RANGES, "search": "random", "num_settings": num_settings, **values}
    return _sweep(**given)


def test_a_grid_is_every_combination_with_every_seed():
    trials = plan_trials(_sweep(seeds=(3, 5)))
    found = {
        (t.config.optimizer.learning_rate, t.config.model.width, t.config.seed) for t in trials
    }
    assert found == {(rate, width, seed) for rate in _RATES for width in _WIDTHS for seed in (3, 5)}
    assert len(trials) == len({trial.name for trial in trials}) == 12
    assert trials[0].name == "learning_rate=0.001,width=0.25-seed3"


def test_each_varies_one_field_at_a_time_around_the_base():
    trials = plan_trials(_sweep(search="each"))
    names = [trial.name for trial in trials]
    # The base has rate 0.001 and width 1 itself.
    assert names == [
        "base-seed0",
        "learning_rate=0.01-seed0",
        "learning_rate=0.1-seed0",
        "width=0.25-seed0",
    ]
    assert trials[0].config == ExperimentConfig()
    assert trials[3].config == configs.replace(ExperimentConfig(), {"model.width": 0.25})


def test_a_sweep_without_fields_is_its_base_with_each_seed():
    trials = plan_trials(_sweep(fields={}, search="each", seeds=(0, 2)))
    assert [trial.name for trial in trials] == ["base-seed0", "base-seed2"]
    assert trials[1].config == configs.replace(ExperimentConfig(), {"seed": 2})


def test_a_name_is_short_where_no_other_field_of_a_config_is_called_so():
    fields = {"training.batch_size": (8,), "optimizer.name": ("adamw",), "data.name": ("raf_db",)}
    [trial] = plan_trials(_sweep(fields=fields))
    assert trial.setting == "training.batch_size=8,optimizer.name=adamw,data.name=raf_db"


def test_a_value_that_is_no_part_of_a_path_gives_a_sum_for_a_name():
    first, second = plan_trials(_sweep(fields={"data.train_split": ("../train", "a b")}))
    assert first.setting != second.setting
    assert first.setting.startswith("setting-")


def test_the_papers_table_varies_its_recipe_field_by_field():
    sweep = configs.load_sweep("paper_hyperparameters")
    assert isinstance(sweep, SweepConfig)
    trials = plan_trials(sweep)
    assert trials[0].config == configs.load_config("gimefive_fer2013")
    assert [len(trial.values) for trial in trials] == [0, *[1] * 16]


def test_random_settings_lie_in_their_ranges():
    trials = plan_trials(_random(60))
    assert len({trial.name for trial in trials}) == 60
    rates = [trial.config.optimizer.learning_rate for trial in trials]
    assert all(1e-4 <= rate <= 1e-1 for rate in rates)
    assert all(0.1 <= trial.config.model.dropout_rate <= 0.4 for trial in trials)
    assert all(8 <= trial.config.training.batch_size <= 64 for trial in trials)
    # Even in the logarithm: the lower half of the exponents is drawn about as often.
    assert 20 <= sum(rate < 10**-2.5 for rate in rates) <= 40
    assert {trial.config.optimizer.name for trial in trials} == {"sgd", "adamw"}


def test_random_settings_follow_from_their_seed():
    assert plan_trials(_random(5)) == plan_trials(_random(5))
    assert plan_trials(_random(5)) != plan_trials(_random(5, draw_seed=1))


def test_more_random_settings_begin_with_the_fewer():
    assert plan_trials(_random(9))[:5] == plan_trials(_random(5))


def test_a_random_search_draws_no_setting_twice():
    few = {"model.width": (0.25, 0.5, 1.0)}
    assert len(plan_trials(_random(3, fields=few))) == 3
    with pytest.raises(InputError, match="found only 3 different ones"):
        plan_trials(_random(4, fields=few))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model.widht": (1.0,)}, "no field 'model.widht', did you mean 'model.width'"),
        ({"model.width": (0.0,)}, r"model\.width 0\.0 must be positive"),
        ({"optimizer.name": ("sdg",)}, "one of sgd"),
        ({"training.max_minutes": (1.0, 2.0)}, "changes no result"),
        ({"evaluation.batch_size": (1, 2)}, "changes no result"),
        ({"data.validation_split": ("a", "b")}, "settings are chosen on one split"),
        ({"model.width": (1, 1.0)}, "two settings of the sweep are the same"),
    ],
)
def test_a_field_that_cannot_be_swept_is_refused(
    fields: dict[str, tuple[object, ...]], message: str
):
    with pytest.raises(InputError, match=message):
        plan_trials(_sweep(fields=fields))


@pytest.mark.parametrize("split", ["test", "public_test", "test_deduplicated"])
def test_settings_are_never_chosen_on_a_test_split(split: str):
    base = configs.replace(ExperimentConfig(), {"data.validation_split": split})
    with pytest.raises(InputError, match="is a test split"):
        plan_trials(_sweep(base=base))


def _write(sweep: SweepConfig, out: Path) -> None:
    write_plan(sweep, plan_trials(sweep), out)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"seeds": (0, 1)},
        {"fields": {**_FIELDS, "model.width": (0.25, 0.5, 1.0)}},
        {"base": configs.replace(ExperimentConfig(), {"training.max_minutes": 5.0, "seed": 4})},
    ],
)
def test_a_plan_may_grow(more: dict[str, object], tmp_path: Path):
    _write(_sweep(), tmp_path)
    check_same_plan(plan_trials(_sweep(**more)), tmp_path)


def test_a_random_search_may_draw_more(tmp_path: Path):
    _write(_random(3), tmp_path)
    check_same_plan(plan_trials(_random(6)), tmp_path)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"fields": {"model.width": (0.25, 1.0)}}, "the trial learning_rate=.* has not"),
        ({"seeds": (1,)}, "-seed0, which this one has not"),
        (
            {"base": configs.replace(ExperimentConfig(), {"optimizer.momentum": 0.5})},
            r"holds a sweep with optimizer\.momentum=0\.9, now it is 0\.5",
        ),
    ],
)
def test_another_plan_is_refused(other: dict[str, object], message: str, tmp_path: Path):
    _write(_sweep(), tmp_path)
    with pytest.raises(InputError, match=message):
        check_same_plan(plan_trials(_sweep(**other)), tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"base": {}, "trials": {"a": 3}}'])
def test_a_damaged_plan_is_named(text: str, tmp_path: Path):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(InputError, match=r"sweep\.json is damaged"):
        check_same_plan(plan_trials(_sweep()), tmp_path)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="holds other files"):
        check_same_plan(plan_trials(_sweep()), tmp_path)


def test_a_plan_says_what_is_trained(tmp_path: Path):
    _write(_random(2), tmp_path)
    plan = json.loads((tmp_path / "sweep.json").read_text())
    assert plan["fields"]["model.dropout_rate"] == {"low": 0.1, "high": 0.4, "log": False}
    assert len(plan["trials"]) == 2
