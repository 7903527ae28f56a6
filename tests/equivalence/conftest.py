"""The case under test, freed before the next, and the table of what was measured."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.equivalence.case import Case, forget
from tests.equivalence.report import Report

_REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_REPORT] = Report()


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """Differences measured so far."""
    return pytestconfig.stash[_REPORT]


@pytest.fixture(scope="session")
def case(request: pytest.FixtureRequest, report: Report) -> Iterator[Case]:
    """A case by indirect parametrisation; pytest runs all tests of one before the next."""
    yield request.param
    forget()
    report.note_memory(request.param)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    report, path = config.stash[_REPORT], config.getoption("equivalence_report")
    if not report.measured:
        return
    terminalreporter.section("differences from PyTorch")
    terminalreporter.write_line(report.text())
    if path:
        report.write(Path(path))
