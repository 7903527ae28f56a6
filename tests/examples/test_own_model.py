import re
import runpy
from pathlib import Path

import pytest

from gimefive_jax.explanation import METHOD_FACTS

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_model.py"


def test_it_is_short():
    assert len(EXAMPLE.read_text().splitlines()) <= 40


def test_its_gaps_are_those_of_its_layers(capsys: pytest.CaptureFixture[str]):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = re.findall(r"(\w+) at (\S+): largest gap (\S+)", capsys.readouterr().out)
    gaps = {(method, layer): float(gap) for method, layer, gap in said}
    at_input = [facts.at_input for facts in METHOD_FACTS.values()]
    assert len(gaps) == 3 * (at_input.count(False) + 1) + at_input.count(True)
    assert gaps["integrated_gradients_blurred", "input"] < 1e-2
    # Behind the last dropout all is linear; layer norms and GELU are not.
    assert gaps["hirescam", "Dropout_0"] < 1e-5
    assert min(gaps["hirescam", "Conv_1"], gaps["support", "Dropout_0"]) > 1e-3
