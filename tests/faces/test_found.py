import pytest

from gimefive_jax.faces.found import FaceBox


def test_overlap_is_the_shared_area_over_that_of_either():
    box = FaceBox(10.0, 20.0, 30.0, 40.0)
    assert box.overlap(box) == 1
    assert box.overlap(FaceBox(25.0, 20.0, 30.0, 40.0)) == pytest.approx(1 / 3)
    assert box.overlap(FaceBox(10.0, 40.0, 30.0, 40.0)) == FaceBox(10.0, 40.0, 30.0, 40.0).overlap(
        box
    )


@pytest.mark.parametrize(
    "other",
    [FaceBox(40.0, 20.0, 5.0, 5.0), FaceBox(0.0, 0.0, 10.0, 10.0), FaceBox(9.0, 9.0, 0.0, 0.0)],
)
def test_boxes_that_do_not_meet_do_not_overlap(other: FaceBox):
    assert FaceBox(10.0, 20.0, 30.0, 40.0).overlap(other) == 0
    assert other.overlap(other) in (0, 1)
