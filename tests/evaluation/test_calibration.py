from pathlib import Path

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from gimefive_jax.errors import InputError
from gimefive_jax.evaluation import calibration
from gimefive_jax.evaluation.calibration import (
    TEMPERATURES,
    check_calibration_split,
    fit_temperature,
    make_bins,
    measure_calibration,
)
from gimefive_jax.evaluation.reliability import plot_reliability
from gimefive_jax.readout import Readout
from gimefive_jax.scaling import at_temperature, log_softmax


@pytest.fixture
def faces() -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too sure by a factor of two, and labels drawn from the true shares."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(1200, 6))
    shares = np.exp(log_softmax(logits))
    labels = np.array([generator.choice(6, p=row) for row in shares])
    return (2 * logits).astype(np.float32), labels


def test_the_loss_is_scikit_learns(faces: tuple[np.ndarray, np.ndarray]):
    logits, labels = faces
    for temperature in (1.0, 1.7):
        wanted = log_loss(labels, np.exp(log_softmax(logits / temperature)))
        found = measure_calibration(
            logits, labels, readout=Readout(scaling=at_temperature(temperature))
        )
        assert found.loss == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(("equal", "strategy"), [("width", "uniform"), ("mass", "quantile")])
def test_the_bins_are_scikit_learns(
    faces: tuple[np.ndarray, np.ndarray], equal: str, strategy: str
):
    logits, labels = faces
    probabilities = np.exp(log_softmax(logits))
    accuracies, confidences = calibration_curve(
        logits.argmax(1) == labels, probabilities.max(1), n_bins=15, strategy=strategy
    )
    found = make_bins(logits, labels, equal=equal)
    np.testing.assert_allclose(found.accuracy, accuracies)
    np.testing.assert_allclose(found.confidence, confidences)
    assert found.count.sum() == len(labels)


def test_equal_mass_bins_hold_equally_many_faces(faces: tuple[np.ndarray, np.ndarray]):
    assert np.ptp(make_bins(*faces, equal="mass").count) <= 1


def test_the_expected_error_is_the_weighted_mean_of_the_gaps():
    # Two sure faces of which one is wrong, one at a half that is right.
    logits = np.log(np.array([[0.9, 0.1], [0.9, 0.1], [0.5, 0.5]]))
    found = measure_calibration(logits, np.array([0, 1, 0]))
    assert found.ece == pytest.approx((2 * 0.4 + 1 * 0.5) / 3)


def test_the_temperature_is_the_best_of_a_grid(faces: tuple[np.ndarray, np.ndarray]):
    logits, labels = faces
    grid = np.geomspace(0.5, 5, 4001)
    losses = [log_loss(labels, np.exp(log_softmax(logits / t))) for t in grid[::20]]
    near = np.argmin(losses) * 20
    fine = grid[max(0, near - 20) : near + 21]
    losses = [calibration._loss(logits, labels, Readout(scaling=at_temperature(t))) for t in fine]
    # Neighbours on the grid differ by 0.06 %.
    assert fit_temperature(logits, labels) == pytest.approx(fine[np.argmin(losses)], rel=1e-3)


def test_the_temperature_undoes_a_factor(faces: tuple[np.ndarray, np.ndarray]):
    logits, labels = faces
    temperature = fit_temperature(logits, labels)
    # The labels were drawn at 2; 1200 of them tell it to some percent.
    assert temperature == pytest.approx(2, rel=0.15)
    before = measure_calibration(logits, labels)
    after = measure_calibration(
        logits, labels, readout=Readout(scaling=at_temperature(temperature))
    )
    assert all(vars(after)[name] < vars(before)[name] for name in vars(before))


def test_faces_without_a_best_temperature_end_at_the_bounds():
    logits = np.eye(6)[[0, 1, 2]]
    assert fit_temperature(logits, np.array([0, 1, 2])) == pytest.approx(TEMPERATURES[0], rel=1e-3)
    assert fit_temperature(logits, np.array([1, 2, 0])) == pytest.approx(TEMPERATURES[1], rel=1e-3)


def test_no_temperature_is_fitted_on_what_is_measured():
    check_calibration_split("validation", "test")
    for calibrate_on, measured in [("test", "test"), ("public_test", "test"), ("train", "train")]:
        with pytest.raises(InputError, match="would flatter the result"):
            check_calibration_split(calibrate_on, measured)


def test_the_diagram_is_drawn_with_and_without_a_temperature(
    faces: tuple[np.ndarray, np.ndarray], tmp_path: Path
):
    for temperature in (1.0, 2.0):
        path = tmp_path / f"{temperature}.png"
        plot_reliability(*faces, path, readout=Readout(scaling=at_temperature(temperature)))
        assert path.read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "1.0.png").read_bytes() != (tmp_path / "2.0.png").read_bytes()
