"""The corruptions that a model is measured under, each at five strengths."""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from gimefive_jax.errors import InputError, nearest
from gimefive_jax.evaluation.corruptions import operations
from gimefive_jax.evaluation.corruptions.jpeg import jpeg
from gimefive_jax.evaluation.corruptions.operations import Faces
from gimefive_jax.inference import View
from gimefive_jax.structs import AnyArray

Operation = Callable[..., Faces]
"""`(faces, index, strength, boxes) -> faces`, see `operations`."""


@dataclasses.dataclass(frozen=True)
class Corruption:
    """A change of faces that grows with a number."""

    title: str
    unit: str
    """What the number is, in words."""
    strengths: tuple[float, float, float, float, float]
    """From weak to strong."""
    operation: Operation | None
    """As jax operations; None where only the host can do it."""
    needs_boxes: bool = False
    """Whether it must know where eyes and mouth are."""


CORRUPTIONS: dict[str, Corruption] = {
    "blur": Corruption(
        "blur", "standard deviation, pixels of 64", (0.5, 1.0, 1.5, 2.0, 3.0), operations.blur
    ),
    "jpeg": Corruption("JPEG", "quality", (50.0, 30.0, 20.0, 10.0, 5.0), None),
    "low_resolution": Corruption(
        "low resolution", "side, pixels", (48.0, 40.0, 32.0, 24.0, 16.0), operations.low_resolution
    ),
    "darker": Corruption(
        "darker", "pixels times", (0.8, 0.6, 0.4, 0.3, 0.2), operations.brightness
    ),
    "brighter": Corruption(
        "brighter", "pixels times", (1.25, 1.5, 1.75, 2.0, 2.5), operations.brightness
    ),
    "contrast": Corruption(
        "less contrast", "contrast times", (0.8, 0.6, 0.4, 0.3, 0.2), operations.contrast
    ),
    "noise": Corruption(
        "noise", "standard deviation, grey levels", (5.0, 10.0, 15.0, 25.0, 40.0), operations.noise
    ),
    "shift": Corruption("shift", "pixels of 64", (2.0, 4.0, 6.0, 8.0, 12.0), operations.shift),
    "covered_eyes": Corruption(
        "covered eyes",
        "side of the cover, % of the eyes'",
        (50.0, 75.0, 100.0, 125.0, 150.0),
        operations.cover_eyes,
        needs_boxes=True,
    ),
    "covered_mouth": Corruption(
        "covered mouth",
        "side of the cover, % of the mouth's",
        (50.0, 75.0, 100.0, 125.0, 150.0),
        operations.cover_mouth,
        needs_boxes=True,
    ),
}
"""By name, in the order of charts and tables."""


def make_view(
    name: str, strength: float, *, boxes: Float[np.ndarray, "face 2 4"] | None = None
) -> View:
    """Gives a corruption as a view of faces, for `inference.Driver`.

    Args:
      name: One of `CORRUPTIONS`.
      strength: In the unit of the corruption; it need not be one of the five.
      boxes: Left, top, right and bottom of the eyes and of the mouth of every face that a number
        of the view can name, in pixels of the face; for what covers them.

    Returns:
      The view: part of the program where jax computes it, else on the host.

    Raises:
      InputError: There is no such corruption, or it needs boxes.

    Example:
      >>> import numpy as np
      >>> half = make_view("darker", 0.5)
      >>> half.function(np.full((1, 2, 2, 1), 200, np.uint8), np.arange(1)).ravel().tolist()
      [100, 100, 100, 100]
    """
    corruption = find_corruption(name)
    operation = corruption.operation
    if operation is None:
        return View(lambda faces, index: jpeg(faces, int(strength)), on_host=True)
    if corruption.needs_boxes and boxes is None:
        raise InputError(f"{name} must know where eyes and mouth are; give their boxes")
    known = None if boxes is None else jnp.asarray(boxes)

    def corrupted(faces: Faces, index: Int[AnyArray, " batch"]) -> Faces:
        return operation(faces, index, strength, None if known is None else known[index])

    return View(corrupted)


def find_corruption(name: str) -> Corruption:
    """Gives the corruption of a name.

    Raises:
      InputError: There is none.
    """
    if name not in CORRUPTIONS:
        known = list(CORRUPTIONS)
        raise InputError(
            f"no corruption '{name}'{nearest(name, known)}; there are {', '.join(known)}"
        )
    return CORRUPTIONS[name]
