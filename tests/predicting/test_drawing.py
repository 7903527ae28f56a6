"""Drawn faces: what changes in the picture, and where."""

import dataclasses

import numpy as np
import pytest
from jaxtyping import UInt8
from PIL import Image

from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.predicting.drawing import draw_scene
from gimefive_jax.predicting.scene import SceneFace
from gimefive_jax.predicting.score_panel import ScorePanel

GREY = 120


def _face(box: FaceBox, *, explained: bool = True) -> SceneFace:
    shares = np.linspace(0.3, 0.0, len(EMOTIONS), dtype=np.float32)
    ys, xs = np.mgrid[0:8, 0:9].reshape(2, -1)[:, :68] / 10 + 0.05
    points = np.stack([box.left + xs * box.width, box.top + ys * box.height], -1)
    return SceneFace(
        box=box,
        score=0.9,
        crop=box,
        pixels=np.zeros((8, 8, 3), np.uint8),
        logits=shares,
        probabilities=shares,
        emotions=EMOTIONS,
        predicted=EMOTIONS[0],
        heat_map=np.eye(4, dtype=np.float32) if explained else None,
        landmarks=points.astype(np.float32) if explained else None,
    )


def _blank(width: int, height: int) -> UInt8[np.ndarray, "height width 3"]:
    return np.full((height, width, 3), GREY, np.uint8)


def _changed(drawn: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
    return (drawn != GREY).any(-1)


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (200, 100), (640, 480), (1920, 1080)])
@pytest.mark.parametrize("place", [(0.3, 0.3), (-0.2, -0.2), (0.9, 0.9), (2.0, 2.0)])
def test_a_face_anywhere_is_drawn_in_a_picture_of_any_size(
    size: tuple[int, int], place: tuple[float, float]
):
    image, side = _blank(*size), 0.3 * size[1]
    face = _face(FaceBox(place[0] * size[0], place[1] * size[1], side, side))
    drawn = draw_scene(image, [face])
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert (image == GREY).all()
    assert _changed(drawn).any()


def test_nothing_is_drawn_without_a_face():
    np.testing.assert_array_equal(draw_scene(_blank(64, 48), []), _blank(64, 48))


def test_the_hottest_cell_is_coloured_and_a_cold_one_is_not():
    face = dataclasses.replace(_face(FaceBox(100.0, 100.0, 160.0, 160.0)), landmarks=None)
    drawn = draw_scene(_blank(640, 480), [face]).astype(int)
    hot, cold = drawn[120, 120], drawn[120, 220]
    assert np.ptp(hot) > 60
    assert np.ptp(cold) == 0


def test_the_box_is_drawn_where_the_face_is():
    face = _face(FaceBox(100.0, 120.0, 80.0, 90.0), explained=False)
    changed = _changed(draw_scene(_blank(640, 480), [face]))
    for x, y in [(100, 150), (179, 150), (140, 120), (140, 209)]:
        assert changed[y, x]
    assert not changed[140:200, 110:170].any()


def test_six_scores_stand_beside_every_face_of_four(monkeypatch: pytest.MonkeyPatch):
    panels: list[ScorePanel] = []
    draw_on = ScorePanel.draw_on

    def noticed(panel: ScorePanel, ground: Image.Image) -> Image.Image:
        panels.append(panel)
        return draw_on(panel, ground)

    monkeypatch.setattr(ScorePanel, "draw_on", noticed)
    boxes = [FaceBox(x, y, 200.0, 200.0) for y in (150.0, 660.0) for x in (150.0, 660.0)]
    faces = [_face(box, explained=False) for box in boxes]
    changed = _changed(draw_scene(_blank(1024, 1024), faces))
    assert [panel.title[0] for panel in panels] == ["1", "2", "3", "4"]
    assert {panel.emotions for panel in panels} == {EMOTIONS}
    # No panel covers another, and none a face.
    assert changed.sum() >= sum(np.prod(panel.size) for panel in panels)
    for left, top in ((box.left, box.top) for box in boxes):
        assert not changed[int(top) + 20 : int(top) + 180, int(left) + 20 : int(left) + 180].any()


def test_numbers_and_labels_are_drawn_as_given():
    image, face = _blank(640, 480), _face(FaceBox(100.0, 120.0, 80.0, 90.0), explained=False)
    usual = draw_scene(image, [face])
    np.testing.assert_array_equal(
        usual, draw_scene(image, [face], numbers=[1], labels=["happiness 30 %"])
    )
    assert (usual != draw_scene(image, [face], numbers=[7])).any()
    assert (usual != draw_scene(image, [face], labels=["held"])).any()
    with pytest.raises(InputError, match="1 faces have 2 numbers"):
        draw_scene(image, [face], numbers=[1, 2])
