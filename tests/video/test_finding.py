from fractions import Fraction

import numpy as np
import pytest

from gimefive_jax.faces.found import FoundFace
from gimefive_jax.video.finding import FaceFinder
from gimefive_jax.video.tracks import Tracks
from tests.video.boxes import box
from tests.video.squares import SeesSquares, frame


def test_a_small_face_is_followed_between_the_searches_that_find_it() -> None:
    search, quick = SeesSquares(0.0), SeesSquares(0.2)
    finder = FaceFinder(search, quick, search_every=10)
    frames = [frame(100 + 5 * i, 200) for i in range(30)]
    found = finder.find(frames, range(30), [i / 25 for i in range(30)], Tracks())
    assert {one.numbers for one in found} == {(1,)}
    assert len(search.sizes) == 3
    # The whole frame, and a square around where the face is expected.
    assert set(quick.sizes) == {(480, 640), (120, 120)}
    for i, one in enumerate(found[5:], 5):
        keypoints = one.faces[0].keypoints
        assert keypoints is not None
        # In pixels of the frame, not of the square.
        assert keypoints[0].tolist() == pytest.approx([100 + 5 * i + 1, 202], abs=4)


def test_a_face_at_the_edge_is_looked_for_inside_the_image() -> None:
    quick = SeesSquares(0.3)
    finder = FaceFinder(SeesSquares(0.0), quick, search_every=100)
    frames = [frame(max(0, 50 - 10 * i), 0) for i in range(8)]
    found = finder.find(frames, range(8), [i / 25 for i in range(8)], Tracks())
    assert {one.numbers for one in found} == {(1,)}
    assert all(min(size) >= 16 for size in quick.sizes)


def test_batches_follow_as_single_frames_do() -> None:
    frames = [frame(100 + 5 * i, 200) for i in range(12)]
    times = [i / 25 for i in range(12)]
    finder = FaceFinder(SeesSquares(0.0), SeesSquares(0.2), quick_every=1, search_every=5)
    whole = finder.find(frames, range(12), times, Tracks())
    tracks, single = Tracks(), []
    for i, image in enumerate(frames):
        single += finder.find([image], [i], [times[i]], tracks)
        tracks = single[-1].tracks
    assert [one.tracks for one in whole] == [one.tracks for one in single]


def test_a_detector_alone_searches_every_frame() -> None:
    search = SeesSquares(0.0)
    finder = FaceFinder(search).at_rate(Fraction(25))
    finder.find([frame(10, 10)] * 5, range(5), [0.0, 0.1, 0.2, 0.3, 0.4], Tracks())
    assert len(search.sizes) == 5


def test_the_search_is_every_three_seconds() -> None:
    assert FaceFinder(SeesSquares(0)).at_rate(Fraction(30000, 1001)).search_every == 90
    assert FaceFinder(SeesSquares(0), search_every=7).at_rate(Fraction(25)).search_every == 7


def test_one_face_is_the_largest() -> None:
    small = FoundFace(box(0, 0, 20, 20), 0.99)
    large = FoundFace(box(100, 100, 60, 60), 0.6)
    finder = FaceFinder(lambda images: [(small, large)] * len(images), one_face=True)
    [found] = finder.find([frame(0, 0)], [0], [0.0], Tracks())
    assert [face.score for face in found.faces] == [0.6]


def test_faces_between_two_looks_lie_between_them() -> None:
    quick = SeesSquares(0.0)
    finder = FaceFinder(SeesSquares(0.0), quick, quick_every=3, search_every=100)
    frames = [frame(100 + 4 * i, 200) for i in range(8)]
    found = finder.find(frames, range(8), [i / 30 for i in range(8)], Tracks())
    # The first frame is searched; of the others the third, the sixth and the last are looked at.
    assert len(quick.sizes) == 3
    looked = FaceFinder(SeesSquares(0.0)).find(
        frames, range(8), [i / 30 for i in range(8)], Tracks()
    )
    assert [one.tracks for one in found] == [one.tracks for one in looked]


def test_a_face_that_comes_between_two_looks_is_looked_for() -> None:
    quick = SeesSquares(0.0)
    finder = FaceFinder(SeesSquares(0.0), quick, quick_every=3, search_every=100)
    frames = [np.full((480, 640, 3), 20, np.uint8)] * 5 + [frame(100, 200)] * 3
    found = finder.find(frames, range(8), [i / 30 for i in range(8)], Tracks())
    assert [one.numbers for one in found] == [()] * 5 + [(1,)] * 3
