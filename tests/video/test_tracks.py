import numpy as np
import pytest

from gimefive_jax.faces.found import FoundFace
from gimefive_jax.video.looks import Look, likeness, look_of
from gimefive_jax.video.tracks import Followed, TrackRules, Tracks, follow
from tests.video.boxes import box

FRAMES_PER_SECOND = 25


def found(*boxes: tuple[float, float, float]) -> list[FoundFace]:
    """Faces by centre x, centre y and side."""
    return [FoundFace(box(x - side / 2, y - side / 2, side, side), 0.9) for x, y, side in boxes]


def follow_all(
    frames: list[list[FoundFace]], looks: list[list[Look]] | None = None
) -> list[Followed]:
    tracks, results = Tracks(), []
    for i, faces in enumerate(frames):
        look = None if looks is None else looks[i]
        results.append(follow(tracks, faces, i / FRAMES_PER_SECOND, looks=look))
        tracks = results[-1].tracks
    return results


def make_looks() -> list[Look]:
    """Two faces of other colours."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 60, (2, 32, 32, 3), np.uint8)
    images = noise + np.array([[180, 140, 120], [90, 60, 40]], np.uint8)[:, None, None]
    return [look_of(image, box(8, 8, 16, 16)) for image in images]


def test_a_moving_face_keeps_its_number() -> None:
    followed = follow_all([found((100 + 12 * i, 100, 80)) for i in range(50)])
    assert {one.numbers for one in followed} == {(1,)}


def test_a_growing_face_keeps_its_number() -> None:
    followed = follow_all([found((300, 300, 40 * 1.04**i)) for i in range(60)])
    assert {one.numbers for one in followed} == {(1,)}


@pytest.mark.parametrize("missed", [1, 5, 20])
def test_a_number_survives_missed_frames(missed: int) -> None:
    frames = [found((100 + 4 * i, 100, 80)) for i in range(60)]
    for i in range(20, 20 + missed):
        frames[i] = []
    followed = follow_all(frames)
    assert {one.numbers for one in followed} == {(1,), ()}


@pytest.mark.parametrize("front", [0, 1])
def test_crossing_faces_keep_their_numbers_while_one_hides_the_other(front: int) -> None:
    def frame(i: int) -> list[FoundFace]:
        faces = found((100 + 5 * i, 200, 100), (600 - 5 * i, 210, 100))
        # A detector merges faces that overlap by so much.
        return [faces[front]] if faces[0].box.overlap(faces[1].box) > 0.3 else faces

    frames = [frame(i) for i in range(100)]
    assert any(len(faces) == 1 for faces in frames)
    followed = follow_all(frames)
    # Faces come in the order of their first places, on whichever side they are.
    assert [one.numbers for one in followed if len(one.numbers) == 2] == [(1, 2)] * sum(
        len(faces) == 2 for faces in frames
    )
    assert {one.numbers for one in followed if len(one.numbers) == 1} == {(front + 1,)}


def test_the_order_in_which_faces_are_found_does_not_matter() -> None:
    places = [(100.0, 100.0, 60.0), (300.0, 100.0, 60.0), (500.0, 100.0, 60.0)]
    followed = follow_all([found(*places), found(*places[::-1])])
    assert [one.numbers for one in followed] == [(1, 2, 3), (3, 2, 1)]


def test_a_face_elsewhere_is_a_new_one() -> None:
    followed = follow_all([found((100, 100, 60)), found((900, 500, 60))])
    assert [one.numbers for one in followed] == [(1,), (2,)]


def test_a_face_that_left_comes_back_by_its_look() -> None:
    ours, other = make_looks()
    frames = [found((100, 100, 60))] + [[]] * 100 + [found((900, 500, 90))]
    nobody: list[list[Look]] = [[]] * 100
    back = follow_all(frames, [[ours], *nobody, [ours]])
    stranger = follow_all(frames, [[ours], *nobody, [other]])
    assert back[-1].numbers == (1,)
    assert stranger[-1].numbers == (2,)
    # It did not fly there: the box is where it is found.
    assert back[-1].faces[0].box == frames[-1][0].box


def test_a_face_away_for_too_long_is_a_new_one() -> None:
    look, _ = make_looks()
    first = follow(Tracks(), found((100, 100, 60)), 0.0, looks=[look])
    later = follow(first.tracks, found((100, 100, 60)), 100.0, looks=[look])
    assert later.numbers == (2,)
    assert len(later.tracks.tracks) == 1


def test_looks_tell_a_face_in_another_light_from_another_face() -> None:
    astronaut = pytest.importorskip("skimage.data", reason="pip install scikit-image").astronaut()
    face = box(174, 75, 100, 125)
    look = look_of(astronaut, face)
    moved = look_of(astronaut, box(180, 70, 92, 120))
    dimmed = look_of((astronaut * 0.93).astype(np.uint8), face)
    darker_skin = look_of((astronaut * [0.6, 0.45, 0.4]).astype(np.uint8), face)
    assert likeness(look, look) == pytest.approx(1, abs=1e-5)
    assert min(likeness(look, moved), likeness(look, dimmed)) > TrackRules().min_likeness
    assert likeness(look, darker_skin) < 0.8


def test_a_face_that_is_half_outside_still_looks_like_itself() -> None:
    astronaut = pytest.importorskip("skimage.data", reason="pip install scikit-image").astronaut()
    whole = look_of(astronaut, box(174, 75, 100, 125))
    half = look_of(np.ascontiguousarray(astronaut[:, 224:]), box(-50, 75, 100, 125))
    assert likeness(whole, half) > TrackRules().min_likeness


def test_a_look_of_a_box_beyond_the_image_is_like_none() -> None:
    image = np.full((40, 40, 3), 128, np.uint8)
    look = look_of(image, box(-300, -300, 60, 60))
    assert likeness(look, look_of(image, box(5, 5, 20, 20))) == 0


def test_no_faces_and_empty_tracks_are_fine() -> None:
    followed = follow(Tracks(), [], 0.0)
    assert followed.numbers == ()
    assert followed.tracks == Tracks()
