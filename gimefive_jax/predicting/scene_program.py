"""What is computed of each face of a scene, as one pure function."""

import functools
from collections.abc import Callable

import flax.struct
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from gimefive_jax.explanation import ExplainedBatch
from gimefive_jax.explanation.faithfulness.mass import area_share, mass_on
from gimefive_jax.faces import REGIONS, soft_masks
from gimefive_jax.inference import FaceFunction, Faces
from gimefive_jax.kept_programs import name_of, named
from gimefive_jax.structs import AnyArray, Predictions


@flax.struct.dataclass
class ReadFaces:
    """What a model says of some faces."""

    logits: Float[AnyArray, "face emotion"]
    heat_map: Float[AnyArray, "face rows columns"] | None = None
    """Raw and signed, of the predicted category; None where nothing is explained."""
    shares: Float[AnyArray, "face region"] | None = None
    """Of the map's positive mass on each of `REGIONS`; None without landmarks."""
    areas: Float[AnyArray, "face region"] | None = None
    """Share of the face that each of `REGIONS` covers; None without landmarks."""


# A function of its own at every call would be compiled at every call.
@functools.lru_cache(maxsize=8)
def read_fn(
    predict: FaceFunction[Predictions],
    explain: FaceFunction[ExplainedBatch] | None,
    *,
    averages_views: bool,
) -> Callable[..., ReadFaces]:
    """Gives the function of a model that reads faces; one pass of the network serves all of it.

    Args:
      predict: `(variables, faces) -> Predictions`.
      explain: `(variables, faces, target) -> ExplainedBatch` with one map; None explains nothing.
      averages_views: Whether the predictions are not those of the face as it is.

    Returns:
      `(variables, faces, points=None) -> ReadFaces` with 68 landmarks of each face in pixels of
      it, of which shares of regions are computed; equal arguments give the same function.
    """

    def read(
        variables: PyTree, faces: Faces, points: Float[Array, "face 68 2"] | None = None
    ) -> ReadFaces:
        if explain is None:
            return ReadFaces(predict(variables, faces).logits)
        predictions = predict(variables, faces) if averages_views else None
        # Of the category that the views agree on; else the predicted one is found on the way.
        target = () if predictions is None else (predictions.emotion,)
        [explanation] = explain(variables, faces, *target).explanations.values()
        logits = (predictions or explanation.predictions).logits
        if points is None:
            return ReadFaces(logits, explanation.heat_map)
        masks = soft_masks(points, faces.shape[1])
        shares = [mass_on(explanation.heat_map, masks[region]) for region in REGIONS]
        return ReadFaces(
            logits,
            explanation.heat_map,
            shares=jnp.stack(shares, axis=-1),
            areas=jnp.stack([area_share(masks[region]) for region in REGIONS], axis=-1),
        )

    explained = "nothing" if explain is None else name_of(explain)
    return named(read, "read", name_of(predict), explained, averages_views)
