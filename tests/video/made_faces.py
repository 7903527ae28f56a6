"""Faces as a model would have read them."""

import numpy as np

from gimefive_jax.faces import REGIONS, share_name
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.predicting.scene import SceneFace

CATEGORIES = ("anger", "happiness", "sadness")


def made_face(
    probabilities: list[float], *, left: float = 10.0, explained: bool = True
) -> SceneFace:
    """A face whose map holds the number of the predicted category in each cell."""
    given = np.array(probabilities, np.float32)
    category = int(given.argmax())
    box = FaceBox(left, 20.0, 30.0, 40.0)
    return SceneFace(
        box=box,
        score=0.9,
        crop=box,
        pixels=np.zeros((4, 4, 3), np.uint8),
        logits=np.log(given),
        probabilities=given,
        emotions=CATEGORIES,
        predicted=CATEGORIES[category],
        heat_map=np.full((2, 2), category, np.float32) if explained else None,
        shares={share_name(region): 1 / len(REGIONS) for region in REGIONS},
    )
