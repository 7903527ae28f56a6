"""Calibration errors of probabilities, and the temperature that lowers them.

Guo et al. 2017, "On calibration of modern neural networks".
"""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax.errors import InputError
from gimefive_jax.readout import PLAIN, Readout
from gimefive_jax.scaling import at_temperature

Equal = Literal["width", "mass"]
NUM_BINS = 15
# Faces that are all right want a temperature of 0, and all wrong an infinite one.
TEMPERATURES = (0.05, 20.0)


@dataclasses.dataclass(frozen=True)
class Bins:
    """Faces grouped by their confidence, the probability of the predicted category."""

    count: Int[np.ndarray, " bin"]
    confidence: Float[np.ndarray, " bin"]
    """Mean over the bin's faces."""
    accuracy: Float[np.ndarray, " bin"]

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the bins' |accuracy - confidence|, weighted by faces."""
        return float(np.average(np.abs(self.accuracy - self.confidence), weights=self.count))


def make_bins(
    logits: Float[np.ndarray, "face emotion"],
    labels: Int[np.ndarray, " face"],
    *,
    readout: Readout = PLAIN,
    equal: Equal = "width",
) -> Bins:
    """Groups faces by their confidence; equal confidences stay together, empty bins are left out.

    Args:
      logits: As the network gave them, `[face, emotion]`.
      labels: True categories, `[face]`.
      readout: How the logits become probabilities.
      equal: Whether the 15 bins have the same width, or (nearly) as many faces each. Their edges
        are those of scikit-learn's `calibration_curve`: a bin holds its upper one.

    Returns:
      The bins that hold a face, from low confidence to high.
    """
    log_probabilities, predicted = readout.log_probabilities(logits), logits.argmax(1)
    confidence = np.exp(log_probabilities[np.arange(len(labels)), predicted])
    correct, row = predicted == labels, bin_numbers(confidence, equal=equal)
    count = np.bincount(row, minlength=NUM_BINS)
    full = count > 0
    confidences = np.bincount(row, confidence, NUM_BINS)[full] / count[full]
    accuracies = np.bincount(row, correct, NUM_BINS)[full] / count[full]
    return Bins(count[full], confidences, accuracies)


def bin_numbers(
    confidence: Float[np.ndarray, " face"], *, equal: Equal = "width"
) -> Int[np.ndarray, " face"]:
    """Numbers the bin of each face by its confidence.

    Args:
      confidence: Probabilities of the predicted categories, `[face]`.
      equal: Whether the 15 bins have the same width, or (nearly) as many faces each.

    Returns:
      From 0 to 14, `[face]`; a bin holds its upper edge.
    """
    shares = np.linspace(0, 1, NUM_BINS + 1)
    edges = shares if equal == "width" else np.quantile(confidence, shares)
    return np.searchsorted(edges[1:-1], confidence)


@dataclasses.dataclass(frozen=True)
class CalibrationErrors:
    """How far probabilities are from what they say."""

    loss: float
    """Mean cross-entropy in nats."""
    ece: float
    """Expected calibration error over 15 bins of equal width, from 0 to 1."""
    ece_equal_mass: float
    """The same over 15 bins of (nearly) equally many faces."""


def measure_calibration(
    logits: Float[np.ndarray, "face emotion"],
    labels: Int[np.ndarray, " face"],
    *,
    readout: Readout = PLAIN,
) -> CalibrationErrors:
    """Measures loss and expected calibration errors.

    Args:
      logits: As the network gave them, `[face, emotion]`.
      labels: True categories, `[face]`.
      readout: How the logits become probabilities.

    References:
      Guo et al., 2017, "On calibration of modern neural networks", https://arxiv.org/abs/1706.04599
    """
    return CalibrationErrors(
        loss=_loss(logits, labels, readout),
        ece=make_bins(logits, labels, readout=readout, equal="width").expected_error,
        ece_equal_mass=make_bins(logits, labels, readout=readout, equal="mass").expected_error,
    )


def fit_temperature(
    logits: Float[np.ndarray, "face emotion"], labels: Int[np.ndarray, " face"]
) -> float:
    """Finds the temperature with the least loss on some faces, which must be no test faces.

    The loss is convex in its inverse, so there is one such temperature.

    Args:
      logits: As the network gave them, `[face, emotion]`.
      labels: True categories, `[face]`.

    Returns:
      The temperature, between 1/20 and 20, with five digits.

    References:
      Guo et al., 2017, "On calibration of modern neural networks", https://arxiv.org/abs/1706.04599
    """
    # Imported here: it takes longer than to predict a face.
    from scipy import optimize

    low, high = np.log(TEMPERATURES)
    found = optimize.minimize_scalar(
        lambda logarithm: _loss(
            logits, labels, Readout(scaling=at_temperature(float(np.exp(logarithm))))
        ),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-6},
    )
    # Five digits: no validation split tells more, and the rest would differ between machines.
    return float(f"{np.exp(found.x):.5g}")


def check_calibration_split(calibrate_on: str, measured: str) -> None:
    """Refuses to fit a calibration on what is measured, or on a test split.

    Args:
      calibrate_on: Split that the calibration would be fitted on.
      measured: Split that the model is measured on.

    Raises:
      InputError: If the fitted calibration would flatter the result.
    """
    if calibrate_on == measured or "test" in calibrate_on:
        raise InputError(
            f"a calibration fitted on {calibrate_on} would flatter the result; fit it on faces "
            "that are never measured: --calibrate-on validation"
        )


def _loss(
    logits: Float[np.ndarray, "face emotion"], labels: Int[np.ndarray, " face"], readout: Readout
) -> float:
    return float(-readout.log_probabilities(logits)[np.arange(len(labels)), labels].mean())
