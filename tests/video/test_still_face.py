"""Labels of a face that does not move, by the shipped weights."""

import numpy as np
import pytest

import gimefive_jax
from gimefive_jax.faces import make_detector
from gimefive_jax.predicting.scene import SceneReader
from gimefive_jax.video.finding import FaceFinder
from gimefive_jax.video.labels import LabelRules, TrackLabel, next_label
from gimefive_jax.video.tracks import Tracks
from tests.video.walks import still

RATE, NUM_FRAMES = 30, 240


@pytest.mark.heavy
def test_a_smoothed_label_changes_at_least_80_percent_less_often() -> None:
    frames = list(still(NUM_FRAMES, light=0.38))
    detector = make_detector(tiles=False)
    times = [i / RATE for i in range(NUM_FRAMES)]
    found = FaceFinder(detector).find(frames, range(NUM_FRAMES), times, Tracks())
    assert {one.numbers for one in found} == {(1,)}
    reader = SceneReader(
        gimefive_jax.load("small"), detector=detector, explain=False, landmarks=False
    )
    read = reader.read(frames, [one.faces for one in found])
    num_changes = []
    for rules in (LabelRules(), LabelRules(smooth=True)):
        label: TrackLabel | None = None
        shown = []
        for i, (face,) in enumerate(read):
            label = next_label(label, face, i, times[i], rules=rules)
            shown.append(label.shown.category)
        num_changes.append(np.count_nonzero(np.diff(shown)))
    assert num_changes[0] > 20
    assert num_changes[1] <= 0.2 * num_changes[0]
