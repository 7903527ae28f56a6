import numpy as np
import pytest

from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.predicting.panel_layout import SMALLEST_LETTERS, FaceWords, lay_out
from gimefive_jax.predicting.placing import Area

SHARES = np.full(len(EMOTIONS), 1 / len(EMOTIONS), np.float32)


def _words(number: int, area: Area) -> FaceWords:
    return FaceWords(area, str(number), f"{number} happiness 92 %", EMOTIONS, SHARES)


def _crowd(columns: int, rows: int, *, apart: int, side: int) -> list[FaceWords]:
    places = [(x * apart + 20, y * apart + 20) for y in range(rows) for x in range(columns)]
    return [_words(i, Area(x, y, x + side, y + side)) for i, (x, y) in enumerate(places, start=1)]


def test_one_face_has_its_scores_in_letters_of_the_usual_size():
    [placed] = lay_out([_words(1, Area(50, 50, 150, 150))], (800, 600), letters=15, gap=2)
    assert (placed.panel.letters, placed.panel.emotions) == (15, EMOTIONS)
    assert (placed.place.of_face, placed.place.of_others) == (0, 0)


@pytest.mark.parametrize("apart", [130, 200, 300, 420])
def test_panels_of_a_crowd_cover_no_other_face_and_no_other_panel(apart: int):
    faces = _crowd(4, 3, apart=apart, side=90)
    layout = lay_out(faces, (4 * apart, 3 * apart), letters=20, gap=4)
    areas = [one.place.area for one in layout]
    assert len(areas) == len(faces)
    for i, one in enumerate(areas):
        assert not any(one.shared(face.area) for face in (*faces[:i], *faces[i + 1 :]))
        assert one.shared(faces[i].area) <= faces[i].area.num_pixels / 4
    assert not any(one.shared(other) for i, one in enumerate(areas) for other in areas[:i])
    assert len({one.panel.letters for one in layout}) == 1
    # Words stand at their own face, not somewhere that is free.
    for one, face in zip(layout, faces, strict=True):
        around = Area(
            *(face.area.left - 5, face.area.top - 5, face.area.right + 5), face.area.bottom + 5
        )
        assert one.place.area.shared(around)


def test_where_scores_would_hide_their_face_its_title_stands_alone():
    [placed] = lay_out([_words(1, Area(40, 40, 120, 120))], (160, 168), letters=9, gap=2)
    assert (placed.panel.emotions, placed.panel.title) == ((), "1 happiness 92 %")
    assert placed.place.of_face == 0


def test_beside_a_face_in_a_speck_only_the_number_or_nothing_is_written():
    [placed] = lay_out([_words(7, Area(2, 2, 30, 30))], (40, 40), letters=4, gap=1)
    assert (placed.panel.title, placed.panel.letters) == ("7", SMALLEST_LETTERS)
    assert lay_out([_words(7, Area(0, 0, 6, 6))], (6, 6), letters=4, gap=1) == []
