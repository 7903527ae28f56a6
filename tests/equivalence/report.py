"""The table of measured differences: collected by the ladder, kept in `docs/equivalence.md`."""

import datetime
import importlib.metadata
import os
import platform
import resource
from pathlib import Path

from tests.equivalence.case import NARROW, TABLE, Case
from tests.equivalence.rungs import TOLERANCE

DOCUMENT = Path(__file__).parents[2] / "docs" / "equivalence.md"
COMMAND = (
    "pytest tests/equivalence -n 0 -m 'heavy or not heavy' --equivalence-report docs/equivalence.md"
)
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_NAMES = {TABLE: "Table width", NARROW: "Narrow width"}
_NONE = "-"
_LIBRARIES = ("jax", "jaxlib", "flax", "optax", "numpy", "torch")
# Another processor rounds otherwise. Ten times as much is another class of difference, save far
# below the tolerance, where it means nothing.
_FACTOR, _FAR_BELOW = 10, 0.1


class Report:
    """Largest difference of every rung by case, and the memory it took."""

    def __init__(self) -> None:
        self.measured: dict[Case, dict[str, float]] = {}
        self._memory: dict[float, float] = {}

    def note(self, case: Case, rung: str, difference: float) -> None:
        """Keep the difference of a rung."""
        self.measured.setdefault(case, {})[rung] = difference

    def note_memory(self, case: Case) -> None:
        """Keep the peak memory of the process until now, which cases of this width reached."""
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._memory[case.width] = kilobytes / 1024**2

    def text(self) -> str:
        """Where and when it was measured, and a table for each width."""
        versions = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
        lines = [
            f"{datetime.date.today()}; {platform.machine()}, {os.cpu_count()} cores; "
            f"Python {platform.python_version()}, {versions}."
        ]
        for width, title in _NAMES.items():
            if rows := {c: found for c, found in self.measured.items() if c.width == width}:
                lines += ["", f"### {title}, {width:g}", "", *_table(rows)]
                if width in self._memory:
                    peak = f"{self._memory[width]:.1f} GiB"
                    lines += ["", f"Peak resident memory of the process after these: {peak}."]
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Put the tables between the marks of the document at `path`."""
        before, _, rest = path.read_text().partition(_BEGIN)
        _, mark, after = rest.partition(_END)
        assert mark, f"{path} has no marks {_BEGIN} and {_END}"
        path.write_text(f"{before}{_BEGIN}\n{self.text()}\n{_END}{after}")


def claims(document: str) -> dict[Case, dict[str, float]]:
    """Differences that the tables of `document` state."""
    found: dict[Case, dict[str, float]] = {}
    width, rungs = 0.0, [""]
    for line in document.partition(_BEGIN)[2].partition(_END)[0].splitlines():
        if line.startswith("### "):
            width = float(line.rpartition(" ")[2])
        elif line.startswith("| model |"):
            rungs = _cells(line)[1:]
        elif line.startswith("| `"):
            name, *values = _cells(line)
            found[Case(name.strip("`"), width)] = {
                rung: float(value)
                for rung, value in zip(rungs, values, strict=True)
                if value != _NONE
            }
    return found


def is_of_its_class(rung: str, measured: float, claimed: float) -> bool:
    """Whether a machine that measures `measured` bears the document out."""
    return measured <= max(_FACTOR * claimed, _FAR_BELOW * TOLERANCE[rung])


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _table(rows: dict[Case, dict[str, float]]) -> list[str]:
    lines = [_row(["model", *TOLERANCE]), "|" + "---|" * (1 + len(TOLERANCE))]
    for case, found in rows.items():
        values = [f"{found[rung]:.1e}" if rung in found else _NONE for rung in TOLERANCE]
        lines.append(_row([f"`{case.name}`", *values]))
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
