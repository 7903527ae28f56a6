"""A table of results: its rows and the runs behind them, as `table.json` holds them."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from gimefive_jax import files, json_records
from gimefive_jax.evaluation import Evaluation
from gimefive_jax.runs.run_log import ENDED
from gimefive_jax.statistics import spread, wilson_interval

TABLE = "table.json"
OFFICIAL, DEDUPLICATED = "test", "test_deduplicated"
TEST_SPLITS = (OFFICIAL, DEDUPLICATED)
RowState = Literal["data missing", "waiting", "failed", "unfinished", "measured"]


@dataclasses.dataclass(frozen=True)
class SplitScore:
    """What one run reaches on a test split."""

    count: int
    """Faces of the split."""
    correct: int
    balanced_accuracy: float
    data_sha256: str
    """Over pixels and labels of the split."""

    @classmethod
    def of(cls, found: Evaluation) -> "SplitScore":
        """Takes the score out of an evaluation."""
        return cls(found.count, found.correct, found.balanced_accuracy, found.data_sha256)

    @property
    def accuracy(self) -> float:
        """Share of the faces that are found."""
        return self.correct / self.count


@dataclasses.dataclass(frozen=True)
class MeasuredRun:
    """A run of a row, or shipped weights, with its scores."""

    seed: int
    run: str
    """Its folder as it was found, or the name of shipped weights."""
    state: str
    """How its training ended, or how far it is; `shipped` for shipped weights."""
    command: str = ""
    """What trains it alone; empty where nothing is trained, or not yet."""
    epochs: int | None = None
    """Complete passes over the train split; None where the weights do not say."""
    num_epochs: int | None = None
    """That its config asks for."""
    validation_accuracy: float | None = None
    """Of the checkpoint that is measured."""
    minutes: float | None = None
    """Of training steps alone, by the speeds of its log."""
    weights_sha256: str = ""
    """Of what was measured; empty where there is no checkpoint yet."""
    tests: Mapping[str, SplitScore] = dataclasses.field(default_factory=dict)
    """By split."""
    reason: str = ""
    """Why it failed."""

    @property
    def has_ended(self) -> bool:
        """Whether its training, if it had one, is over."""
        return self.state in (*ENDED, "shipped")


@dataclasses.dataclass(frozen=True)
class SplitSummary:
    """Accuracy of a row on a test split, over its runs."""

    count: int
    """Faces."""
    num_runs: int
    accuracy: float
    """Mean over the runs."""
    interval_95: tuple[float, float]
    """Wilson's over the faces, at the mean accuracy; it says nothing of other seeds."""
    deviation: float | None
    """Sample standard deviation over the runs; None for a single one."""
    balanced_accuracy: float
    """Mean over the runs."""


@dataclasses.dataclass(frozen=True)
class RowResult:
    """A row of a table, as far as it is known."""

    name: str
    """As `--row` names it."""
    title: str
    folder: str
    """Its folder beside the table, different for each row."""
    data: str
    """Data set and variant."""
    data_title: str
    """The data set as the paper calls it."""
    command: str
    """What trains and measures it."""
    paper_accuracy: float | None = None
    settings: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Fields that differ from the recipe."""
    absent_members: tuple[str, ...] = ()
    """Sets of the paper's aggregate that the prepared one lacks."""
    prepare: str = ""
    """What to prepare and how; empty where the data is at hand."""
    num_seeds: int = 1
    """That are asked for."""
    runs: tuple[MeasuredRun, ...] = ()

    @property
    def changes(self) -> str:
        """What differs from the recipe and its data, in words; empty where nothing does."""
        words = [f"{field}={value}" for field, value in self.settings.items()]
        words += [f"without {name}" for name in self.absent_members]
        return ", ".join(words)

    @property
    def state(self) -> RowState:
        """How far the row is."""
        measured = [run for run in self.runs if run.tests]
        if len(measured) >= self.num_seeds and all(run.has_ended for run in self.runs):
            return "measured"
        if measured:
            return "unfinished"
        if self.prepare:
            return "data missing"
        return "failed" if any(run.reason for run in self.runs) else "waiting"

    def summary(self, split: str) -> SplitSummary | None:
        """Sums up the runs on a test split; None where none was measured."""
        scores = [run.tests[split] for run in self.runs if split in run.tests]
        accuracies = spread([score.accuracy for score in scores])
        balanced = spread([score.balanced_accuracy for score in scores])
        if accuracies is None or balanced is None:
            return None
        count = scores[0].count
        return SplitSummary(
            count=count,
            num_runs=len(scores),
            accuracy=accuracies.mean,
            interval_95=wilson_interval(round(accuracies.mean * count), count),
            deviation=accuracies.deviation,
            balanced_accuracy=balanced.mean,
        )

    @property
    def difference(self) -> float | None:
        """Our accuracy on the official test minus the paper's, as a share."""
        ours = self.summary(OFFICIAL)
        if ours is None or self.paper_accuracy is None:
            return None
        return ours.accuracy - self.paper_accuracy


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """A table of results; the content of `table.json`."""

    table: str
    rows: tuple[RowResult, ...]

    def row(self, name: str, *, data: str = "", title: str = "") -> RowResult:
        """Gives the first row of that name, data set and title; raises KeyError without one."""
        for row in self.rows:
            is_asked = data in ("", row.data.partition("/")[0]) and title in ("", row.title)
            if row.name == name and is_asked:
                return row
        raise KeyError(f"no row {title or name} {data}".strip())

    def write(self, folder: Path) -> None:
        """Writes `table.json` to a folder, in one step."""
        files.write_json(folder / TABLE, json_records.to_json(self))


def read_reproduction(path: Path) -> Reproduction:
    """Reads the table of a folder that `gimefive reproduce` wrote.

    Args:
      path: The folder, or a file like the `table.json` in it.

    Raises:
      InputError: There is none, or it is damaged.
    """
    path = path / TABLE if path.is_dir() else path
    mend = "`gimefive reproduce` with another --out writes one anew"
    return json_records.read_json(Reproduction, path, mend=mend)


def replace_rows(before: Sequence[RowResult], new: Sequence[RowResult]) -> tuple[RowResult, ...]:
    """Gives the rows of a table, with those of the same folder replaced, in their order."""
    by_folder = {row.folder: row for row in new}
    return tuple(by_folder.get(row.folder, row) for row in before)
