"""Corruptions beside PIL and scipy."""

import functools

import jax
import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance
from scipy import ndimage

from gimefive_jax.evaluation.corruptions import CORRUPTIONS, operations
from gimefive_jax.evaluation.corruptions.jpeg import jpeg
from tests.tolerances import ROUNDED_OTHERWISE

SIZES = (64, 96)


@functools.cache
def photos(side: int, channels: int) -> np.ndarray:
    """A face, and a part of the picture with hard edges."""
    photo = Image.fromarray(skimage.data.astronaut())
    boxes = ((174, 75, 274, 200), (300, 200, 512, 512))
    pictures = [photo.crop(box).resize((side, side)) for box in boxes]
    mode = "L" if channels == 1 else "RGB"
    return np.stack(
        [np.asarray(one.convert(mode)).reshape(side, side, channels) for one in pictures]
    )


def corrupted(name: str, faces: np.ndarray, strength: float, boxes=None) -> np.ndarray:
    operation = jax.jit(CORRUPTIONS[name].operation)
    index = np.arange(len(faces), dtype=np.int32)
    return np.asarray(operation(faces, index, np.float32(strength), boxes)).astype(int)


def by_pil(faces: np.ndarray, change) -> np.ndarray:
    pictures = [Image.fromarray(face[..., 0] if face.shape[-1] == 1 else face) for face in faces]
    return np.stack([np.asarray(change(one)) for one in pictures]).reshape(faces.shape).astype(int)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", SIZES)
@pytest.mark.parametrize("strength", CORRUPTIONS["blur"].strengths)
def test_blur_is_scipys(side: int, channels: int, strength: float):
    faces = photos(side, channels)
    sigma = strength * side / 64
    wanted = ndimage.gaussian_filter(faces.astype(float), (0, sigma, sigma, 0), truncate=12)
    found = corrupted("blur", faces, strength)
    # Where scipy's value lies within rounding of a half, either neighbour is right.
    assert np.abs(found - wanted).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", SIZES)
@pytest.mark.parametrize("strength", CORRUPTIONS["low_resolution"].strengths)
def test_low_resolution_is_pils(side: int, channels: int, strength: int):
    def change(image: Image.Image) -> Image.Image:
        small = image.resize((int(strength),) * 2, Image.Resampling.BILINEAR)
        return small.resize(image.size, Image.Resampling.BILINEAR)

    faces = photos(side, channels)
    difference = np.abs(corrupted("low_resolution", faces, strength) - by_pil(faces, change))
    # Four passes: a grey level of an earlier one may turn the rounding of the last.
    assert difference.max() <= 2
    assert difference.mean() < ROUNDED_OTHERWISE


def test_a_face_that_is_no_larger_keeps_its_pixels():
    faces = photos(64, 1)
    assert (corrupted("low_resolution", faces, 64) == faces).all()
    assert (corrupted("low_resolution", faces, 80) == faces).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("name", "enhance"),
    [
        ("darker", ImageEnhance.Brightness),
        ("brighter", ImageEnhance.Brightness),
        ("contrast", ImageEnhance.Contrast),
    ],
)
def test_light_is_pils(name: str, enhance, channels: int):
    faces = photos(64, channels)
    for strength in CORRUPTIONS[name].strengths:
        wanted = by_pil(faces, lambda image, by=strength: enhance(image).enhance(by))
        difference = np.abs(corrupted(name, faces, strength) - wanted)
        # PIL cuts off what is no whole number: float32 products next to one may fall either way.
        assert difference.max() <= 1
        assert difference.mean() < ROUNDED_OTHERWISE


def test_noise_has_its_standard_deviation_and_belongs_to_the_face():
    faces = np.full((200, 64, 64, 3), 128, np.uint8)
    for strength in CORRUPTIONS["noise"].strengths[:4]:
        found = corrupted("noise", faces, strength) - 128
        assert found.std() == pytest.approx(strength, rel=0.01)
        assert found.mean() == pytest.approx(0, abs=0.05)
    assert (found[..., 0] == found[..., 2]).all()
    part = jax.jit(operations.noise)(faces[:3], np.array([7, 3, 7], np.int32), 25.0, None)
    assert (np.asarray(part).astype(int) - 128 == found[[7, 3, 7]]).all()


def test_shift_is_scipys_in_a_direction_of_each_face():
    faces = np.tile(photos(64, 1)[:1], (40, 1, 1, 1))
    lengths, directions = [], set()
    for face, found in zip(faces, corrupted("shift", faces, 6), strict=True):
        moves = [(down, right) for down in range(-7, 8) for right in range(-7, 8)]
        [move] = [
            move
            for move in moves
            if (ndimage.shift(face[..., 0], move, order=0, mode="nearest") == found[..., 0]).all()
        ]
        lengths.append(np.hypot(*move))
        directions.add(move)
    assert np.abs(np.array(lengths) - 6).max() <= np.sqrt(0.5)
    assert len(directions) > 15


def test_a_cover_hides_the_box_and_nothing_else():
    faces = photos(64, 1)
    boxes = np.array([[[10, 20, 50, 30], [20, 44, 44, 56]]] * 2, np.float32)
    for name, strength, (left, top, right, bottom) in [
        ("covered_eyes", 100, (10, 20, 50, 30)),
        ("covered_eyes", 60, (18, 22, 42, 28)),
        ("covered_mouth", 150, (14, 41, 50, 59)),
    ]:
        found = corrupted(name, faces, strength, boxes)
        hidden = np.zeros((64, 64), bool)
        hidden[top:bottom, left:right] = True
        for face, covered in zip(faces, found, strict=True):
            assert (covered[~hidden] == face[~hidden]).all()
            assert (covered[hidden] == np.floor(face.mean() + 0.5)).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_gives_what_a_file_gives(channels: int):
    faces = photos(64, channels)
    found = jpeg(faces, 10)
    assert found.shape == faces.shape
    assert 1 < np.abs(found.astype(int) - faces).mean() < 40
    weaker = jpeg(faces, 50).astype(int)
    assert np.abs(weaker - faces).mean() < np.abs(found.astype(int) - faces).mean()


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name != "jpeg"])
def test_a_stronger_corruption_leaves_less_of_the_face(name: str):
    faces = photos(64, 1)
    boxes = np.array([[[10, 20, 50, 30], [20, 44, 44, 56]]] * 2, np.float32)
    changes = [
        np.abs(corrupted(name, faces, strength, boxes) - faces.astype(int)).mean()
        for strength in CORRUPTIONS[name].strengths
    ]
    assert (np.diff(changes) > 0).all()
