"""From a file to the network's input, beside the paper's torch pipeline written with PIL and torch.

The images are drawn here: smooth colours and noise, no face of any data set.
"""

from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from gimefive_jax import images, preprocess
from tests.tolerances import SAME_FORMULA

SIZE = 64
FORMATS = {"photo.jpg": {"quality": 90}, "photo.png": {}}
# Width and height: FER2013's, RAF-DB's, AffectNet's, the network's own, and what a detector cuts.
SIDES = [(48, 48), (100, 100), (96, 96), (64, 64), (3, 5), (1, 1), (37, 91), (201, 65), (640, 480)]
every_file = pytest.mark.parametrize("file_name", FORMATS)
every_mode = pytest.mark.parametrize("mode", ["L", "RGB"])
every_side = pytest.mark.parametrize("sides", SIDES, ids=lambda sides: "x".join(map(str, sides)))


@pytest.fixture
def path(tmp_path: Path, file_name: str, mode: str, sides: tuple[int, int]) -> Path:
    """An image file: a gradient under noise, so that both smoothing and rounding matter."""
    width, height = sides
    y, x = np.mgrid[:height, :width] / max(sides)
    ramp = np.stack([x, y, 1 - (x + y) / 2], -1) * 200
    noise = np.random.default_rng(width + 1000 * height).integers(0, 56, ramp.shape)
    image = Image.fromarray((ramp + noise).astype(np.uint8)).convert(mode)
    image.save(tmp_path / file_name, **FORMATS[file_name])
    return tmp_path / file_name


def _ours(path: Path) -> np.ndarray:
    return images.to_pixels(images.read(path), SIZE)[None]


def _pil(path: Path) -> Image.Image:
    """The paper's order: the image as it is, resized; then grey."""
    with Image.open(path) as image:
        return image.resize((SIZE, SIZE), Image.Resampling.BILINEAR).convert("L")


@every_side
@every_mode
@every_file
def test_grey_pixels_are_pils_to_the_last_bit(path: Path):
    found = np.asarray(preprocess.to_grey(_ours(path)))
    np.testing.assert_array_equal(found[0, ..., 0], np.asarray(_pil(path)))


@every_side
@every_mode
@every_file
def test_the_input_is_that_of_the_torch_pipeline(path: Path):
    torch = pytest.importorskip("torch", reason="the pipeline of the paper's code is torch's")
    # torchvision's Grayscale(3), ToTensor and Normalize, by their documented meaning.
    grey = torch.from_numpy(np.array(_pil(path)))
    unit = grey.expand(3, SIZE, SIZE).to(torch.float32).div(255)
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    wanted = unit.sub(mean).div(std).permute(1, 2, 0).numpy()
    pixels = preprocess.to_grey(_ours(path))
    np.testing.assert_array_equal(
        np.repeat(jax.jit(preprocess.to_unit)(pixels)[0], 3, -1), unit.permute(1, 2, 0).numpy()
    )
    np.testing.assert_allclose(
        preprocess.to_input(_ours(path), channels=3)[0], wanted, rtol=0, atol=SAME_FORMULA
    )


def test_grey_after_the_resize_is_not_grey_before_it(tmp_path: Path):
    # The order is the paper's; the other one rounds once more, and differs.
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "colours.png")
    with Image.open(tmp_path / "colours.png") as image:
        before = image.convert("L").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    found = np.asarray(preprocess.to_grey(_ours(tmp_path / "colours.png")))[0, ..., 0]
    assert (found != np.asarray(before)).any()
