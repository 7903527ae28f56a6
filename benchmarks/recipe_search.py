"""The table of a finished search for training recipes, whose trials lie in results/recipe_search.

    python benchmarks/recipe_search.py benchmarks/results/recipe_search

Its trials kept their processor time beside the run, and have fields that configs no longer have.
New searches are `gimefive sweep`, their tables `gimefive runs compare`, and what a recipe reaches
on the test `gimefive reproduce ours`.
"""

import argparse
import dataclasses
import json
import math
import statistics
from collections.abc import Mapping
from pathlib import Path

from gimefive_jax import config as configs
from gimefive_jax.runs import RunFolder

PROCESSOR = "processor.jsonl"
"""In a run folder: a line per call that trained it, with its seconds of processor time."""
# They change no result, or have a column of their own.
_IGNORED = (
    "seed",
    "data.directory",
    "data.placement",
    # What the data says, not the recipe.
    "model.emotions",
    "training.num_epochs",
    "training.save_every_minutes",
)


@dataclasses.dataclass(frozen=True)
class Trial:
    """A run folder, read; accuracies in percent."""

    name: str
    seed: int
    changes: str
    """Fields that differ from the base config, those included that the code no longer has."""
    epochs: float
    planned_epochs: int
    minutes: float
    """Of processor time: training, validation, compilation and start-up."""
    validation: float
    """Of the last epoch, which nothing was selected by."""
    best_validation: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="all trials below it stand in the table")
    parser.add_argument("--base", default="gimefive_fer2013_modern", help="config to compare with")
    arguments = parser.parse_args()
    print(make_table(read_trials(arguments.folder, base=arguments.base)))


def read_trials(folder: Path, *, base: str) -> list[Trial]:
    """Trials below `folder`, by name, those included that have finished no epoch."""
    fields = configs.to_fields(configs.load_config(base))
    found = sorted(folder.rglob("config.json"))
    return [_read_trial(path.parent, fields) for path in found]


def make_table(trials: list[Trial]) -> str:
    """Markdown: a row per recipe and length, with mean and sample deviation over its seeds."""
    groups: dict[tuple[str, str, int], list[Trial]] = {}
    for trial in trials:
        name = trial.name.removesuffix(f"-seed{trial.seed}")
        groups.setdefault((name, trial.changes, trial.planned_epochs), []).append(trial)
    lines = [
        "| trial | changed | epochs | seeds | processor minutes | validation, last epoch | best |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, changes, planned), members in groups.items():
        epochs = ", ".join(sorted({f"{round(trial.epochs)}" for trial in members}))
        of = "" if epochs == str(planned) else f" of {planned}"
        seeds = ", ".join(str(trial.seed) for trial in members)
        minutes = _spread([trial.minutes for trial in members], digits=1)
        last = _spread([trial.validation for trial in members])
        best = _spread([trial.best_validation for trial in members])
        lines.append(
            f"| {name} | {changes} | {epochs}{of} | {seeds} | {minutes} | {last} | {best} |"
        )
    return "\n".join(lines)


def _read_trial(folder: Path, base: Mapping[str, object]) -> Trial:
    values = _flatten(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    rows = RunFolder(folder).read_log()
    changed = [
        f"{name.rpartition('.')[2]}={_plain(value)}"
        for name, value in values.items()
        if name not in _IGNORED and _plain(value) != _plain(base.get(name, _off(value)))
    ]
    accuracies = [100 * row.validation_accuracy for row in rows]
    return Trial(
        name=folder.name,
        seed=int(str(values["seed"])),
        changes=", ".join(changed) or "nothing",
        epochs=rows[-1].epoch if rows else 0.0,
        planned_epochs=int(str(values["training.num_epochs"])),
        minutes=_processor_minutes(folder),
        validation=accuracies[-1] if rows else math.nan,
        best_validation=max(accuracies, default=math.nan),
    )


def _processor_minutes(folder: Path) -> float:
    path = folder / PROCESSOR
    if not path.is_file():
        return math.nan
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return sum(line["user_seconds"] + line["system_seconds"] for line in lines) / 60


def _spread(values: list[float], *, digits: int = 2) -> str:
    if any(math.isnan(value) for value in values):
        return "-"
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _off(value: object) -> object:
    # A field that the base config does not know was an experiment's own: off is zero or False.
    return type(value)() if isinstance(value, bool | int | float | str | list) else None


def _flatten(tree: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            fields |= _flatten(value, f"{prefix}{name}.")
        else:
            fields[prefix + name] = value
    return fields


if __name__ == "__main__":
    main()
