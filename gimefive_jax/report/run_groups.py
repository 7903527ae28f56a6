"""Groups runs that differ by seed alone, and lists the fields that differ between groups."""

import dataclasses
import json
import string
from collections.abc import Mapping, Sequence

from gimefive_jax.config import FieldValue
from gimefive_jax.errors import InputError
from gimefive_jax.report.run_folders import RunSummary
from gimefive_jax.report.run_list import TEST_SPLITS
from gimefive_jax.training.experiment import deciding_fields

METRICS = ("validation", *TEST_SPLITS)
"""Accuracies that are compared: the best on validation, and those of test splits."""


@dataclasses.dataclass(frozen=True)
class RunGroup:
    """Runs of one experiment with different seeds."""

    label: str
    """A letter."""
    runs: tuple[RunSummary, ...]
    fields: Mapping[str, FieldValue]
    """Those in which the groups differ, with this group's values."""

    @property
    def name(self) -> str:
        """The letter, and what sets the group apart where that is short."""
        words = [f"{name.split('.')[-1]}={_word(value)}" for name, value in self.fields.items()]
        told = ", ".join(words)
        return f"{self.label}: {told}" if words and len(told) <= 60 else self.label

    @property
    def seeds(self) -> list[int]:
        """Seeds of the runs, in their order."""
        return [run.config.seed for run in self.runs if run.config is not None]

    @property
    def num_unfinished(self) -> int:
        """Runs whose training has not ended."""
        return sum(run.state == "unfinished" for run in self.runs)

    def accuracies(self, metric: str) -> list[float]:
        """Of the runs that have it."""
        found = (_accuracy(run, metric) for run in self.runs)
        return [accuracy for accuracy in found if accuracy is not None]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Groups in the order in which their first runs were named."""

    groups: tuple[RunGroup, ...]
    fields: tuple[str, ...]
    """Dotted names of the fields in which the groups differ."""
    left_out: tuple[str, ...]
    """A line for each run that is in no group, and why."""


def compare_runs(summaries: Sequence[RunSummary]) -> Comparison:
    """Group runs by all that decides their parameters, save the seed.

    Raises InputError where no run can be compared.
    """
    gathered: dict[str, list[RunSummary]] = {}
    settings: dict[str, dict[str, FieldValue]] = {}
    left_out: list[str] = []
    for run in summaries:
        if run.config is None or run.state == "damaged":
            left_out.append(f"left out: {'; '.join(run.problems)}")
            continue
        fields = _settings(run)
        key = json.dumps(fields, sort_keys=True)
        twins = [one for one in gathered.get(key, []) if _seed(one) == run.config.seed]
        if twins:
            # Counted twice, it would look like a seed more and a spread less.
            left_out.append(
                f"left out: {run.folder} repeats {twins[0].folder}, same settings and same seed"
            )
            continue
        gathered.setdefault(key, []).append(run)
        settings[key] = fields
    if not gathered:
        first = left_out[0] if left_out else "none is there"
        others = f"; {len(left_out) - 1} more, see gimefive runs list" if left_out[1:] else ""
        raise InputError(f"no run that can be compared; {first}{others}")
    differing = _differing(list(settings.values()))
    groups = tuple(
        RunGroup(
            label=_letters(i),
            runs=tuple(sorted(runs, key=_seed)),
            fields={name: settings[key].get(name) for name in differing},
        )
        for i, (key, runs) in enumerate(gathered.items())
    )
    return Comparison(groups=groups, fields=differing, left_out=tuple(left_out))


def _settings(run: RunSummary) -> dict[str, FieldValue]:
    """Fields that decide a result but for the seed, and the faces it was trained on."""
    if run.config is None:
        return {}
    fields = {k: v for k, v in deciding_fields(run.config).items() if k != "seed"}
    # The first digits tell two sets apart; the same settings on other faces are no other seed.
    return fields | {f"{split} faces": sha256[:8] for split, sha256 in run.data_sha256.items()}


def _differing(settings: list[dict[str, FieldValue]]) -> tuple[str, ...]:
    names = dict.fromkeys(name for fields in settings for name in fields)
    first = settings[0]
    return tuple(
        name for name in names if any(fields.get(name) != first.get(name) for fields in settings)
    )


def _accuracy(run: RunSummary, metric: str) -> float | None:
    if metric == "validation":
        return None if run.best is None else run.best.validation_accuracy
    return run.test_accuracies.get(metric)


def _seed(run: RunSummary) -> int:
    return -1 if run.config is None else run.config.seed


def _letters(i: int) -> str:
    letter = string.ascii_uppercase[i % 26]
    return letter if i < 26 else _letters(i // 26 - 1) + letter


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
