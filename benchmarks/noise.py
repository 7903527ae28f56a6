"""Random faces with FER2013's size, shape and label frequencies; a step costs the same on them."""

from typing import NamedTuple

import numpy as np

# FER2013's six categories: faces that are trained on and that validate, of the prepared set.
NUM_TRAIN, NUM_VALIDATION = 21_368, 2_374
# Faces of each category in FER2013's official train part, in our order.
_COUNTS = np.array([7215, 3171, 4830, 3995, 436, 4097])


class Noise(NamedTuple):
    """Faces of noise with labels."""

    images: np.ndarray
    """uint8 [face, side, side, 1]."""
    labels: np.ndarray


def make_noise(num_faces: int, *, image_size: int, seed: int = 0) -> Noise:
    """The same faces for both libraries."""
    random = np.random.default_rng(seed)
    return Noise(
        images=random.integers(0, 256, (num_faces, image_size, image_size, 1), np.uint8),
        labels=random.choice(len(_COUNTS), num_faces, p=_COUNTS / _COUNTS.sum()).astype(np.int32),
    )
