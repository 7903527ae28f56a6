"""What a first glance costs: importing the package and asking for help."""

import functools
import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from gimefive_jax.cli.verbs import VERBS

_SLOW = ("jax", "flax", "tensorflow_datasets", "matplotlib", "orbax", "numpy")
_TRAIN = "train --config gimefive_fer2013"
_OVERVIEW = ""
# One process for all: what each command has loaded is seen as soon as it ends.
_PROBE = """
import contextlib, io, json, sys
import gimefive_jax

def loaded():
    return [name for name in {slow} if name in sys.modules]

found = {{"import": [loaded(), ""]}}
from gimefive_jax.cli import main
for words in {commands}:
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as text:
        main([*words.split(), "--help"])
    found[words] = [loaded(), text.getvalue()]
print(json.dumps(found))
"""


@functools.cache
def _found() -> Mapping[str, tuple[list[str], str]]:
    commands = [_OVERVIEW, *VERBS, _TRAIN]
    output = subprocess.run(
        [sys.executable, "-c", _PROBE.format(slow=_SLOW, commands=commands)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(output)


def test_importing_the_package_loads_nothing_slow():
    assert _found()["import"][0] == []


def test_help_loads_nothing_slow_and_lists_every_verb():
    loaded, text = _found()[_OVERVIEW]
    assert loaded == []
    assert all(f"gimefive {verb}" in text for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_without_loading_jax(verb: str):
    loaded, text = _found()[verb]
    assert not {"jax", "tensorflow_datasets"} & set(loaded)
    assert f"usage: gimefive {verb}" in text


def test_train_help_names_every_field_with_its_default():
    _, text = _found()[_TRAIN]
    assert "--config.optimizer.learning-rate" in text
    assert "0.001" in text
