"""Calibrated probabilities: what each kind promises, in numpy and in jax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.scaling import PLAIN_SCALING, Scaling, at_temperature

SCALINGS = [
    at_temperature(0.8),
    Scaling("power", (0.44, 1.82)),
    Scaling("cubic", (0.7, 0.01, 0.05)),
    Scaling("margin", (0.27, -0.29, 0.11)),
    Scaling("beta", (0.7, 2.2, -1.5)),
    # As wild as a fit to few faces can be.
    Scaling("beta", (0.0, 0.0, -40.0)),
    Scaling("spline", (-0.9, 0.2, 1.1, 2.6, 0.2, 0.3, -0.6, 2.2)),
    Scaling("spline", (-0.9, 0.2, 1.1, 2.6, -9.0, 0.3, 5.0, -7.0)),
    Scaling("vector", (0.8, -0.5, 0.1, 0.2, 0.0, 0.4, -0.2)),
]


def _logits() -> np.ndarray:
    generator = np.random.default_rng(0)
    scale = generator.choice([0.1, 1.0, 5.0, 30.0], (500, 1))
    return np.concatenate([scale * generator.normal(size=(500, 6)), np.zeros((1, 6))])


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_probabilities_are_positive_and_sum_to_one(scaling: Scaling):
    logs = scaling.log_probabilities(_logits())
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(np.exp(logs).sum(1), 1, rtol=1e-12)


@pytest.mark.parametrize("scaling", [one for one in SCALINGS if one.keeps_order], ids=str)
def test_the_order_of_a_faces_categories_stays(scaling: Scaling):
    logits = _logits()
    ordered = np.sort(logits, axis=1)
    rows = np.argsort(logits, axis=1)
    logs = np.take_along_axis(np.asarray(scaling.log_probabilities(logits)), rows, axis=1)
    assert (np.diff(logs, axis=1) >= -1e-12).all()
    # Equal logits have equal probabilities still.
    assert np.ptp(scaling.log_probabilities(np.zeros((1, 6)))) < 1e-12
    assert ordered.shape == logs.shape


def test_vector_scaling_promises_no_order():
    assert not SCALINGS[-1].keeps_order
    logits = _logits()
    found = np.asarray(SCALINGS[-1].log_probabilities(logits))
    assert (found.argmax(1) != logits.argmax(1)).any()


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_jax_computes_what_numpy_does(scaling: Scaling):
    logits = _logits().astype(np.float32)
    wanted = np.exp(scaling.log_probabilities(logits))
    found = jax.jit(scaling.log_probabilities)(jnp.asarray(logits))
    np.testing.assert_allclose(np.exp(found), wanted, atol=3e-5)


@pytest.mark.parametrize(
    "identity",
    [
        at_temperature(1.0),
        Scaling("power", (1.0, 1.0)),
        Scaling("cubic", (1.0, 0.0, 0.0)),
        Scaling("margin", (0.0, 0.0, 0.0)),
        Scaling("beta", (1.0, 1.0, 0.0)),
        Scaling("spline", (-1.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0)),
        Scaling("vector", (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
    ],
    ids=str,
)
def test_every_kind_holds_the_softmax(identity: Scaling):
    logits = _logits()
    np.testing.assert_allclose(
        identity.log_probabilities(logits), PLAIN_SCALING.log_probabilities(logits), atol=1e-9
    )


def test_the_confidence_of_beta_is_that_of_the_formula():
    scaling = Scaling("beta", (0.7, 2.2, 0.3))
    logs = np.asarray(PLAIN_SCALING.log_probabilities(_logits()[:500]))
    confidence, found = np.exp(logs.max(1)), np.exp(scaling.log_probabilities(logs))
    odds = 0.7 * np.log(confidence) - 2.2 * np.log1p(-confidence.clip(0, 1 - 1e-12)) + 0.3
    # Where the second category does not hold it up.
    free = (found.max(1) > np.sort(found, axis=1)[:, -2] + 1e-9) & (confidence < 1 - 1e-9)
    np.testing.assert_allclose(found.max(1)[free], 1 / (1 + np.exp(-odds[free])), rtol=1e-7)
    assert free.sum() > 300


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        ("magic", (1.0,), "none of temperature"),
        ("power", (1.0,), "1 parameters, and must have 2"),
        ("vector", (1.0,), "a bias for each category"),
        ("temperature", (0.0,), "must be positive"),
        ("cubic", (1.0, float("inf"), 0.0), "no finite number"),
    ],
)
def test_parameters_that_no_fit_gives_are_refused(
    kind: str, parameters: tuple[float, ...], words: str
):
    with pytest.raises(ValueError, match=words):
        Scaling(kind, parameters)  # type: ignore[arg-type]
