"""What the Python API takes as images, and what it says to the rest."""

import io
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.images import open_images

_PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def _opened(given: object) -> list[np.ndarray]:
    return [np.asarray(image) for image in open_images(given)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Image.fromarray(_PIXELS).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_one_image_in_any_form_is_that_image(path: Path):
    torch = pytest.importorskip("torch", reason="its tensors are given as faces")
    forms = {
        "name": str(path),
        "path": path,
        "PIL image": Image.fromarray(_PIXELS),
        "open file": Image.open(path),
        "array": _PIXELS,
        "jax": jnp.asarray(_PIXELS),
        "torch": torch.from_numpy(_PIXELS),
    }
    for name, form in forms.items():
        for given in (form, [form], (form,), (one for one in [form])):
            [found] = _opened(given)
            np.testing.assert_array_equal(found, _PIXELS, err_msg=name)


def test_many_images_are_those_images(path: Path):
    array = np.stack([_PIXELS, _PIXELS[::-1]])
    for given in (array, list(array), jnp.asarray(array), [path, array[1]], iter(array)):
        np.testing.assert_array_equal(np.stack(_opened(given)), array)
    assert len(_opened(np.array([str(path)] * 3))) == 3


def test_three_axes_are_one_image():
    # Of 20 rows: it was once taken for 20 images.
    assert [image.shape for image in _opened(_PIXELS)] == [(20, 30, 3)]
    assert [image.shape for image in _opened(_PIXELS[..., :1])] == [(20, 30)]
    assert [image.shape for image in _opened(_PIXELS[..., 0])] == [(20, 30)]


def test_arrays_are_in_the_order_red_green_blue():
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    [image] = open_images(red)
    assert image.getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_pil_image_is_as_upright_as_its_file(orientation: int, tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    Image.fromarray(_PIXELS).save(path, exif=exif)
    with Image.open(path) as image:
        np.testing.assert_array_equal(_opened(image)[0], _opened(path)[0])
        # Also once its pixels are there, and in another mode.
        np.testing.assert_array_equal(
            _opened(image.convert("L"))[0], np.asarray(next(open_images(path)).convert("L"))
        )


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        (np.zeros((4, 4), np.float32), ["float32 [4, 4]", "uint8", "255 * array"]),
        (np.zeros((4, 4), np.int64), ["int64", "astype('uint8')"]),
        (np.zeros((4, 4), bool), ["bool", "255 * array"]),
        (np.zeros((5, 4, 7), np.uint8), ["[5, 4, 7]", "array[..., None]", "[n, h, w, 1]"]),
        (np.zeros((3, 40, 40), np.uint8), ["transpose(1, 2, 0)"]),
        (np.zeros((2, 3, 40, 40), np.uint8), ["transpose(0, 2, 3, 1)"]),
        (np.zeros((4, 4, 4), np.uint8), ["[4, 4, 4]", "transparency", "fromarray"]),
        (np.zeros(4, np.uint8), ["[4]", "[h, w, 3]"]),
        (np.zeros((0, 4, 3), np.uint8), ["no pixels", "[0, 4, 3]"]),
        (np.zeros((0, 4, 4, 3), np.uint8), ["no pixels"]),
        (Image.new("L", (0, 5)), ["no pixels", "0 x 5"]),
        (b"\x89PNG", ["bytes", "Image.open(io.BytesIO(data))"]),
        (None, ["None", "uint8 arrays"]),
        (7, ["a int", "uint8 arrays"]),
        ({"a": 1}, ["a dict", "uint8 arrays"]),
        ([], ["no images given"]),
        ([[1, 2], [3, 4]], ["image 0", "a list", "uint8 arrays"]),
        ([_PIXELS, np.zeros((2, 4, 4, 3), np.uint8)], ["image 1", "2 images"]),
        ([_PIXELS, None], ["image 1", "None"]),
        ("nowhere.png", ["nowhere.png", "No such file", "check the path"]),
        (Path(__file__).parent, ["images is a folder", "files in it"]),
        ("a\0.png", ["null character"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else None,
)
def test_what_is_no_image_is_refused_by_name(given: object, facts: list[str]):
    with pytest.raises(InputError) as error:
        _opened(given)
    for fact in facts:
        assert fact in str(error.value)


def test_closed_and_broken_pil_images_are_refused_by_name(path: Path):
    closed = Image.open(path)
    closed.close()
    broken = Image.open(io.BytesIO(path.read_bytes()[:300]))
    gone = Image.fromarray(_PIXELS)
    gone.close()
    for number, image in enumerate([closed, broken, gone]):
        with pytest.raises(InputError, match=f"image {number}.* cannot be read"):
            _opened([_PIXELS] * number + [image])


def test_an_array_that_is_gone_is_refused():
    array = jnp.asarray(_PIXELS)
    array.delete()
    with pytest.raises(InputError, match="deleted"):
        _opened(array)
