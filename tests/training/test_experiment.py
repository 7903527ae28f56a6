import json
from pathlib import Path

import pytest

from gimefive_jax.config import ExperimentConfig, replace, to_dict, to_fields
from gimefive_jax.emotions import emotion_names
from gimefive_jax.errors import InputError
from gimefive_jax.runs import RunFolder
from gimefive_jax.training.experiment import (
    check_same_experiment,
    deciding_fields,
    with_categories,
)


def test_what_changes_no_parameter_does_not_decide_an_experiment():
    config = ExperimentConfig()
    left_out = set(to_fields(config)) - set(deciding_fields(config))
    assert left_out == {
        "data.directory",
        "data.placement",
        "evaluation.batch_size",
        "explanation.batch_size",
        "explanation.layers",
        "explanation.methods",
        "training.max_minutes",
        "training.save_every_minutes",
        "training.tensorboard",
    }


def test_a_config_takes_number_and_names_of_the_categories_from_the_data():
    config = with_categories(ExperimentConfig(), ("bored", "keen", "puzzled"), of="mine/own")
    assert config.model.num_classes == 3
    assert config.model.emotions == ("bored", "keen", "puzzled")
    assert with_categories(config, ("bored", "keen", "puzzled"), of="mine/own") == config


@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        ({"model.num_classes": 7}, ["model.num_classes 7", "2 categories of mine/own"]),
        (
            {"model.num_classes": 2, "model.emotions": ("keen", "bored")},
            ["keen, bored", "bored, keen", "mine/own", "in their order"],
        ),
    ],
)
def test_a_config_that_contradicts_the_data_is_refused(fields: dict[str, object], facts: list[str]):
    with pytest.raises(InputError) as error:
        with_categories(replace(ExperimentConfig(), fields), ("bored", "keen"), of="mine/own")
    assert all(fact in str(error.value) for fact in facts)


@pytest.mark.parametrize("num_classes", [6, 7])
def test_a_run_of_an_earlier_version_is_the_same_experiment(num_classes: int, tmp_path: Path):
    config = with_categories(ExperimentConfig(), emotion_names(num_classes), of="mine/own")
    values = to_dict(config)
    del values["model"]["emotions"]
    (tmp_path / "config.json").write_text(json.dumps(values))
    check_same_experiment(config, RunFolder(tmp_path))


def test_where_the_rate_depends_on_the_number_of_epochs_init_is_named(tmp_path: Path):
    config = replace(ExperimentConfig(), {"optimizer.schedule": "cosine"})
    RunFolder(tmp_path).write_config(config)
    longer = replace(config, {"training.num_epochs": 90})
    with pytest.raises(InputError, match=rf"num_epochs=80.* 90.*cosine.*--init {tmp_path}"):
        check_same_experiment(longer, RunFolder(tmp_path))
