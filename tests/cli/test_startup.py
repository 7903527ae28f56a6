"""What a first glance costs: importing the package and asking for help."""

import json
import subprocess
import sys

import pytest

from gimefive_jax.cli.verbs import VERBS

_HEAVY = ("jax", "flax", "tensorflow_datasets", "matplotlib", "orbax", "numpy")
_PROBE = """
import contextlib, io, json, sys
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as text:
    {code}
print(json.dumps([[name for name in {heavy} if name in sys.modules], text.getvalue()]))
"""


def _probe(code: str) -> tuple[list[str], str]:
    script = _PROBE.format(code=code, heavy=_HEAVY)
    output = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    loaded, text = json.loads(output)
    return loaded, text


def test_importing_the_package_loads_nothing_heavy():
    assert _probe("import gimefive_jax")[0] == []


def test_help_loads_nothing_heavy_and_lists_every_verb():
    loaded, text = _probe("from gimefive_jax.cli import main; main(['--help'])")
    assert loaded == []
    assert all(f"gimefive {verb}" in text for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_without_loading_jax(verb: str):
    loaded, text = _probe(f"from gimefive_jax.cli import main; main({[*verb.split(), '--help']})")
    assert not {"jax", "tensorflow_datasets"} & set(loaded)
    assert f"usage: gimefive {verb}" in text


def test_train_help_names_every_field_with_its_default():
    _, text = _probe(
        "from gimefive_jax.cli import main; "
        "main(['train', '--config', 'gimefive_fer2013', '--help'])"
    )
    assert "--config.optimizer.learning-rate" in text
    assert "0.001" in text
