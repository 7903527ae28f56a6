"""Calibrations fitted on faces, and the choice among them by faces that a fit has not seen."""

import numpy as np
import pytest

from gimefive_jax.evaluation import fitting
from gimefive_jax.evaluation.calibration import measure_calibration
from gimefive_jax.evaluation.fitting import ORDER_KEPT, choose_scaling, fit_scaling
from gimefive_jax.readout import Readout
from gimefive_jax.scaling import KINDS, PLAIN_SCALING, Kind, Scaling, log_softmax

Faces = tuple[np.ndarray, np.ndarray]


def _faces(true: Scaling, count: int = 1500, seed: int = 0) -> Faces:
    """Logits, and labels drawn from the probabilities that `true` makes of them."""
    generator = np.random.default_rng(seed)
    logits = 2 * generator.normal(size=(count, 6))
    shares = np.exp(np.asarray(true.log_probabilities(logits)))
    return logits, np.array([generator.choice(6, p=row / row.sum()) for row in shares])


def _loss(scaling: Scaling, faces: Faces) -> float:
    return measure_calibration(*faces, readout=Readout(scaling=scaling)).loss


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_lowers_the_loss_and_has_no_better_neighbour(kind: Kind):
    faces = _faces(Scaling("power", (0.5, 1.6)))
    found = fit_scaling(kind, *faces)
    assert _loss(found, faces) < _loss(PLAIN_SCALING, faces)
    for i, value in enumerate(found.parameters):
        if kind == "spline" and i < 4:
            continue
        for step in (-0.05, 0.05):
            moved = [*found.parameters]
            moved[i] = value + step
            if kind in ("cubic", "beta") and moved[i] < 0:
                continue
            assert _loss(Scaling(kind, tuple(moved)), faces) > _loss(found, faces) - 1e-6


def test_the_parameters_that_made_the_labels_are_found():
    true = Scaling("power", (0.5, 1.6))
    np.testing.assert_allclose(fit_scaling("power", *_faces(true)).parameters, (0.5, 1.6), rtol=0.2)


def test_the_kind_that_made_the_labels_is_chosen():
    for true in (Scaling("temperature", (1.7,)), Scaling("power", (0.4, 1.9))):
        found = choose_scaling(*_faces(true), kinds=("temperature", "power"))
        losses = {one.kind: one.loss for one in found.candidates}
        # A temperature is a power of exponent 1, so it may be beaten by chance alone.
        assert losses[true.kind] < min(losses.values()) + 1e-3
        if true.kind == "power":
            assert found.scaling.kind == "power"
            assert min(losses.values()) < found.uncalibrated_loss


def test_only_kinds_that_keep_the_order_are_tried_unless_asked():
    assert set(KINDS) - set(ORDER_KEPT) == {"vector"}
    assert all(Scaling(kind, fit_scaling(kind, *_faces(PLAIN_SCALING, 60)).parameters).keeps_order
               for kind in ORDER_KEPT)  # fmt: skip


def test_the_choice_calibrates_faces_that_it_has_not_seen():
    true = Scaling("power", (0.2, 1.9))
    found = choose_scaling(*_faces(true), kinds=("temperature", "power")).scaling
    others = _faces(true, 8000, seed=1)
    before = measure_calibration(*others)
    after = measure_calibration(*others, readout=Readout(scaling=found))
    assert after.ece < 0.025 < before.ece
    assert after.loss < before.loss


def test_the_loss_of_a_candidate_is_of_faces_left_out():
    logits, labels = _faces(PLAIN_SCALING, 80)
    found = choose_scaling(logits, labels, kinds=("spline",))
    in_sample = _loss(fit_scaling("spline", logits, labels), (logits, labels))
    assert found.candidates[0].loss > in_sample
    assert found.num_folds == 10


def test_copies_lie_in_one_fold_and_categories_are_spread_over_all():
    generator = np.random.default_rng(0)
    labels = generator.choice(6, 600)
    pictures = np.concatenate([np.arange(500), np.arange(100)])
    labels[500:] = labels[:100]
    fold = fitting._folds(labels, pictures, seed=0)
    np.testing.assert_array_equal(fold[500:], fold[:100])
    for label in range(6):
        assert np.ptp(np.bincount(fold[:500][labels[:500] == label], minlength=10)) <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_faces_that_are_all_right_or_all_wrong_give_a_scaling_still(kind: Kind):
    logits = 3 * np.eye(6)[np.arange(24) % 6]
    for labels in (np.arange(24) % 6, (np.arange(24) + 1) % 6):
        found = fit_scaling(kind, logits, labels)
        assert np.isfinite(np.asarray(found.log_probabilities(logits))).all()
        assert _loss(found, (logits, labels)) <= _loss(PLAIN_SCALING, (logits, labels))


def test_one_face_is_enough_to_end():
    found = choose_scaling(log_softmax(np.zeros((1, 6))), np.array([0]), kinds=("temperature",))
    assert found.num_folds == 1
