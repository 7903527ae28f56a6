"""How accuracy falls while faces are corrupted, as a typed result."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int

from gimefive_jax import statistics
from gimefive_jax.evaluation.answers import Answers


@dataclasses.dataclass(frozen=True)
class CorruptedScores:
    """What is measured of faces under one corruption at one strength; shares from 0 to 1."""

    strength: float
    """In the unit of the corruption."""
    accuracy: float
    accuracy_interval_95: tuple[float, float]
    """Wilson's interval over faces."""
    confidence: float
    """Mean probability of the predicted category, as the model's readout gives it."""
    relative_drop: float
    """Share of the accuracy on the faces as they are that is lost; negative where it grew."""


@dataclasses.dataclass(frozen=True)
class CorruptionCurve:
    """One corruption, from its weakest strength to its strongest."""

    name: str
    title: str
    unit: str
    """Of the strengths, in words."""
    scores: tuple[CorruptedScores, ...]
    relative_drop: float
    """Mean over the strengths."""
    relative_drop_interval_95: tuple[float, float]
    """Bootstrap over pictures: copies of a picture are drawn together."""


@dataclasses.dataclass(frozen=True)
class Robustness:
    """How accuracy falls under corruptions of the same faces; a part of `metrics.json`.

    References:
      Hendrycks and Dietterich, 2019, "Benchmarking neural network robustness to common corruptions
      and perturbations", https://arxiv.org/abs/1903.12261
    """

    count: int
    """Faces, each category with its share of the split."""
    num_in_split: int
    """Faces that they were chosen from."""
    num_located: int
    """Faces whose eyes and mouth were found; the others are covered where these lie on average."""
    accuracy: float
    """Of these faces as they are."""
    accuracy_interval_95: tuple[float, float]
    confidence: float
    curves: tuple[CorruptionCurve, ...]
    relative_drop: float
    """Mean over the corruptions, each of which counts alike."""
    relative_drop_interval_95: tuple[float, float]
    """Bootstrap over pictures: copies of a picture are drawn together."""


@dataclasses.dataclass(frozen=True, eq=False)
class CorruptedAnswers:
    """Answers under one corruption, for each of its strengths."""

    name: str
    title: str
    unit: str
    strengths: tuple[float, ...]
    answers: tuple[Answers, ...]


def summarise(
    clean: Answers,
    corrupted: tuple[CorruptedAnswers, ...],
    *,
    num_in_split: int,
    num_located: int,
    pictures: Int[np.ndarray, " face"] | None = None,
) -> Robustness:
    """Measures how answers change under corruptions.

    Args:
      clean: Answers for the faces as they are.
      corrupted: For the same faces, corruption by corruption.
      num_in_split: Faces that these were chosen from.
      num_located: Faces whose eyes and mouth are known.
      pictures: A number per face, equal for copies of one picture, which are drawn together.

    Returns:
      Accuracies, drops and their intervals.
    """
    count, hits = len(clean.correct), int(clean.correct.sum())
    # A face's share of right answers over strengths; the last column is the mean of corruptions.
    shares = np.stack(
        [np.mean([one.correct for one in curve.answers], axis=0) for curve in corrupted], axis=1
    )
    shares = np.concatenate([shares, shares.mean(1, keepdims=True)], axis=1)
    drops, intervals = _relative_drops(clean.correct, shares, pictures)
    return Robustness(
        count=count,
        num_in_split=num_in_split,
        num_located=num_located,
        accuracy=hits / count,
        accuracy_interval_95=statistics.wilson_interval(hits, count),
        confidence=float(clean.confidence.mean()),
        curves=tuple(
            CorruptionCurve(
                name=curve.name,
                title=curve.title,
                unit=curve.unit,
                scores=tuple(
                    _scores(strength, answers, hits / count)
                    for strength, answers in zip(curve.strengths, curve.answers, strict=True)
                ),
                relative_drop=float(drop),
                relative_drop_interval_95=_ends(interval),
            )
            for curve, drop, interval in zip(corrupted, drops[:-1], intervals[:-1], strict=True)
        ),
        relative_drop=float(drops[-1]),
        relative_drop_interval_95=_ends(intervals[-1]),
    )


def _scores(strength: float, answers: Answers, clean: float) -> CorruptedScores:
    count, hits = len(answers.correct), int(answers.correct.sum())
    return CorruptedScores(
        strength=float(strength),
        accuracy=hits / count,
        accuracy_interval_95=statistics.wilson_interval(hits, count),
        confidence=float(answers.confidence.mean()),
        relative_drop=1 - hits / count / clean if clean else 0.0,
    )


def _relative_drops(
    clean: Bool[np.ndarray, " face"],
    shares: Float[np.ndarray, "face column"],
    pictures: Int[np.ndarray, " face"] | None,
) -> tuple[Float[np.ndarray, " column"], Float[np.ndarray, "column 2"]]:
    """Drops of the columns' means relative to the clean accuracy, and their 95 % intervals.

    A drop is a quotient of two means; what a face adds to its error is linear in small errors of
    both (the delta method), and the bootstrap is over that.
    """
    accuracy = clean.mean()
    if not accuracy:
        return np.zeros(shares.shape[1]), np.zeros((shares.shape[1], 2))
    drops = 1 - shares.mean(0) / accuracy
    added = ((1 - drops) * clean[:, None] - shares) / accuracy
    return drops, drops[:, None] + statistics.bootstrap_mean_intervals(added, groups=pictures)


def _ends(interval: Float[np.ndarray, " 2"]) -> tuple[float, float]:
    low, high = interval
    return float(low), float(high)
