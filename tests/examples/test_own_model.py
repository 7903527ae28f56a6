import re
import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_model.py"


def test_it_is_short():
    assert len(EXAMPLE.read_text().splitlines()) <= 40


def test_its_gaps_are_those_of_its_layers(capsys: pytest.CaptureFixture[str]):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = re.findall(r"(\w+) at (\S+): largest gap (\S+)", capsys.readouterr().out)
    gaps = {(method, layer): float(gap) for method, layer, gap in said}
    assert len(gaps) == 6
    # Behind the last dropout all is linear; layer norms and GELU are not.
    assert gaps["hirescam", "Dropout_0"] < 1e-5
    assert min(gaps["hirescam", "Conv_1"], gaps["layercam", "Dropout_0"]) > 1e-3
