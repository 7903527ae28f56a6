"""From logits and labels of some faces to everything measured on them."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax import statistics
from gimefive_jax.evaluation.answers import Answers
from gimefive_jax.evaluation.calibration import Equal, make_bins
from gimefive_jax.evaluation.measurements import (
    Measure,
    Measurements,
    ProbabilityMeasurements,
    ReliabilityBins,
)
from gimefive_jax.evaluation.risk_coverage import THRESHOLDS, abstain_below, risk_coverage
from gimefive_jax.evaluation.weighted import Statistic, decision_statistic, probability_statistic
from gimefive_jax.readout import PLAIN, Readout

NUM_DRAWS = 1000
_DECISIONS = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "top_2_accuracy",
    "majority_baseline",
)
_PROBABILITIES = ("nll", "brier", "ece", "ece_equal_mass", "auc", "aurc", "confidence")
# Bootstrap samples lie above the value: each bin's gap scatters, and its size is what counts.
_BIASED = ("ece", "ece_equal_mass")


def measure_faces(
    logits: Float[np.ndarray, "face emotion"],
    labels: Int[np.ndarray, " face"],
    *,
    emotions: tuple[str, ...],
    readout: Readout = PLAIN,
    pictures: Int[np.ndarray, " face"] | None = None,
    num_draws: int = NUM_DRAWS,
) -> Measurements:
    """Measures the logits of some faces against their labels.

    Args:
      logits: As the network gave them, `[face, emotion]`, of at least one face.
      labels: True categories, `[face]`.
      emotions: Names of the categories, in label order.
      readout: How the logits become probabilities.
      pictures: A number per face, equal for copies of one picture, which are drawn together; by
        default every face is a picture of its own.
      num_draws: Samples of the bootstrap; 0 leaves the intervals out.

    Returns:
      Every number with its interval and the number of faces that it is over.

    Example:
      >>> import numpy as np
      >>> found = measure_faces(np.eye(2), np.array([0, 1]), emotions=("happiness", "fear"))
      >>> found.measures["accuracy"].value, found.raw.measures["auc"].count
      (1.0, 2)
    """
    answers = Answers(logits, labels, PLAIN)
    resampling = _Resampling(len(labels), pictures, num_draws)
    decisions = resampling.estimate(decision_statistic(answers))
    confusion, count = answers.confusion, len(labels)
    support, predicted = confusion.sum(1), confusion.sum(0)
    over = {"precision": predicted, "recall": support, "f1": support}
    return Measurements(
        count=count,
        num_pictures=count if pictures is None else len(np.unique(pictures)),
        measures={name: decisions.measure(name, count) for name in _DECISIONS},
        per_class={
            emotion: {
                name: decisions.measure(f"{name}:{i}", int(counts[i]))
                for name, counts in over.items()
            }
            for i, emotion in enumerate(emotions)
        },
        confusion=tuple(map(tuple, confusion.tolist())),
        raw=_probabilities(answers, emotions, resampling),
        calibrated=(
            _probabilities(Answers(logits, labels, readout), emotions, resampling)
            if readout.is_calibrated
            else None
        ),
    )


def _probabilities(
    answers: Answers, emotions: tuple[str, ...], resampling: "_Resampling"
) -> ProbabilityMeasurements:
    found, count = resampling.estimate(probability_statistic(answers)), len(answers.labels)
    return ProbabilityMeasurements(
        measures={name: found.measure(name, count) for name in _PROBABILITIES},
        per_class_auc={
            emotion: found.measure(f"auc:{i}", count) for i, emotion in enumerate(emotions)
        },
        bins=_bins(answers, "width"),
        bins_equal_mass=_bins(answers, "mass"),
        risk_coverage=risk_coverage(answers),
        abstention=tuple(abstain_below(answers, threshold) for threshold in THRESHOLDS),
    )


def _bins(answers: Answers, equal: Equal) -> ReliabilityBins:
    bins = make_bins(answers.logits, answers.labels, readout=answers.readout, equal=equal)
    return ReliabilityBins(
        count=tuple(bins.count.tolist()),
        confidence=tuple(bins.confidence.tolist()),
        accuracy=tuple(bins.accuracy.tolist()),
    )


@dataclasses.dataclass(frozen=True)
class _Estimates:
    """Values and ends of intervals by name; NaN where the faces do not define them."""

    values: dict[str, float]
    ends: dict[str, tuple[float, float]]

    def measure(self, name: str, count: int) -> Measure:
        value, (low, high) = self.values[name], self.ends[name]
        if np.isnan(value):
            return Measure(None, None, count)
        return Measure(value, None if np.isnan(low) else (low, high), count)


@dataclasses.dataclass(frozen=True, eq=False)
class _Resampling:
    """How faces are resampled: every statistic of them gets the same samples."""

    count: int
    pictures: Int[np.ndarray, " face"] | None
    num_draws: int

    def estimate(self, statistic: Statistic) -> _Estimates:
        exact = statistic(np.ones((1, self.count)))
        values = {name: float(column[0]) for name, column in exact.items()}
        if self.num_draws == 0:
            return _Estimates(values, dict.fromkeys(values, (np.nan, np.nan)))
        draws = statistics.bootstrap_draws(
            lambda weights: np.stack(list(statistic(weights).values()), axis=1),
            self.count,
            groups=self.pictures,
            num_draws=self.num_draws,
        )
        for i, name in enumerate(values):
            if name in _BIASED:
                draws[:, i] = np.maximum(0, draws[:, i] - draws[:, i].mean() + values[name])
        ends = statistics.percentile_intervals(draws)
        pairs = [(float(low), float(high)) for low, high in ends]
        return _Estimates(values, dict(zip(values, pairs, strict=True)))
