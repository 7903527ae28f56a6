from gimefive_jax.faces.doubles import without_doubles
from gimefive_jax.faces.finding import is_cut_off
from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.faces.views import View


def _face(left: float, top: float, side: float, score: float) -> FoundFace:
    return FoundFace(FaceBox(left, top, side, side), score)


def test_of_boxes_of_one_face_the_surest_is_kept():
    weak, sure = _face(10.0, 10.0, 40.0, 0.6), _face(14.0, 8.0, 42.0, 0.9)
    assert without_doubles([weak, sure]) == (sure,)


def test_a_part_of_a_face_is_no_face_of_its_own():
    whole, part = _face(0.0, 0.0, 100.0, 0.9), _face(50.0, 60.0, 30.0, 0.8)
    assert without_doubles([part, whole]) == (whole,)


def test_faces_side_by_side_are_all_kept_the_surest_first():
    faces = [_face(40.0 * number, 0.0, 45.0, 0.5 + 0.1 * number) for number in range(4)]
    assert without_doubles(faces) == tuple(reversed(faces))
    assert without_doubles([]) == ()


def test_a_face_is_cut_off_only_where_the_image_goes_on():
    tile, size = View(0.0, 100.0, 100.0), (400, 200)
    assert not is_cut_off(FaceBox(-5.0, 130.0, 40.0, 40.0), tile, size)
    assert not is_cut_off(FaceBox(10.0, 130.0, 40.0, 40.0), tile, size)
    assert is_cut_off(FaceBox(70.0, 130.0, 40.0, 40.0), tile, size)
    assert is_cut_off(FaceBox(10.0, 95.0, 40.0, 40.0), tile, size)
    assert is_cut_off(FaceBox(10.0, 170.0, 40.0, 40.0), tile, size)
