"""Ours beside torch's frozen answers: the ladder where no torch is installed."""

import subprocess
import sys
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from gimefive_jax.models import ARCHITECTURES
from tests.equivalence import golden, ours, rungs
from tests.equivalence.case import NARROW_CASES, Case

# The paper's model, and the one whose norms run twice a step; CI runs the others as well.
_QUICK = ("gimefive", "vgg")
_ten_steps = [
    case if case.name in _QUICK else pytest.param(case, marks=pytest.mark.heavy)
    for case in NARROW_CASES
]
every_case = pytest.mark.parametrize("case", NARROW_CASES, indirect=True, scope="session", ids=str)
ten_steps = pytest.mark.parametrize("case", _ten_steps, indirect=True, scope="session", ids=str)
Part = Callable[[Case, ModuleType], dict[str, rungs.Tensors]]
one_step = pytest.mark.parametrize("part", [golden.eval_mode, golden.one_step])


def test_every_model_has_a_golden_file_and_all_are_small():
    assert {path.stem for path in golden.FOLDER.iterdir()} == set(ARCHITECTURES)
    assert sum(path.stat().st_size for path in golden.FOLDER.iterdir()) < 2**20


def test_the_golden_files_are_compared_without_torch():
    block = "import sys; sys.modules['torch'] = None; import tests.equivalence.test_golden"
    subprocess.run([sys.executable, "-c", block], check=True)


@one_step
@every_case
def test_ours_are_torchs_frozen_answers(case: Case, part: Part):
    _assert_frozen(case, part, ours)


@ten_steps
def test_ours_are_torchs_frozen_answers_of_ten_steps(case: Case):
    _assert_frozen(case, golden.ten_steps, ours)


@one_step
@every_case
def test_torch_gives_its_frozen_answers_again(case: Case, part: Part):
    _assert_frozen(case, part, _theirs())


@ten_steps
def test_torch_gives_its_frozen_answers_of_ten_steps_again(case: Case):
    _assert_frozen(case, golden.ten_steps, _theirs())


def _theirs() -> ModuleType:
    pytest.importorskip("torch", reason="the generator of the golden files needs torch")
    from tests.equivalence import theirs

    return theirs


def _assert_frozen(case: Case, part: Part, side: ModuleType) -> None:
    stored = golden.read(case)
    assert golden.hash_drawn(case) == stored.drawn, (
        f"other weights or faces than the golden files were made with (numpy {np.__version__} may "
        "draw otherwise, or tests/equivalence/switches.py was changed); write them anew where "
        "torch is installed: python -m tests.equivalence.make_golden"
    )
    for rung, found in golden.rows_of(part(case, side)).items():
        differences = golden.differences(rung, found, stored.rows[rung])
        worst = max(differences, key=differences.__getitem__)
        assert differences[worst] < rungs.TOLERANCE[rung], (rung, worst)
