"""The results of a sweep: how its trials ended, a row per trial, and a row per setting."""

import dataclasses
import json
from pathlib import Path
from typing import Literal

from gimefive_jax import config as configs
from gimefive_jax import files
from gimefive_jax.config import SweepConfig
from gimefive_jax.errors import InputError
from gimefive_jax.recipes.sweep_plan import Trial
from gimefive_jax.report.tables import Cell, Column, Table, percent, write_csv, write_markdown
from gimefive_jax.runs import LogRow, RunFolder
from gimefive_jax.runs.run_log import ENDED, best_row, minutes, num_epochs
from gimefive_jax.statistics import spread
from gimefive_jax.training.stop_policy import Ending

OUTCOMES = "outcomes.json"
TRIALS = "trials"
_NAME, _RESULT = "trial", "best_validation_accuracy"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How the last attempt at a trial ended."""

    state: Ending | Literal["failed"]
    reason: str = ""
    """Why it failed."""


Outcomes = dict[str, Outcome]
"""By name of the trial; one that was not begun, or was killed, has none."""


@dataclasses.dataclass(frozen=True)
class SweepTables:
    """A row per trial, in the order of training; a row per setting, the best first."""

    trials: Table
    settings: Table


def trial_run(out: Path, trial: Trial) -> RunFolder:
    """Names the run folder of a trial in the folder of its sweep."""
    return RunFolder(out / TRIALS / trial.name)


def read_outcomes(out: Path) -> Outcomes:
    """What `write_results` kept; raises InputError where it is damaged."""
    path = out / OUTCOMES
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: Outcome(**values) for name, values in found.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error}); remove it, finished trials stay") from error


def write_results(
    out: Path, sweep: SweepConfig, trials: tuple[Trial, ...], outcomes: Outcomes
) -> SweepTables:
    """Write outcomes.json, results.csv, settings.csv and results.md, each in one step."""
    files.write_json(
        out / OUTCOMES, {name: dataclasses.asdict(found) for name, found in outcomes.items()}
    )
    table = _trials_table(out, sweep, trials, outcomes)
    tables = SweepTables(trials=table, settings=_settings_table(sweep, trials, table))
    write_csv(out / "results.csv", tables.trials)
    write_csv(out / "settings.csv", tables.settings)
    write_markdown(out / "results.md", [tables.settings, tables.trials])
    return tables


def _trials_table(
    out: Path, sweep: SweepConfig, trials: tuple[Trial, ...], outcomes: Outcomes
) -> Table:
    columns = (
        Column(_NAME, is_text=True),
        *_field_columns(sweep),
        Column("seed"),
        Column(_RESULT, "best validation", percent),
        Column("best_epoch", "at epoch"),
        Column("epochs"),
        Column("minutes", show=_minutes),
        Column("state", is_text=True),
        Column("reason", is_text=True),
    )
    rows = tuple(_row(out, sweep, trial, outcomes.get(trial.name)) for trial in trials)
    return Table(columns, rows, title="Trials")


def _row(out: Path, sweep: SweepConfig, trial: Trial, outcome: Outcome | None) -> tuple[Cell, ...]:
    run = trial_run(out, trial)
    rows, problem = _read_log(run)
    best = best_row(rows)
    was_begun = run.path.is_dir()
    return (
        trial.name,
        *_field_cells(sweep, trial),
        trial.config.seed,
        best.validation_accuracy if best else None,
        round(best.epoch) if best else None,
        num_epochs(rows) if was_begun else None,
        minutes(rows, batch_size=trial.config.training.batch_size),
        _state(outcome, was_begun=was_begun),
        (outcome.reason if outcome else "") or problem or None,
    )


def _read_log(run: RunFolder) -> tuple[list[LogRow], str]:
    """Rows of a trial, and what is wrong with them."""
    try:
        return run.read_log(), ""
    except InputError as error:
        return [], str(error)


def _state(outcome: Outcome | None, *, was_begun: bool) -> str:
    if outcome is None:
        return "unfinished" if was_begun else "waiting"
    # A failed trial may have failed before its folder; any other without one was removed.
    return outcome.state if was_begun or outcome.state == "failed" else "waiting"


def _settings_table(sweep: SweepConfig, trials: tuple[Trial, ...], table: Table) -> Table:
    """Means over the seeds whose training ended, so that nothing half-trained is ranked."""
    names = [column.name for column in table.columns]
    result, state = names.index(_RESULT), names.index("state")
    ended: dict[str, list[float]] = {trial.setting: [] for trial in trials}
    for trial, row in zip(trials, table.rows, strict=True):
        if row[state] in ENDED and isinstance(accuracy := row[result], float):
            ended[trial.setting].append(accuracy)
    first = {trial.setting: trial for trial in reversed(trials)}
    rows = []
    for setting, accuracies in ended.items():
        found = spread(accuracies)
        statistics: tuple[Cell, ...] = (
            (found.mean, found.deviation, found.low, found.high) if found else (None,) * 4
        )
        cells = _field_cells(sweep, first[setting])
        rows.append((setting, *cells, len(accuracies), len(sweep.seeds), *statistics))
    columns = (
        Column("setting", is_text=True),
        *_field_columns(sweep),
        Column("num_ended", "seeds ended"),
        Column("num_seeds", "of"),
        Column("mean_best_validation_accuracy", "mean best validation", percent),
        Column("deviation", "std. dev.", percent),
        Column("low", "min", percent),
        Column("high", "max", percent),
    )
    mean = [column.name for column in columns].index("mean_best_validation_accuracy")
    rows.sort(key=lambda row: -cell if isinstance(cell := row[mean], float) else 1.0)
    return Table(columns, tuple(rows), title="Settings, by validation; no test split was used")


def _field_columns(sweep: SweepConfig) -> tuple[Column, ...]:
    # The name of a trial tells them to a person.
    return tuple(Column(name, only_csv=True) for name in sweep.fields)


def _field_cells(sweep: SweepConfig, trial: Trial) -> tuple[Cell, ...]:
    fields = configs.to_fields(trial.config)
    return tuple(
        value if isinstance(value := fields[name], str | int | float) else str(value)
        for name in sweep.fields
    )


def _minutes(cell: Cell) -> str:
    return f"{cell:.1f}"
