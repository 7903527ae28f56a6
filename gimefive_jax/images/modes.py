"""Grey or colour from every mode of an image: transparency, 16 bits, palettes."""

import warnings

import numpy as np
from jaxtyping import Float64, Shaped
from PIL import Image

# Of 16-bit values: below, all of the picture is nearly black.
_FEW = 4096
_NEUTRAL = (128, 128, 128, 255)
_GREY_MODES = ("1", "L", "LA")


def grey_or_rgb(image: Image.Image, *, name: str = "an image") -> Image.Image:
    """An image without transparency in 8 bits: mode L if it has no colour, else RGB.

    What is transparent lies on mid grey (128) afterwards: the colours that files keep where nothing
    is seen are not the picture's.

    Args:
      image: Image in any mode.
      name: What the image is called in a warning.

    Returns:
      Image in mode L or RGB; 16-bit values keep their upper eight bits.

    Raises:
      ValueError: The values of a mode without a range of its own lie outside every usual range.
    """
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        _warn_of_few_bits(values, name)
        # PIL would clip 16-bit values at 255; keep the upper eight bits instead.
        return Image.fromarray((values // 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        values = np.asarray(image, np.float64)
        if values.max(initial=0) > 255:
            _warn_of_few_bits(values, name)
        return Image.fromarray(_eight_bits(values))
    is_grey = image.mode in (*_GREY_MODES, "La")
    if image.has_transparency_data:
        image = _on_neutral_ground(image)
    return image.convert("L" if is_grey else "RGB")


def _on_neutral_ground(image: Image.Image) -> Image.Image:
    # From premultiplied modes there is only the way over their own.
    image = image.convert({"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode))
    grey = image.mode in _GREY_MODES
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema() != (255, 255):
        ground = Image.new("RGBA", image.size, _NEUTRAL)
        ground.alpha_composite(image)
        image = ground
    # Of grey ones every channel is the same; a conversion from colour would round.
    return image.getchannel("R") if grey else image


def _warn_of_few_bits(values: Shaped[np.ndarray, "h w"], name: str) -> None:
    peak = int(values.max(initial=0))
    if 0 < peak < _FEW:
        warnings.warn(
            f"{name} holds 16-bit values of at most {peak}, so it is seen nearly black; multiply "
            f"them by {65535 // peak}, or save it in 8 bits",
            stacklevel=2,
        )


def _eight_bits(values: Float64[np.ndarray, "h w"]) -> Shaped[np.ndarray, "h w"]:
    """Values of a format without a range of its own: shares, 8 bits or 16 bits, by their peak."""
    peak = values.max()
    if not np.isfinite(values).all() or values.min() < 0 or peak > 65535:
        raise ValueError("its values lie outside 0 to 1, 0 to 255 and 0 to 65535")
    factor = 255.0 if peak <= 1 else 1.0 if peak <= 255 else 1 / 257
    return (values * factor).astype(np.uint8)
