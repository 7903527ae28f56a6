import numpy as np
import pytest

from gimefive_jax.explained import pictures
from gimefive_jax.explained.activation_picture import LayerActivation, draw_activations


def test_a_flat_map_is_drawn_without_nan():
    assert (pictures.scale_to_unit(np.zeros((4, 4), np.float32)) == 0).all()
    assert (pictures.scale_to_unit(np.full((4, 4), -1, np.float32)) == 0).all()


def test_scaling_keeps_the_positive_part_over_its_maximum():
    found = pictures.scale_to_unit(np.array([[-2.0, 1.0], [2.0, 4.0]]))
    np.testing.assert_allclose(found, [[0, 0.25], [0.5, 1]])


def test_enlarging_by_cells_keeps_the_cells():
    cells = np.arange(4, dtype=np.float32).reshape(2, 2)
    found = pictures.enlarge(cells, 8, smooth=False)
    np.testing.assert_array_equal(found, cells.repeat(4, 0).repeat(4, 1))


def test_where_there_is_no_evidence_the_face_stays():
    face = np.random.default_rng(0).integers(0, 256, (64, 64, 1), np.uint8).repeat(3, 2)
    found = pictures.overlay(face, np.zeros((4, 4), np.float32))
    assert np.abs(found.astype(int) - face).max() <= 1


def test_a_panel_holds_face_map_and_overlay():
    face = np.zeros((64, 64, 1), np.uint8)
    for heat_map in (np.eye(4, dtype=np.float32), np.zeros((4, 4), np.float32)):
        panel = pictures.draw_panel(face, heat_map, "hirescam for fear")
        assert panel.width > 3 * 192
        assert panel.mode == "RGB"


def test_a_way_through_the_network_has_a_row_for_each_layer():
    def layer(name: str, side: int, num_channels: int) -> LayerActivation:
        values = np.random.default_rng(0).random((num_channels, side, side), np.float32)
        return LayerActivation(name, values.mean(0), np.arange(num_channels), values)

    face = np.full((16, 16, 1), 128, np.uint8)
    one = draw_activations(face, [layer("block1/activation", 8, 3)], "a face")
    two = draw_activations(
        face, [layer("block1/activation", 8, 3), layer("block2/activation", 4, 3)], "a face"
    )
    assert one.width == two.width
    # The first row is the face's own.
    assert (two.height - one.height) == pytest.approx((one.height - 42) / 2, abs=8)
    np.testing.assert_array_equal(np.asarray(two)[: one.height], np.asarray(one))


def test_a_layer_that_answers_nothing_is_drawn_black_without_nan():
    dead = LayerActivation("relu", np.zeros((2, 2)), np.array([0]), np.zeros((1, 2, 2)))
    picture = np.asarray(draw_activations(np.zeros((8, 8, 3), np.uint8), [dead], ""))
    assert np.isfinite(picture).all()
