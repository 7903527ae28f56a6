"""Everything measured on some faces, beside scikit-learn and counting by hand."""

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn

from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.evaluation.measurements import Measurements
from gimefive_jax.evaluation.measuring import measure_faces
from gimefive_jax.readout import PLAIN, Readout
from gimefive_jax.scaling import at_temperature, log_softmax
from tests.tolerances import EXACT_METRICS

Faces = tuple[np.ndarray, np.ndarray]


def _random(seed: int = 0, *, count: int = 400, decimals: int | None = None) -> Faces:
    """Logits and labels of categories of different sizes; few decimals make ties."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(6, count, p=[0.4, 0.2, 0.2, 0.1, 0.08, 0.02])
    logits = generator.normal(size=(count, 6)).astype(np.float32)
    logits[np.arange(count), labels] += 1
    return logits if decimals is None else logits.round(decimals), labels


def _all_wrong() -> Faces:
    logits, labels = _random(1)
    logits[np.arange(len(labels)), labels] = -9
    return logits, labels


def _absent() -> Faces:
    logits, labels = _random(2)
    return logits, np.where(labels == 3, 0, labels)


CASES = {
    "random": _random(),
    "ties": _random(3, decimals=0),
    "all wrong": _all_wrong(),
    "a category absent": _absent(),
    "one face": _random(4, count=1),
    "one category": (_random(5)[0], np.full(400, 2)),
    "all logits equal": (np.zeros((12, 6), np.float32), np.arange(12) % 6),
}


def _measure(faces: Faces, readout: Readout = PLAIN, num_draws: int = 20) -> Measurements:
    return measure_faces(*faces, emotions=EMOTIONS, readout=readout, num_draws=num_draws)


def _close(wanted: float) -> object:
    return pytest.approx(wanted, rel=0, abs=EXACT_METRICS)


@pytest.mark.parametrize("case", CASES)
def test_measures_of_predictions_are_scikit_learns(case: str):
    logits, labels = CASES[case]
    found, predicted = _measure((logits, labels)), logits.argmax(1)
    present = np.unique(labels)
    precision, recall, f1, support = sklearn.precision_recall_fscore_support(
        labels, predicted, labels=range(6), zero_division=0
    )
    values = {name: one.value for name, one in found.measures.items()}
    assert values["accuracy"] == _close(sklearn.accuracy_score(labels, predicted))
    assert values["balanced_accuracy"] == _close(recall[present].mean())
    assert values["macro_f1"] == _close(f1[present].mean())
    assert values["majority_baseline"] == _close(support.max() / len(labels))
    wanted = sklearn.confusion_matrix(labels, predicted, labels=range(6))
    np.testing.assert_array_equal(found.confusion, wanted)
    for i, row in enumerate(found.per_class.values()):
        assert row["precision"].value == _close(precision[i])
        assert row["f1"].value == _close(f1[i])
        assert row["recall"].value == (_close(recall[i]) if support[i] else None)
        assert (row["recall"].count, row["precision"].count) == (support[i], wanted.sum(0)[i])


def test_the_interval_of_the_majority_baseline_holds_it_where_all_categories_are_as_frequent():
    measure = _measure((np.zeros((60, 6)), np.arange(60) % 6)).measures["majority_baseline"]
    assert measure.interval_95 is not None
    low, high = measure.interval_95
    assert low < 1 / 6 < high


@pytest.mark.parametrize("case", CASES)
def test_the_label_is_in_the_top_2_where_at_most_one_logit_is_before_it(case: str):
    logits, labels = CASES[case]
    hits = 0
    for row, label in zip(logits, labels, strict=True):
        # Of equal logits the first category comes first, as in argmax.
        before = [k for k in range(6) if (-row[k], k) < (-row[label], label)]
        hits += len(before) < 2
    assert _measure((logits, labels)).measures["top_2_accuracy"].value == _close(hits / len(labels))


@pytest.mark.parametrize("temperature", [1.0, 0.6])
@pytest.mark.parametrize("case", CASES)
def test_measures_of_probabilities_are_scikit_learns(case: str, temperature: float):
    logits, labels = CASES[case]
    measured = _measure((logits, labels), Readout(scaling=at_temperature(temperature)))
    found = {name: one.value for name, one in measured.shown.measures.items()}
    probabilities = np.exp(log_softmax(logits.astype(np.float64) / temperature))
    truth = np.eye(6)[labels]
    assert found["nll"] == _close(sklearn.log_loss(labels, probabilities, labels=range(6)))
    assert found["brier"] == _close(((probabilities - truth) ** 2).sum(1).mean())
    areas = [
        sklearn.roc_auc_score(truth[:, k], probabilities[:, k].round(12))
        for k in range(6)
        if 0 < truth[:, k].sum() < len(labels)
    ]
    known = [one.value for one in measured.shown.per_class_auc.values() if one.value is not None]
    assert known == _close(areas)
    assert found["auc"] == (_close(np.mean(areas)) if areas else None)


@pytest.mark.parametrize("case", CASES)
def test_raw_probabilities_are_measured_to_a_billionth(case: str):
    logits, labels = CASES[case]
    wide = logits.astype(np.float64)
    shares = np.exp(wide - wide.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    found = {name: one.value for name, one in _measure((logits, labels)).raw.measures.items()}
    assert found["nll"] == _close(
        math.fsum(-np.log(shares[range(len(labels)), labels])) / len(labels)
    )
    brier = sum(
        (shares[i, k] - (labels[i] == k)) ** 2 for i in range(len(labels)) for k in range(6)
    )
    assert found["brier"] == _close(brier / len(labels))
    assert found["ece"] == _close(_ece_by_hand(shares, labels))
    assert found["aurc"] == _close(_aurc_by_hand(shares.max(1), logits.argmax(1) == labels))
    assert found["confidence"] == _close(shares.max(1).mean())
    assert found["auc"] == _mean_auc_by_hand(shares, labels)


def _ece_by_hand(shares: np.ndarray, labels: np.ndarray) -> float:
    bins: dict[int, list[float]] = {}
    for row, label in zip(shares, labels, strict=True):
        confidence = row.max()
        number = next(k for k in range(15) if confidence <= (k + 1) / 15 + 1e-15)
        bins.setdefault(number, []).append(float(row.argmax() == label) - confidence)
    return sum(abs(sum(gaps)) for gaps in bins.values()) / len(labels)


def _aurc_by_hand(confidence: np.ndarray, correct: np.ndarray) -> float:
    """The mean over all orders of faces with equal confidence."""
    risks, covered, wrong = [], 0, 0.0
    confidence = confidence.round(12)
    for value in sorted(set(confidence.tolist()), reverse=True):
        tied = [not hit for c, hit in zip(confidence, correct, strict=True) if c == value]
        risks += [
            (wrong + k * sum(tied) / len(tied)) / (covered + k) for k in range(1, len(tied) + 1)
        ]
        covered, wrong = covered + len(tied), wrong + sum(tied)
    return sum(risks) / len(risks)


def _mean_auc_by_hand(shares: np.ndarray, labels: np.ndarray) -> object:
    areas, shares = [], shares.round(12)
    for k in range(6):
        mine, others = shares[labels == k, k], shares[labels != k, k]
        if len(mine) and len(others):
            wins = (mine[:, None] > others) + 0.5 * (mine[:, None] == others)
            areas.append(wins.mean())
    return _close(np.mean(areas)) if areas else None


def test_what_the_faces_do_not_define_is_none_and_has_no_interval():
    found = _measure(CASES["one category"])
    assert found.per_class["fear"]["recall"].value is None
    assert found.per_class["fear"]["recall"].interval_95 is None
    assert found.raw.measures["auc"].value is None
    assert found.raw.per_class_auc["sadness"].value is None


def test_a_model_without_a_calibration_has_no_calibrated_numbers():
    assert _measure(CASES["random"]).calibrated is None
    found = _measure(CASES["random"], Readout(scaling=at_temperature(2.0)))
    assert found.calibrated is not None
    assert found.raw == _measure(CASES["random"]).raw
    assert found.calibrated.measures["nll"] != found.raw.measures["nll"]


def test_every_interval_holds_its_value_and_narrows_with_the_faces():
    few, many = (_measure(_random(7, count=n), num_draws=300) for n in (200, 3200))
    for name, one in (many.measures | dict(many.raw.measures)).items():
        assert one.value is not None
        assert one.interval_95 is not None
        assert one.interval_95[0] <= one.value <= one.interval_95[1], name
        other = (few.measures | dict(few.raw.measures))[name].interval_95
        assert other is not None
        assert np.diff(one.interval_95) < np.diff(other), name


def test_the_bootstrap_of_an_area_is_that_of_the_samples_own_areas():
    logits, labels = _random(8, count=300)
    probabilities = np.exp(log_softmax(logits))
    truth = labels == 1
    generator = np.random.default_rng(0)
    areas = []
    for _ in range(400):
        rows = generator.integers(0, 300, 300)
        areas.append(sklearn.roc_auc_score(truth[rows], probabilities[rows, 1]))
    found = _measure((logits, labels), num_draws=1000).raw.per_class_auc["surprise"].interval_95
    np.testing.assert_allclose(found, np.percentile(areas, [2.5, 97.5]), atol=0.01)


def test_copies_of_a_picture_widen_the_intervals_but_change_no_value():
    logits, labels = _random(9, count=300)
    copies = (np.repeat(logits, 4, 0), np.repeat(labels, 4))
    pictures = np.repeat(np.arange(300), 4)
    grouped = measure_faces(*copies, emotions=EMOTIONS, pictures=pictures)
    alone, once = (
        measure_faces(*copies, emotions=EMOTIONS),
        _measure((logits, labels), num_draws=1000),
    )
    assert (grouped.count, grouped.num_pictures) == (1200, 300)
    for name in ("accuracy", "macro_f1"):
        widths = [
            float(np.diff(one.measures[name].interval_95 or (0, 0))[0])
            for one in (grouped, once, alone)
        ]
        assert grouped.measures[name].value == _close(once.measures[name].value or 0)
        assert widths[0] == pytest.approx(widths[1], rel=0.1)
        assert widths[0] > 1.8 * widths[2]
