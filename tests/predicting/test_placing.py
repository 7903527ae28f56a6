import numpy as np
import pytest

from gimefive_jax.predicting.placing import Area, find_place

FRAME = (100, 80)


def _place(size: tuple[int, int], beside: Area, *, faces=(), words=()):
    return find_place(size, FRAME, beside=beside, faces=faces, words=words, gap=2)


@pytest.mark.parametrize(
    ("beside", "wanted"),
    [
        (Area(10, 10, 40, 40), Area(42, 10, 72, 30)),  # to the right
        (Area(60, 10, 90, 40), Area(28, 10, 58, 30)),  # else to the left
        (Area(20, 10, 80, 40), Area(20, 42, 50, 62)),  # else below
        (Area(20, 30, 80, 75), Area(20, 8, 50, 28)),  # else above
        (Area(10, 70, 40, 79), Area(42, 60, 72, 80)),  # inside the frame
    ],
)
def test_words_go_beside_their_face(beside: Area, wanted: Area):
    found = _place((30, 20), beside)
    assert (found.area, found.of_face, found.of_others) == (wanted, 0, 0)


def test_words_lie_inside_the_frame_whatever_the_face():
    generator = np.random.default_rng(0)
    for _ in range(300):
        left, top = generator.integers(-60, 120, 2).tolist()
        width, height = generator.integers(1, 90, 2).tolist()
        size = tuple(generator.integers(1, 80, 2).tolist())
        area = _place(size, Area(left, top, left + width, top + height)).area
        assert area == area.inside(FRAME)
        assert area.size == size


def test_words_keep_clear_of_other_faces_and_words():
    face, other = Area(10, 10, 40, 40), Area(45, 5, 70, 40)
    found = _place((30, 20), face, faces=[other])
    assert found.of_others == found.of_face == 0
    again = _place((30, 20), face, faces=[other], words=[found.area])
    assert again.area != found.area
    assert again.of_others == 0


def test_a_face_as_large_as_the_frame_is_covered_and_others_are_not():
    found = _place((30, 20), Area(0, 0, 100, 80), faces=[Area(0, 0, 40, 80)])
    assert found.of_others == 0
    assert found.of_face == 600
