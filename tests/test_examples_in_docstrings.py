"""Every example of a docstring runs and gives what it says."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_RUNS = re.compile(r">>> (?!.*\+SKIP)")
_MODULES = sorted(
    ".".join(path.relative_to(_ROOT).with_suffix("").parts)
    for package in ("gimefive_jax", "data_prep")
    for path in (_ROOT / package).rglob("*.py")
    if _RUNS.search(path.read_text(encoding="utf-8")) and path.name != "__init__.py"
)


@pytest.mark.parametrize("name", _MODULES)
def test_examples_of_a_module_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_directory: Path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_directory))
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed
