import numpy as np
import pytest

from data_prep.drawn_faces import draw_face
from gimefive_jax.audit import near_duplicates
from gimefive_jax.audit.components import Components
from gimefive_jax.audit.faces import Faces
from gimefive_jax.audit.near_duplicates import NearPairs, find_near_pairs, number_groups
from tests.audit.stacks import make_faces


def test_components_are_those_of_the_graph() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 200, (2, 150))
    components = Components(200)
    for start in range(0, 150, 40):
        components.join(first[start : start + 40], second[start : start + 40])
    pairs = NearPairs(first, second, np.ones(150, np.float32), np.zeros(150, np.bool_))
    numbers = number_groups(pairs, 200)
    one, other = np.divmod(np.arange(200 * 200), 200)
    size = np.bincount(numbers)[numbers[one]]
    for least in (0, 2, 10):
        wanted = (numbers[one] == numbers[other]) & (size > least)
        np.testing.assert_array_equal(components.settled(one, other, size=least), wanted)


def test_large_components_stay_apart_after_enough_tries() -> None:
    components = Components(12)
    components.join(np.array([0, 0, 3, 3]), np.array([1, 2, 4, 5]))
    first, second = np.array([0, 1, 2, 6]), np.array([3, 4, 5, 7])
    for settled in (False, False, True):
        assert components.settled(first, second, size=2).tolist() == [settled] * 3 + [False]
        components.note_tries(first, second, size=2)
    # A pair found by then connects them all the same.
    components.join(first[:1], second[:1])
    assert components.settled(first, second, size=2).tolist() == [True] * 3 + [False]


def _frames(number: int) -> Faces:
    """Frames of two scenes in turn, all frames of a scene near-duplicates, and a face apart."""
    rng = np.random.default_rng(0)
    scenes = [draw_face(emotion, seed=5).pixels for emotion in ("fear", "happiness")]
    frames = [scenes[row % 2] + rng.normal(0, 8, (64, 64, 1)) for row in range(number)]
    frames.append(draw_face("anger", seed=6).pixels)
    images = np.clip(np.stack(frames), 0, 255).astype(np.uint8)
    return make_faces(
        images[:-1], images[-1:], train_labels=np.zeros(number), test_labels=np.zeros(1)
    )


def test_groups_are_the_same_when_connected_pairs_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faces = _frames(60)
    whole = find_near_pairs(faces, np.arange(61))
    assert len(whole) >= 2 * 30 * 29 // 2
    monkeypatch.setattr(near_duplicates, "_PAIRS", 16)
    monkeypatch.setattr(near_duplicates, "MOST_PAIRED", 5)
    some = find_near_pairs(faces, np.arange(61))
    assert len(some) < len(whole) / 2
    np.testing.assert_array_equal(number_groups(some, 61), number_groups(whole, 61))


def test_two_thousand_frames_take_few_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    correlate = near_duplicates.correlate

    def count(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        nonlocal compared
        compared += len(first)
        return correlate(first, second)

    monkeypatch.setattr(near_duplicates, "correlate", count)
    faces = _frames(2000)
    groups = number_groups(find_near_pairs(faces, np.arange(2001)), 2001)
    assert len(np.unique(groups)) <= 3
    # Of two million pairs.
    assert compared < 50_000
