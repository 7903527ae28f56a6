import numpy as np
import pytest

from gimefive_jax.faces.views import View, cut_view, tile_views, whole_view

_SIZES = [(512, 512), (720, 1280), (1280, 720), (333, 517), (2160, 3840), (40, 700), (1, 1)]


@pytest.mark.parametrize("size", _SIZES)
def test_the_whole_view_holds_the_image_in_its_middle(size: tuple[int, int]):
    view = whole_view(size)
    assert view.side == max(size)
    middle = view.to_image(np.array([0.5, 0.5]))
    np.testing.assert_allclose(middle, [size[1] / 2, size[0] / 2])


@pytest.mark.parametrize("size", _SIZES)
def test_a_box_of_two_fifths_of_a_tile_lies_whole_in_some_tile(size: tuple[int, int]):
    tiles = tile_views(size)
    generator = np.random.default_rng(0)
    for side in {tile.side for tile in tiles}:
        for _ in range(50):
            beyond = np.maximum(np.array([size[1], size[0]]) - 0.4 * side, 1)
            left, top = generator.uniform(0, beyond)
            assert any(
                tile.left <= left
                and tile.top <= top
                and tile.left + side >= min(left + 0.4 * side, size[1])
                and tile.top + side >= min(top + 0.4 * side, size[0])
                for tile in tiles
                if tile.side == side
            )


def test_tiles_of_a_small_image_are_none_and_those_of_a_square_nine():
    assert tile_views((500, 500)) == []
    assert len(tile_views((512, 512))) == 9
    assert len(tile_views((2160, 3840))) == 6 + 24 + 91


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize(
    "part", [View(0.0, 0.0, 0.0), View(-30.0, 10.0, 300.0), View(37.3, -12.1, 95.7)]
)
def test_a_place_in_a_view_shows_what_lies_there_in_the_image(size: tuple[int, int], part: View):
    height, width = size
    view = whole_view(size) if part.side == 0 else part
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    # Grey that grows along both axes: a colour tells a place.
    image = np.stack([x * 255 / max(width, 2), y * 255 / max(height, 2), 0 * x + 200], -1)
    seen = cut_view(image.astype(np.uint8), view, side=64)
    assert seen.shape == (64, 64, 3)
    inside = seen[..., 2] == 200
    rows, columns = np.nonzero(inside)
    places = view.to_image((np.stack([columns, rows], -1) + 0.5) / 64)
    found = seen[inside][:, :2] * np.array([max(width, 2), max(height, 2)]) / 255 + 0.5
    assert len(places) or size in ((1, 1), (40, 700)) or part.side
    if not len(places):
        return
    # A level of grey, and what the filter sees at the edges.
    assert np.median(np.abs(found - places), axis=0).max() <= max(width, height) / 255 + 1
    beyond = (places < -1e-6).any(-1) | (places > np.array([width, height]) + 1e-6).any(-1)
    assert not beyond.any()


def test_beyond_the_image_a_view_is_black():
    seen = cut_view(np.full((10, 40, 3), 255, np.uint8), whole_view((10, 40)), side=32)
    assert (seen[12:20] == 255).all()
    assert not seen[:12].any()
    assert not seen[20:].any()
