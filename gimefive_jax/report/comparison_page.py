"""The page of several models measured on the same faces: one self-contained HTML file."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.evaluation.comparison import ComparedModel, MeasuredModel
from gimefive_jax.evaluation.measurements import Measure, Measurements
from gimefive_jax.report.evaluation_faces import SmallFace
from gimefive_jax.report.evaluation_page import PAGE, ignore_page, is_drawn
from gimefive_jax.report.evaluation_words import FILTERS
from gimefive_jax.report.face_sheets import SIDE, FaceSheet, corner, make_sheet
from gimefive_jax.report.faithfulness_charts import nice_ticks
from gimefive_jax.report.templating import render

_MOST_FACES = 60
_COMPARED = ("accuracy", "balanced_accuracy", "macro_f1", "top_2_accuracy", "nll", "brier", "ece")


@dataclasses.dataclass(frozen=True)
class Dot:
    """A number with its interval; positions in percent of the chart's scale."""

    name: str
    is_baseline: bool
    place: float
    low: float
    high: float
    text: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """A number of every model on one scale."""

    title: str
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float | None
    """Where nothing is gained; None in a chart without differences."""


@dataclasses.dataclass(frozen=True)
class ChangedFaces:
    """Faces that one of two models predicts rightly and the other does not."""

    anchor: str
    count: int
    faces: tuple[SmallFace, ...]
    """The first ones of the split."""
    sheet: FaceSheet


@dataclasses.dataclass(frozen=True)
class PairedModel:
    """A model beside the baseline."""

    compared: ComparedModel
    won: ChangedFaces
    lost: ChangedFaces


def write_comparison_page(folder: Path, models: Sequence[ComparedModel], *, baseline: str) -> Path:
    """Writes the page of several models in one step; it needs no network and no script.

    Args:
      folder: Where `index.html` is written, beside the tables.
      models: Measured on the same faces, the baseline among them.
      baseline: Name of the model that the others are compared with.

    Returns:
      The page.
    """
    files.write_text(folder / PAGE, render_comparison(models, baseline=baseline))
    ignore_page(folder, models[0].model.evaluation)
    return folder / PAGE


def render_comparison(models: Sequence[ComparedModel], *, baseline: str) -> str:
    """Gives the page as HTML.

    Args:
      models: Measured on the same faces, the baseline among them.
      baseline: Name of the model that the others are compared with.

    Returns:
      The page.
    """
    [base] = [one.model for one in models if one.model.name == baseline]
    others = [one for one in models if one.model.name != baseline]
    return render(
        "comparison.html.j2",
        filters={**FILTERS, "signed": _signed},
        models=[one.model for one in models],
        compared=models,
        baseline=base,
        found=base.evaluation,
        pairs=[_pair(number, one, base) for number, one in enumerate(others)],
        accuracies=_accuracies(models, baseline=baseline),
        gains=_gains(others),
        names=_COMPARED,
        side=SIDE,
        is_drawn=is_drawn(base.evaluation),
    )


def _accuracies(models: Sequence[ComparedModel], *, baseline: str) -> list[Chart]:
    """Accuracy of each model, on the split and on each of its parts."""
    found = {name: found for one in models for name, found in _parts(one.model).items()}
    return [
        _chart(
            f"accuracy on {part}, %",
            {
                one.model.name: measured.measures["accuracy"]
                for one in models
                if (measured := _parts(one.model).get(part)) is not None
            },
            show=lambda value: f"{100 * value:.1f}",
            baseline=baseline,
        )
        for part in found
    ]


def _gains(others: Sequence[ComparedModel]) -> list[Chart]:
    parts = {part: None for one in others for part in one.part_gains}
    whole = others[0].model.evaluation.split if others else ""
    gains = {whole: {one.model.name: one.accuracy_gain for one in others}} if others else {}
    gains |= {
        part: {one.model.name: one.part_gains[part] for one in others if part in one.part_gains}
        for part in parts
    }
    return [
        _chart(
            f"gain on {part}, percentage points",
            found,
            show=lambda gain: f"{100 * gain:+.1f}",
            from_zero=True,
        )
        for part, found in gains.items()
    ]


def _parts(model: MeasuredModel) -> dict[str, Measurements]:
    whole = model.evaluation.measurements
    return {} if whole is None else {model.evaluation.split: whole, **model.evaluation.parts}


def _chart(
    title: str,
    measures: Mapping[str, Measure],
    *,
    show: Callable[[float], str],
    baseline: str = "",
    from_zero: bool = False,
) -> Chart:
    known = {
        name: (one.value, one.interval_95 or (one.value, one.value))
        for name, one in measures.items()
        if one.value is not None
    }
    ends = [end for _, interval in known.values() for end in interval] + [0.0] * from_zero
    ticks = nice_ticks(min(ends), max(ends))

    def place(value: float) -> float:
        return 100 * (value - ticks[0]) / (ticks[-1] - ticks[0])

    return Chart(
        title=title,
        dots=tuple(
            Dot(name, name == baseline, place(value), place(low), place(high), show(value))
            for name, (value, (low, high)) in known.items()
        ),
        # Few enough for their words to stand beside each other.
        ticks=tuple(
            (place(tick), f"{100 * tick:g}".replace("-", "−"))
            for tick in ticks[:: 1 + len(ticks) // 6]
        ),
        zero=place(0.0) if from_zero else None,
    )


def _pair(number: int, one: ComparedModel, base: MeasuredModel) -> PairedModel:
    ours, theirs = one.model.logits.argmax(1), base.logits.argmax(1)
    labels = np.asarray(base.split.labels)
    right, base_right = ours == labels, theirs == labels
    return PairedModel(
        compared=one,
        won=_changed(f"won-{number}", np.flatnonzero(right & ~base_right), one.model),
        lost=_changed(f"lost-{number}", np.flatnonzero(~right & base_right), one.model),
    )


def _changed(anchor: str, rows: Int[np.ndarray, " row"], model: MeasuredModel) -> ChangedFaces:
    shown, split = rows[:_MOST_FACES], model.split
    confidence = model.evaluation.readout.probabilities(model.logits[shown]).max(1)
    return ChangedFaces(
        anchor=anchor,
        count=len(rows),
        faces=tuple(
            SmallFace(
                *corner(number),
                index=int(split.index[row]),
                words=_words(split, row, model),
                confidence=float(sure),
            )
            for number, (row, sure) in enumerate(zip(shown, confidence, strict=True))
        ),
        sheet=make_sheet(np.asarray(split.images[shown])),
    )


def _words(split: Split, row: int, model: MeasuredModel) -> str:
    predicted = split.emotions[int(model.logits[row].argmax())]
    label = split.emotions[split.labels[row]]
    return f"{split.file_names[row]}, labelled {label}, here predicted {predicted}"


def _signed(share: float) -> str:
    """In percentage points."""
    return f"{100 * share:+.1f}".replace("-", "−")
