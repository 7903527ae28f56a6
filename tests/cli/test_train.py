import pytest

from gimefive_jax.cli.train import parse_arguments
from gimefive_jax.config import load_config, replace


@pytest.mark.parametrize("word", ["--config.reference=True", "--config.reference True"])
def test_a_field_that_is_true_or_false_is_replaced_like_any_other(word: str):
    words = ["--config", "gimefive_fer2013", "--workdir", "run", *word.split()]
    wanted = replace(load_config("gimefive_fer2013"), {"reference": True})
    assert parse_arguments(words).config == wanted
    assert parse_arguments([*words[:4], "--config.reference=False"]).config != wanted


def test_the_fields_of_a_model_are_replaced():
    fields = {"depth": 3, "input_channels": 1, "squeeze_excite": "on", "width": 0.25}
    words = [f"--config.model.{name}={value}" for name, value in fields.items()]
    found = parse_arguments(["--config", "gimefive_fer2013", "--workdir", "run", *words]).config
    wanted = {f"model.{name}": value for name, value in fields.items()}
    assert found == replace(load_config("gimefive_fer2013"), wanted)
