import pytest

from gimefive_jax import config as configs
from gimefive_jax.recipes.training_record import training_command


@pytest.mark.parametrize("name", ["gimefive_fer2013_modern", "gimefive_fer2013:vgg"])
def test_the_nearest_config_is_named_with_what_differs(name: str):
    values = {"model.width": 0.25, "seed": 3, "data.directory": "/somewhere"}
    config = configs.replace(configs.load_config(name), values)
    assert training_command(config, workdir="runs/a") == (
        f"gimefive train --config {name} --workdir runs/a --config.model.width=0.25 --config.seed=3"
    )


def test_categories_follow_from_the_data():
    config = configs.load_config("gimefive_fer2013")
    filled = configs.replace(config, {"model.emotions": config.model.category_names})
    assert training_command(filled, workdir="a") == training_command(config, workdir="a")


def test_a_shipped_config_is_its_name_alone():
    config = configs.load_config("gimefive_fer2013")
    wanted = "gimefive train --config gimefive_fer2013 --workdir runs/a"
    assert training_command(config, workdir="runs/a") == wanted
