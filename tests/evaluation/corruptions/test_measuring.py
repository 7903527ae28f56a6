"""Accuracy under corruptions: the one program beside views, and what is made of its answers."""

import dataclasses

import chex
import jax
import numpy as np
import pytest

import gimefive_jax
from gimefive_jax import json_records, parallel
from gimefive_jax.data import Split
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.answers import Answers
from gimefive_jax.evaluation.corruptions import (
    CORRUPTIONS,
    PartBoxes,
    Robustness,
    make_view,
    measure_robustness,
)
from gimefive_jax.evaluation.corruptions.robustness import CorruptedAnswers, summarise
from gimefive_jax.inference import Driver
from gimefive_jax.readout import PLAIN


@pytest.fixture(scope="module")
def classifier(tiny_run) -> gimefive_jax.Classifier:
    return gimefive_jax.load(tiny_run)


@pytest.fixture(scope="module")
def split(classifier: gimefive_jax.Classifier) -> Split:
    return classifier.open_split("test")


@pytest.fixture(scope="module")
def parts(split: Split) -> PartBoxes:
    boxes = np.tile(np.float32([[6, 8, 26, 15], [10, 20, 22, 28]]), (len(split), 1, 1))
    return PartBoxes(boxes, np.ones(len(split), bool))


def measured(classifier, split, *, devices=None, batch_size=16, parts=None, function=None):
    return measure_robustness(
        function or classifier.predict_function,
        classifier.variables,
        split,
        driver=Driver(parallel.make_mesh(devices), batch_size),
        readout=PLAIN,
        num_in_split=len(split),
        parts=parts,
    )


@pytest.fixture(scope="module")
def found(classifier, split, parts) -> Robustness:
    return measured(classifier, split, parts=parts)


def _as_seen(variables: object, faces: jax.Array) -> jax.Array:
    return faces


def test_the_one_program_gives_what_views_give(classifier, split, parts, found: Robustness):
    driver = Driver(parallel.make_mesh(1), 32)
    for curve in found.curves:
        assert [one.strength for one in curve.scores] == list(CORRUPTIONS[curve.name].strengths)
        for scores in curve.scores[::2]:
            view = make_view(curve.name, scores.strength, boxes=parts.boxes)
            faces = dataclasses.replace(driver, view=view).run(_as_seen, (), split.images)
            predictions = driver.run(classifier.predict_function, classifier.variables, faces)
            assert scores.accuracy == (predictions.logits.argmax(1) == split.labels).mean()


def test_devices_and_batches_change_no_count(classifier, split, parts, found: Robustness):
    for devices, size in ((1, 7), (8, 64)):
        other = measured(classifier, split, devices=devices, batch_size=size, parts=parts)
        for ours, theirs in zip(found.curves, other.curves, strict=True):
            assert [one.accuracy for one in ours.scores] == [one.accuracy for one in theirs.scores]


def test_ten_corruptions_at_five_strengths_trace_the_network_twice(classifier, split, parts):
    function = chex.assert_max_traces(n=2)(classifier.predict_function)
    chex.clear_trace_counter()
    measured(classifier, split, parts=parts, function=function, batch_size=8)


def test_without_landmarks_nothing_is_covered(classifier, split):
    found = measured(classifier, split)
    assert [curve.name for curve in found.curves] == list(CORRUPTIONS)[:-2]
    assert found.num_located == 0


def test_the_result_is_read_as_it_was_written(found: Robustness):
    assert json_records.from_json(Robustness, json_records.to_json(found)) == found


def answers(correct: np.ndarray, confidence: float = 0.8) -> Answers:
    """Answers of two categories, all faces of the first."""
    sure = np.where(correct, confidence, 1 - confidence)
    return Answers(np.log(np.stack([sure, 1 - sure], axis=1)), np.zeros(len(correct), np.int64))


def test_drops_are_those_of_the_counts():
    clean = answers(np.arange(100) < 80)
    half = answers(np.arange(100) < 40, 0.6)
    same = CorruptedAnswers("a", "a", "", (1.0, 2.0), (clean, clean))
    worse = CorruptedAnswers("b", "b", "", (1.0, 2.0), (clean, half))
    found = summarise(clean, (same, worse), num_in_split=100, num_located=0)
    assert [curve.relative_drop for curve in found.curves] == pytest.approx([0, 0.25])
    assert [one.relative_drop for one in found.curves[1].scores] == pytest.approx([0, 0.5])
    assert found.relative_drop == pytest.approx(0.125)
    assert found.curves[1].scores[1].confidence == pytest.approx(0.6)
    low, high = found.relative_drop_interval_95
    assert 0.08 < low < 0.125 < high < 0.17
    assert found.curves[0].relative_drop_interval_95 == pytest.approx((0, 0), abs=1e-12)


def test_copies_of_a_picture_widen_the_interval():
    clean, half = answers(np.arange(100) < 80), answers(np.arange(100) % 4 < 2)
    curve = CorruptedAnswers("a", "a", "", (1.0,), (half,))
    spans = []
    for pictures in (None, np.arange(100) // 4, np.arange(100) // 2):
        found = summarise(clean, (curve,), num_in_split=100, num_located=0, pictures=pictures)
        low, high = found.relative_drop_interval_95
        spans.append(high - low)
    every_face, fours, pairs = spans
    assert fours < every_face < pairs


def test_a_model_that_is_never_right_drops_nowhere():
    never = answers(np.zeros(9, bool))
    curve = CorruptedAnswers("a", "a", "", (1.0,), (never,))
    found = summarise(never, (curve,), num_in_split=9, num_located=0)
    assert (found.accuracy, found.relative_drop) == (0, 0)


def test_drops_have_intervals_that_hold_the_truth():
    generator, held = np.random.default_rng(0), 0
    for _ in range(100):
        chance = generator.random(500)
        clean = answers(chance < 0.7)
        # Corruption makes two sevenths of the right answers wrong, and some wrong ones right.
        luck = generator.random(500)
        other = answers(np.where(chance < 0.7, luck < 5 / 7, luck < 0.2))
        curve = CorruptedAnswers("a", "a", "", (1.0,), (other,))
        found = summarise(clean, (curve,), num_in_split=500, num_located=0)
        low, high = found.relative_drop_interval_95
        held += low <= 1 - (0.5 + 0.3 * 0.2) / 0.7 <= high
    assert 0.88 <= held / 100 <= 0.99


def test_the_classifier_takes_each_category_with_its_share(classifier, split):
    found = classifier.robustness("test", num_faces=12)
    assert (found.count, found.num_in_split) == (12, len(split))
    assert found.num_located == 12


def test_a_wrong_name_and_missing_boxes_are_one_line():
    with pytest.raises(InputError, match=r"'blurr'.*blur"):
        make_view("blurr", 1.0)
    with pytest.raises(InputError, match="boxes"):
        make_view("covered_eyes", 100.0)
