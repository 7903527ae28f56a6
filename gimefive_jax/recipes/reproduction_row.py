"""The work behind one row of a table: training where nobody has done it, and measurement."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from gimefive_jax.data import open_split
from gimefive_jax.errors import InputError
from gimefive_jax.recipes.reproduction_plan import TableRow
from gimefive_jax.recipes.reproduction_runs import measure_run, measure_shipped, take_run
from gimefive_jax.recipes.sweep import Ending, Say, sweep
from gimefive_jax.recipes.sweep_plan import Trial, plan_trials
from gimefive_jax.recipes.sweep_results import Outcomes, read_outcomes, trial_run
from gimefive_jax.report.reproduced import MeasuredRun, RowResult
from gimefive_jax.runs import RunFolder
from gimefive_jax.training.experiment import check_same_data


@dataclasses.dataclass(frozen=True)
class RowWork:
    """One row whose data is at hand, and what there is to do it with."""

    row: TableRow
    before: RowResult
    """The row as it stands, with the number of runs that are asked for."""
    folder: Path
    """Of the row: a sweep over its seeds."""
    finished: Sequence[RunFolder]
    """Runs that may stand in for a training."""

    def run(self, say: Say, *, minutes_left: float, progress: bool) -> tuple[RowResult, Ending]:
        """Trains what is to be trained, and measures every run of the row.

        Args:
          say: Gets a line before and after each piece of work.
          minutes_left: For training.
          progress: Whether to show bars.

        Returns:
          The row with its runs, and how its training ended; after an interruption the row as it
          was.

        Raises:
          InputError: The row's folder holds another training, or its data cannot be read.
        """
        if self.row.is_shipped:
            return self._with([self._measure_shipped()], say), "done"
        training = self.row.sweep(self.before.num_seeds)
        trials, data = plan_trials(training), self.row.config.data
        splits = (data.train_split, data.validation_split)
        digests = {split: open_split(data, split).digest for split in splits}
        taken = self._take(trials, digests)
        ending: Ending = "done"
        if len(taken) < len(trials):
            ending = sweep(
                training,
                self.folder,
                say=lambda line: say(f"  {line}"),
                progress=progress,
                max_minutes=minutes_left,
                skip=taken,
            ).ending
        if ending in ("interrupted", "terminated"):
            return self.before, ending
        outcomes = read_outcomes(self.folder)
        runs = [self._measure(trial, taken.get(trial.name), outcomes, digests) for trial in trials]
        return self._with(runs, say), ending

    def _take(self, trials: Sequence[Trial], digests: Mapping[str, str]) -> Mapping[str, RunFolder]:
        """Finished runs by the name of the trial that they stand in for."""
        # What was begun here is finished here.
        new = [trial for trial in trials if not trial_run(self.folder, trial).path.exists()]
        found = {trial.name: take_run(trial.config, self.finished, digests) for trial in new}
        return {name: run for name, run in found.items() if run is not None}

    def _measure(
        self,
        trial: Trial,
        taken: RunFolder | None,
        outcomes: Outcomes,
        digests: Mapping[str, str],
    ) -> MeasuredRun:
        run = taken or trial_run(self.folder, trial)
        seed, outcome = trial.config.seed, outcomes.get(trial.name)
        if taken is None and outcome is not None and outcome.state == "failed":
            return MeasuredRun(seed, str(run.path), "failed", reason=outcome.reason)
        if not run.has_config:
            return MeasuredRun(seed, str(run.path), "waiting")
        try:
            # The set may have been prepared anew since.
            check_same_data(dict(digests), run)
            return measure_run(run, self.row.config.data, seed=seed)
        except InputError as error:
            return MeasuredRun(seed, str(run.path), "failed", reason=str(error))

    def _measure_shipped(self) -> MeasuredRun:
        row = self.row
        return measure_shipped(row.name, row.config.data, self.folder, flip=row.flip)

    def _with(self, runs: Sequence[MeasuredRun], say: Say) -> RowResult:
        for run in runs:
            scores = ", ".join(
                f"{split} {score.accuracy:.2%} of {score.count:,} faces"
                for split, score in run.tests.items()
            )
            say(f"  {run.run}: {run.state}; {scores or run.reason or 'nothing to measure yet'}")
        return dataclasses.replace(self.before, runs=tuple(runs))
