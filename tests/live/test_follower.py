from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from gimefive_jax.faces.found import FoundFace
from gimefive_jax.live.follower import Follower
from gimefive_jax.predicting.scene import SceneFace, SceneReader
from gimefive_jax.video.finding import FaceFinder
from tests.live.made_up import EMOTIONS
from tests.live.made_up_faces import scene_face, white_columns


class _Reader(SceneReader):
    """Says of each face what stands next in `firsts`."""

    def __init__(self, firsts: Sequence[float]) -> None:
        object.__setattr__(self, "classifier", SimpleNamespace(emotions=EMOTIONS))
        object.__setattr__(self, "firsts", list(firsts))
        object.__setattr__(self, "counts", [])

    def read(
        self, images: Sequence[np.ndarray], boxes: Sequence[Sequence[FoundFace]] | None = None
    ) -> list[tuple[SceneFace, ...]]:
        assert boxes is not None
        self.counts.append(len(boxes[0]))
        return [tuple(scene_face(face, self.firsts.pop(0)) for face in boxes[0])]


def _follower(firsts: Sequence[float], *, max_faces: int = 4) -> tuple[Follower, _Reader]:
    reader = _Reader(firsts)
    return Follower(FaceFinder(white_columns), reader, max_faces=max_faces), reader


def _frame(*squares: tuple[int, int]) -> np.ndarray:
    """A frame with white squares at these lefts, of these sides."""
    frame = np.random.default_rng(0).integers(0, 200, (240, 320, 3)).astype(np.uint8)
    for left, side in squares:
        frame[60 : 60 + side, left : left + side] = 255
    return frame


def test_a_face_keeps_its_number_while_it_moves_and_another_gets_the_next():
    follower, _ = _follower([0.7] * 20)
    numbers = [
        [face.track for face in follower.read(_frame((20 + 5 * i, 40)), i / 10)] for i in range(5)
    ]
    assert numbers == [[1]] * 5
    both = follower.read(_frame((45, 40), (200, 30)), 0.5)
    assert [face.track for face in both] == [1, 2]


def test_only_the_largest_faces_are_read():
    follower, reader = _follower([0.7] * 2, max_faces=2)
    found = follower.read(_frame((10, 20), (60, 40), (200, 30)), 0.0)
    assert [face.face.box.width for face in found] == [40, 30]
    assert reader.counts == [2]


def test_a_label_does_not_follow_a_single_frame_that_differs():
    follower, _ = _follower([0.6, 0.6, 0.1, 0.6])
    found = [follower.read(_frame((100, 40)), i / 10)[0] for i in range(4)]
    assert [one.read.predicted for one in found] == [*EMOTIONS[:1] * 2, "surprise", EMOTIONS[0]]
    assert {one.face.predicted for one in found} == {EMOTIONS[0]}
    assert 0.1 < found[2].face.probabilities[0] < 0.6


def test_a_frame_without_a_face_gives_none():
    follower, _ = _follower([0.7])
    assert follower.read(_frame(), 0.0) == ()
    assert len(follower.read(_frame((100, 40)), 0.1)) == 1


def test_nothing_is_kept_of_faces_that_left_long_ago():
    follower, _ = _follower([0.7] * 300)
    for i in range(100):
        follower.read(_frame((10 + 20 * (i % 10), 40)), 100.0 * i)
    assert len(follower._labels) <= 2
    assert len(follower._tracks.tracks) <= 2
