import json
from pathlib import Path

import pytest

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.models import ARCHITECTURES


@pytest.mark.parametrize("name", configs.config_names())
def test_every_shipped_config_survives_json(name: str, tmp_path: Path):
    config = configs.load_config(name)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(configs.to_dict(config)))
    assert configs.load_config(str(path)) == config


def test_the_papers_recipe_is_the_papers():
    config = configs.load_config("gimefive_fer2013")
    optimizer, training = config.optimizer, config.training
    assert (optimizer.name, optimizer.learning_rate, optimizer.momentum) == ("sgd", 1e-3, 0.9)
    assert (optimizer.weight_decay, optimizer.decay_only_kernels) == (1e-4, False)
    assert (training.batch_size, training.num_epochs, training.patience) == (16, 80, 15)
    assert (config.model.width, config.model.dropout_rate, config.model.head_dropout_rate) == (
        1.0,
        0.2,
        0.5,
    )


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_has_the_papers_recipe(name: str):
    row = configs.load_config(f"gimefive_fer2013:{name}")
    paper = configs.load_config("gimefive_fer2013")
    assert row == configs.replace(paper, {"model.name": name})


def test_the_reference_config_is_the_papers_recipe_evaluated_otherwise():
    paper = configs.load_config("gimefive_fer2013")
    assert configs.load_config("gimefive_fer2013_reference") == configs.replace(
        paper, {"reference": True}
    )


def test_a_config_of_an_older_release_has_the_defaults_of_newer_fields():
    values = configs.to_dict(configs.load_config("gimefive_fer2013:vgg"))
    for name in ("depth", "input_channels", "squeeze_excite"):
        del values["model"][name]
    del values["reference"]
    assert configs.from_dict(values) == configs.load_config("gimefive_fer2013:vgg")


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_mixing_needs_a_batch_of_two(name: str):
    values = {f"data.augmentation.{name}": 0.2, "training.batch_size": 1}
    with pytest.raises(InputError, match="batch_size 1 must be at least 2 for mixup and cutmix"):
        configs.replace(configs.load_config("gimefive_fer2013"), values)


def test_dotted_fields_are_replaced():
    config = configs.replace(ExperimentConfig(), {"model.width": 0.25, "seed": 3})
    assert (config.model.width, config.seed) == (0.25, 3)


def test_the_fields_of_a_config_make_it_again():
    config = configs.load_config("gimefive_fer2013_modern")
    assert configs.replace(ExperimentConfig(), configs.to_fields(config)) == config


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("model.widht", 1.0, "did you mean 'model.width'"),
        ("data.image_size", 48, "multiple of 32"),
        ("optimizer.learning_rate", "fast", "must be of type float"),
        ("optimizer.name", "adagrad", "one of sgd, adam, adamw, muon"),
        ("training.batch_size", 0, "must be positive"),
        ("model.num_classes", 1, "must be at least 2"),
        ("model.emotions", ("keen", "keen"), "be different words"),
        ("model.emotions", ("keen", "bored"), "6 must be the number of names .* 2: keen, bored"),
        ("model.depth", 8, r"model\.depth 8 must lie in 1\.\.7, or be 0"),
        ("model.input_channels", 2, "must be 3 equal grey channels, or 1"),
        ("model.squeeze_excite", "yes", "one of auto, on, off"),
        ("data.placement", "gpu", "one of auto, device, host"),
        ("data.augmentation.erasing", 1.5, r"must lie in \[0, 1\]"),
        ("data.augmentation.mixup", -0.1, "must not be negative"),
        ("data.augmentation.cutmix", -1.0, "must not be negative"),
    ],
)
def test_a_wrong_value_names_field_and_rule(field: str, value: object, message: str):
    with pytest.raises(InputError, match=message):
        configs.replace(ExperimentConfig(), {field: value})


def test_an_unknown_config_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'gimefive_fer2013'"):
        configs.load_config("gimefive_fer201")


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("gimefive_fer2013:resnet81", ["resnet81", "did you mean 'resnet18'", "gimefive_se"]),
        ("drawn_faces_quickstart:vgg", ["drawn_faces_quickstart", "leave out ':vgg'"]),
        ("gimefive_fer201:vgg", ["did you mean 'gimefive_fer2013:vgg'"]),
    ],
)
def test_a_wrong_argument_names_itself_and_what_there_is(name: str, facts: list[str]):
    with pytest.raises(InputError) as caught:
        configs.load_config(name)
    assert all(fact in str(caught.value) for fact in facts), caught.value


_NEVER_OF_ITS_OWN = ("gimefive", "gimefive_local")


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in _NEVER_OF_ITS_OWN])
def test_a_config_is_still_found_by_its_name_of_before(name: str):
    with pytest.warns(FutureWarning, match=f"gimefive_fer2013:{name}"):
        old = configs.load_config(f"{name}_fer2013")
    assert old == configs.load_config(f"gimefive_fer2013:{name}")


def test_a_file_of_ones_own_takes_an_argument(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from gimefive_jax.config import ExperimentConfig\n"
        "def get_config(seed):\n    return ExperimentConfig(seed=int(seed))\n"
    )
    assert configs.load_config(f"{path}:7").seed == 7
    with pytest.raises(InputError, match="mine:SEED"):
        configs.load_config(str(path))


def test_a_config_of_ones_own_is_loaded_from_its_file(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from gimefive_jax.config import ExperimentConfig\n"
        "def get_config():\n    return ExperimentConfig(seed=7)\n"
    )
    assert configs.load_config(str(path)).seed == 7


def test_a_config_file_with_a_typo_is_one_line(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from gimefive_jax.config import ExperimentConfig\n"
        "def get_config():\n    return ExperimentConfig(sed=7)\n"
    )
    with pytest.raises(InputError, match="unexpected keyword argument 'sed'"):
        configs.load_config(str(path))
