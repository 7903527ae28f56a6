import jax
import numpy as np
import pytest

from gimefive_jax.readout import PLAIN, Readout
from gimefive_jax.scaling import at_temperature
from gimefive_jax.structs import Predictions

LOGITS = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)


def test_the_plain_readout_is_the_softmax():
    np.testing.assert_allclose(PLAIN.probabilities(LOGITS), jax.nn.softmax(LOGITS), rtol=1e-5)


def test_a_temperature_changes_probabilities_but_no_prediction():
    raw = Predictions(LOGITS)
    calibrated = Readout(scaling=at_temperature(1.8)).apply(raw)
    np.testing.assert_array_equal(raw.emotion, calibrated.emotion)
    np.testing.assert_array_equal(raw.emotion, np.asarray(calibrated.probabilities).argmax(1))
    np.testing.assert_array_equal(raw.logits, calibrated.logits)
    np.testing.assert_allclose(calibrated.probabilities, jax.nn.softmax(LOGITS / 1.8), rtol=1e-5)


@pytest.mark.parametrize("temperature", [0.81355, 1.0, 3.7])
def test_host_and_predictions_agree_on_the_probabilities(temperature: float):
    readout = Readout(scaling=at_temperature(temperature))
    found = readout.apply(Predictions(LOGITS)).probabilities
    np.testing.assert_allclose(readout.probabilities(LOGITS), found, rtol=1e-5)


def test_the_view_is_named_as_in_a_model_card():
    assert [Readout(flip=flip).view for flip in (False, True)] == ["plain", "flip"]
