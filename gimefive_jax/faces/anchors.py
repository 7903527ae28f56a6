"""From what BlazeFace says at its anchors to faces, each once."""

import functools

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from gimefive_jax.faces.blazeface import (
    ANCHOR_GRIDS,
    INPUT_SIDE,
    NUM_KEYPOINTS,
    NUM_VALUES,
    AnchorOutputs,
)
from gimefive_jax.structs import AnyArray

# Boxes that overlap by more than this are of the same face.
SAME_FACE = 0.3


@flax.struct.dataclass
class Detections:
    """Faces of each image, the surest first; rows without a face have the score 0."""

    corners: Float[AnyArray, "batch face 4"]
    """Left, top, right and bottom over the side of the image."""
    keypoints: Float[AnyArray, "batch face 6 2"]
    """x and y over the side of the image; see `FoundFace`."""
    scores: Float[AnyArray, "batch face"]
    """From 0 to 1."""


def anchor_centres() -> Float[np.ndarray, "896 2"]:
    """Gives x and y of each anchor over the side of the image: the middles of the cells."""
    centres = []
    for cells, anchors in ANCHOR_GRIDS:
        middles = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(middles, middles, indexing="ij")
        centres.append(np.stack([x.ravel(), y.ravel()], axis=-1).repeat(anchors, axis=0))
    return np.concatenate(centres)


def decode(outputs: AnchorOutputs) -> Detections:
    """Gives the face that each anchor proposes, with its score.

    Args:
      outputs: What the network says at each anchor.

    Returns:
      A row for each anchor, in the order of the anchors.
    """
    values = outputs.values / INPUT_SIDE
    anchors = anchor_centres()
    centre, size = values[..., :2] + anchors, values[..., 2:4]
    offsets = values[..., 4:].reshape(*values.shape[:2], NUM_KEYPOINTS, 2)
    return Detections(
        corners=jnp.concatenate([centre - size / 2, centre + size / 2], axis=-1),
        keypoints=offsets + anchors[:, None],
        scores=jax.nn.sigmoid(outputs.logits),
    )


def blend_doubles(
    found: Detections, min_score: Float[Array, " batch"], *, max_faces: int
) -> Detections:
    """Joins the proposals of one face, as BlazeFace's authors do it.

    The surest proposal takes every other that overlaps it by more than `SAME_FACE`; places are
    their mean, weighted by score, and the score is the surest's. Then the next surest of the rest.

    Args:
      found: Proposals.
      min_score: Score that a proposal needs, for each image.
      max_faces: Rows of the result; more faces than that are left out.

    Returns:
      Faces, `max_faces` rows for each image.
    """
    keypoints = found.keypoints.reshape(*found.scores.shape, -1)
    places = jnp.concatenate([found.corners, keypoints], axis=-1)
    scores = jnp.where(found.scores >= min_score[:, None], found.scores, 0.0)
    joined = jax.vmap(functools.partial(_blend, max_faces=max_faces))(places, scores)
    return Detections(
        corners=joined.places[..., :4],
        keypoints=joined.places[..., 4:].reshape(*joined.scores.shape, NUM_KEYPOINTS, 2),
        scores=joined.scores,
    )


@flax.struct.dataclass
class _Blending:
    """Faces of one image that are joined, and the scores of the proposals that are left."""

    left: Float[Array, "*batch proposal"]
    count: Int[Array, "*batch"]
    places: Float[Array, "*batch face 16"]
    scores: Float[Array, "*batch face"]


def _blend(
    places: Float[Array, "proposal 16"], scores: Float[Array, " proposal"], max_faces: int
) -> _Blending:
    """The faces of one image; a proposal of score 0 is none."""

    def is_not_over(state: _Blending) -> Bool[Array, ""]:
        return (state.count < max_faces) & (state.left.max() > 0)

    def take(state: _Blending) -> _Blending:
        best = state.left.argmax()
        same = overlaps(places[best, :4], places[:, :4]) > SAME_FACE
        # A box without an area overlaps nothing, not even itself.
        weights = jnp.where(same, state.left, 0.0).at[best].set(state.left[best])
        return _Blending(
            left=jnp.where(weights > 0, 0.0, state.left),
            count=state.count + 1,
            places=state.places.at[state.count].set(weights @ places / weights.sum()),
            scores=state.scores.at[state.count].set(state.left[best]),
        )

    none = _Blending(
        left=scores,
        count=jnp.int32(0),
        places=jnp.zeros((max_faces, NUM_VALUES), places.dtype),
        scores=jnp.zeros(max_faces, scores.dtype),
    )
    return lax.while_loop(is_not_over, take, none)


def overlaps(
    box: Float[Array, "4"], boxes: Float[Array, "proposal 4"]
) -> Float[Array, " proposal"]:
    """Computes how far each box overlaps one: the area of both over that of either."""
    low, high = jnp.maximum(box[:2], boxes[:, :2]), jnp.minimum(box[2:], boxes[:, 2:])
    shared = jnp.maximum(high - low, 0).prod(-1)
    either = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(-1) - shared
    return shared / jnp.maximum(either, jnp.finfo(boxes.dtype).tiny)
