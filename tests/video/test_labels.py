import numpy as np
import pytest

from gimefive_jax.video.labels import LabelRules, TrackLabel, as_shown, next_label
from tests.video.made_faces import made_face

ANGRY, HAPPY = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]


def labels_of(frames: list[list[float]], rules: LabelRules) -> list[TrackLabel]:
    label, found = None, []
    for i, probabilities in enumerate(frames):
        label = next_label(label, made_face(probabilities), i, i / 25, rules=rules)
        found.append(label)
    return found


def test_without_rules_each_frame_is_shown_as_it_is() -> None:
    frames = [ANGRY, HAPPY, ANGRY]
    for label, given in zip(labels_of(frames, LabelRules()), frames, strict=True):
        assert label.shown.scores == pytest.approx(given)
        assert label.shown.category == int(np.argmax(given))


def test_a_held_label_changes_every_so_many_frames() -> None:
    found = labels_of([ANGRY] + [HAPPY] * 10, LabelRules(hold=5))
    assert [label.shown.category for label in found] == [0] * 5 + [1] * 6
    assert [label.shown_since for label in found] == [0] * 5 + [5] * 5 + [10]


def test_a_smoothed_label_passes_over_a_single_frame() -> None:
    found = labels_of([ANGRY] * 20 + [HAPPY] + [ANGRY] * 5, LabelRules(smooth=True))
    assert {label.shown.category for label in found} == {0}
    raw = labels_of([ANGRY] * 20 + [HAPPY] + [ANGRY] * 5, LabelRules())
    assert {label.shown.category for label in raw} == {0, 1}


@pytest.mark.parametrize("rules", [LabelRules(), LabelRules(True), LabelRules(True, 4)])
def test_the_map_that_is_drawn_explains_the_label_that_is_drawn(rules: LabelRules) -> None:
    random = np.random.default_rng(0)
    frames = random.dirichlet(np.ones(3), 60).tolist()
    label = None
    for i, probabilities in enumerate(frames):
        face = made_face(probabilities)
        label = next_label(label, face, i, i / 25, rules=rules)
        shown = as_shown(face, label)
        assert shown.heat_map is not None
        assert shown.emotions[int(shown.heat_map[0, 0])] == shown.predicted


def test_a_face_without_a_map_is_shown_without() -> None:
    face = made_face(ANGRY, explained=False)
    assert as_shown(face, next_label(None, face, 0, 0.0, rules=LabelRules())).heat_map is None


def test_scores_over_time_are_kept_whatever_is_shown() -> None:
    frames = [ANGRY] * 5 + [HAPPY] * 40
    assert [label.smooth for label in labels_of(frames, LabelRules())] == [
        label.smooth for label in labels_of(frames, LabelRules(smooth=True, hold=7))
    ]
