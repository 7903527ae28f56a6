"""Every model beside a PyTorch module written from its description; the first red rung tells.

Needs torch (a CPU build is enough); without it these tests skip and `test_golden.py` stands in.
Training is compared in float32 for a step, and in float64 for ten: a ReLU whose input lies within
float32's rounding of zero may open on one side and not on the other, and the steps that follow
make more of it.
"""

from collections.abc import Callable

import chex
import jax
import pytest

from gimefive_jax.interop.torch_names import from_torch, to_torch
from gimefive_jax.models import ARCHITECTURES
from tests.equivalence import ours, rungs, theirs
from tests.equivalence.case import NARROW_CASES, TABLE_CASES, Case, variables
from tests.equivalence.report import COMMAND, DOCUMENT, Report, claims, is_of_its_class

pytestmark = pytest.mark.usefixtures("optimised_programs")
# The paper's model, and the one whose norms run twice a step; CI runs the others as well, and
# test_golden.py compares all of them.
_QUICK = ("gimefive", "vgg")
_heavy = [pytest.param(case, marks=pytest.mark.heavy) for case in TABLE_CASES]
_narrow = [
    case if case.name in _QUICK else pytest.param(case, marks=pytest.mark.heavy)
    for case in NARROW_CASES
]
every_case = pytest.mark.parametrize(
    "case", [*_narrow, *_heavy], indirect=True, scope="session", ids=str
)
Check = Callable[[str, rungs.Tensors, rungs.Tensors], None]


@pytest.fixture
def check(case: Case, report: Report) -> Check:
    """Assert that the tensors of a rung agree, and keep the largest difference."""

    def check_rung(rung: str, found: rungs.Tensors, wanted: rungs.Tensors) -> None:
        differences = rungs.differences(rung, found, wanted)
        worst = max(differences, key=differences.__getitem__)
        report.note(case, rung, differences[worst])
        assert differences[worst] < rungs.TOLERANCE[rung], worst

    return check_rung


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_names_and_axes_return_from_torch_as_they_went(name: str):
    collections = variables(Case(name))
    state = to_torch(name, collections)
    assert len(state) == len(jax.tree.leaves(collections))
    for collection in collections.values():
        chex.assert_trees_all_equal(from_torch(name, state, collection), collection)


@pytest.mark.parametrize("rung", ["block activations", "logits", "maps", "maps before norm"])
@every_case
def test_eval_mode(case: Case, rung: str, check: Check):
    found, wanted = (
        rungs.of_explained(case, side.explained(case))[rung] for side in (ours, theirs)
    )
    check(rung, found, wanted)


@pytest.mark.parametrize("rung", ["loss", "gradients", "momentum", "parameters", "statistics"])
@every_case
def test_a_step_in_float32(case: Case, rung: str, check: Check):
    found, wanted = (
        rungs.of_step(side.trained(case, "float32", 1)[0])[rung] for side in (ours, theirs)
    )
    check(rung, found, wanted)


@pytest.mark.parametrize("case", _narrow, indirect=True, scope="session", ids=str)
def test_ten_steps_in_float64(case: Case, check: Check):
    start = variables(case)["params"]
    found, wanted = (
        rungs.of_steps(side.trained(case, "float64", 10), start) for side in (ours, theirs)
    )
    for rung in wanted:
        check(rung, found[rung], wanted[rung])


@every_case
def test_what_was_measured_is_of_the_class_that_the_document_states(
    case: Case, report: Report, pytestconfig: pytest.Config
):
    if pytestconfig.getoption("equivalence_report"):
        pytest.skip("the document is being written")
    claimed = claims(DOCUMENT.read_text())[case]
    for rung, measured in report.measured.get(case, {}).items():
        assert is_of_its_class(rung, measured, claimed[rung]), f"{rung}; write it anew: {COMMAND}"
