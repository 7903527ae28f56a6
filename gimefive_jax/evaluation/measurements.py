"""What is measured on some faces: the typed parts of `metrics.json`."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

Better = Literal["higher", "lower", "neither"]


@dataclasses.dataclass(frozen=True)
class MeasureNote:
    """What a number says and how it is read."""

    title: str
    definition: str
    """How it is computed, in a sentence."""
    better: Better
    low: float | None
    """Smallest possible value; None where there is none."""
    high: float | None


@dataclasses.dataclass(frozen=True)
class Measure:
    """One number, over how many faces it is, and its interval."""

    value: float | None
    """None where these faces do not define it, such as the recall of a category without a face."""
    interval_95: tuple[float, float] | None
    """Percentile bootstrap over pictures: copies of a picture are drawn together."""
    count: int
    """Faces that it is computed over."""


@dataclasses.dataclass(frozen=True)
class ReliabilityBins:
    """Faces grouped by confidence, from low to high; groups without a face are left out."""

    count: tuple[int, ...]
    confidence: tuple[float, ...]
    """Mean confidence of each group."""
    accuracy: tuple[float, ...]
    """Share of each group that is predicted rightly."""


@dataclasses.dataclass(frozen=True)
class RiskCoverage:
    """What share of predictions is wrong if only the most confident ones are made."""

    coverage: tuple[float, ...]
    """Shares of the faces that get a prediction, rising to 1; at most 100."""
    risk: tuple[float, ...]
    """Share of these predictions that is wrong."""
    threshold: tuple[float, ...]
    """Least confidence among them."""


@dataclasses.dataclass(frozen=True)
class Abstention:
    """What comes of predicting only where the confidence is at least a threshold."""

    threshold: float
    count: int
    """Faces that get a prediction."""
    coverage: float
    """Their share."""
    risk: float | None
    """Share of these predictions that is wrong; None where there are none."""
    risk_interval_95: tuple[float, float]
    """Wilson's interval."""


@dataclasses.dataclass(frozen=True)
class ProbabilityMeasurements:
    """What is measured of probabilities, either raw (softmax of the logits) or calibrated."""

    measures: Mapping[str, Measure]
    """By name: nll, brier, ece, ece_equal_mass, auc, aurc, confidence."""
    per_class_auc: Mapping[str, Measure]
    """One-vs-rest, by category."""
    bins: ReliabilityBins
    """15 bins of equal width, those of ece."""
    bins_equal_mass: ReliabilityBins
    """Those of ece_equal_mass."""
    risk_coverage: RiskCoverage
    abstention: tuple[Abstention, ...]


@dataclasses.dataclass(frozen=True)
class Measurements:
    """Everything measured on some faces: a split, a part of it or a subgroup."""

    count: int
    """Faces."""
    num_pictures: int
    """Faces whose stored pixels differ; intervals draw pictures."""
    measures: Mapping[str, Measure]
    """Of the predicted categories, by name: accuracy, balanced_accuracy, macro_f1, top_2_accuracy,
    majority_baseline."""
    per_class: Mapping[str, Mapping[str, Measure]]
    """By category, then precision, recall and f1."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts: row = label, column = predicted."""
    raw: ProbabilityMeasurements
    """Of the softmax of the logits as they are."""
    calibrated: ProbabilityMeasurements | None
    """Of the calibrated probabilities; None where the model carries no calibration."""

    @property
    def shown(self) -> ProbabilityMeasurements:
        """Of the probabilities that users of the model see: calibrated ones where there are any."""
        return self.calibrated or self.raw


@dataclasses.dataclass(frozen=True)
class NeutralFaces:
    """Neutral faces, for which a model of the six categories has no answer."""

    data: str
    split: str
    count: int
    num_confident: int
    """Those that get some category with confidence of at least `threshold`."""
    share: float
    interval_95: tuple[float, float]
    """Wilson's interval."""
    threshold: float
    calibrated: bool
    """Whether the confidence is calibrated."""
