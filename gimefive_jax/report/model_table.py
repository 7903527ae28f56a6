"""The table of models measured on the same faces: results.csv and results.md."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gimefive_jax.evaluation.comparison import ComparedModel
from gimefive_jax.evaluation.measurements import Measure, Measurements
from gimefive_jax.report.tables import Cell, Column, Table, percent, write_csv, write_markdown

RESULTS_TABLE, RESULTS_PAGE = "results.csv", "results.md"
_DECISIONS = ("accuracy", "balanced_accuracy", "macro_f1", "top_2_accuracy")
_PROBABILITIES = ("nll", "brier", "ece", "auc", "aurc")
_SHOWN = ("accuracy", "balanced_accuracy", "macro_f1", "ece")


def write_results(folder: Path, models: Sequence[ComparedModel], *, baseline: str) -> None:
    """Writes results.csv, with every digit, and results.md, for people.

    Args:
      folder: Where they go; earlier ones are replaced.
      models: A row each.
      baseline: Name of the model that the others are compared with.
    """
    write_csv(folder / RESULTS_TABLE, machine_table(models))
    write_markdown(folder / RESULTS_PAGE, reading_tables(models, baseline=baseline))


def machine_table(models: Sequence[ComparedModel]) -> Table:
    """Gives a row per model and faces (the split, then each part), with every number.

    Args:
      models: What was measured.

    Returns:
      A table whose intervals have columns `NAME_low` and `NAME_high`; probabilities are the shown
      ones, and `calibrated` says whether these are calibrated.
    """
    numbers = (*_DECISIONS, *_PROBABILITIES, "accuracy_gain")
    columns = [
        Column("model", is_text=True),
        Column("architecture", is_text=True),
        Column("width"),
        Column("parameters"),
        Column("data", is_text=True),
        Column("split", is_text=True),
        Column("flip"),
        Column("calibrated"),
        Column("count"),
        *(Column(f"{name}{end}") for name in numbers for end in ("", "_low", "_high")),
        Column("paper_accuracy"),
    ]
    rows = []
    for one in models:
        for split, measured, gain in _parts(one):
            found = [*_numbers(measured), gain]
            is_whole = split == one.model.evaluation.split
            rows.append(
                (
                    *_head(one),
                    split,
                    one.model.evaluation.flip,
                    measured.calibrated is not None,
                    measured.count,
                    *(cell for number in found for cell in _cells(number)),
                    one.model.paper_accuracy if is_whole else None,
                )
            )
    return Table(tuple(columns), tuple(rows))


def reading_tables(models: Sequence[ComparedModel], *, baseline: str) -> list[Table]:
    """Gives a table for the split and one for each part, for people.

    Args:
      models: What was measured.
      baseline: Name of the model that the others are compared with.

    Returns:
      Tables of percent with 95 % intervals.
    """
    first = models[0].model.evaluation
    splits = [split for split, _, _ in _parts(models[0])]
    return [
        _reading_table(models, f"{first.data} {split}", i, baseline)
        for i, split in enumerate(splits)
    ]


def _reading_table(
    models: Sequence[ComparedModel], title: str, number: int, baseline: str
) -> Table:
    columns = (
        Column("model", is_text=True),
        Column("parameters", show=lambda cell: f"{cell:,}"),
        Column("faces", show=lambda cell: f"{cell:,}"),
        *(Column(name, name.replace("_", " ")) for name in _SHOWN),
        Column("gain", f"accuracy less {baseline}'s"),
        Column("paper", "the paper's accuracy", percent),
        Column("from_paper", "less the paper's", _signed),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in models:
        split, measured, gain = _parts(one)[number]
        by_name = {**measured.measures, **measured.shown.measures}
        accuracy, paper = measured.measures["accuracy"].value, one.model.paper_accuracy
        is_known = paper is not None and accuracy is not None and split == one.model.split.name
        rows.append(
            (
                one.model.name,
                one.model.num_parameters,
                measured.count,
                *(_with_interval(by_name[name], percent) for name in _SHOWN),
                None if one.model.name == baseline else _with_interval(gain, _signed),
                paper if is_known else None,
                accuracy - paper
                if is_known and paper is not None and accuracy is not None
                else None,
            )
        )
    return Table(columns, tuple(rows), title=title)


def _parts(one: ComparedModel) -> list[tuple[str, Measurements, Measure]]:
    """The split and its parts: name, what was measured, gain over the baseline."""
    found = one.model.evaluation
    if found.measurements is None:
        return []
    parts = [(name, found.parts[name], gain) for name, gain in one.part_gains.items()]
    return [(found.split, found.measurements, one.accuracy_gain), *parts]


def _head(one: ComparedModel) -> tuple[Cell, ...]:
    model = one.model
    return model.name, model.architecture, model.width, model.num_parameters, model.evaluation.data


def _numbers(measured: Measurements) -> list[Measure]:
    shown = measured.shown.measures
    return [*(measured.measures[name] for name in _DECISIONS), *(shown[n] for n in _PROBABILITIES)]


def _cells(number: Measure) -> tuple[Cell, ...]:
    return (number.value, *(number.interval_95 or (None, None)))


def _with_interval(number: Measure, show: Callable[[Cell], str]) -> str | None:
    if number.value is None:
        return None
    if number.interval_95 is None:
        return show(number.value)
    low, high = number.interval_95
    return f"{show(number.value)} ({show(low)} to {show(high)})"


def _signed(cell: Cell) -> str:
    return f"{cell:+.2%}" if isinstance(cell, int | float) else str(cell)
