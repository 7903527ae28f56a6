"""What is explained of a face: a category's logit, a difference of two, or a function of all."""

from collections.abc import Callable

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gimefive_jax.errors import InputError
from gimefive_jax.structs import AnyArray

ScoreFunction = Callable[[Float[Array, "batch emotion"]], Float[Array, " batch"]]
"""Pure function of logits; each face's score may depend on its own row alone."""


@flax.struct.dataclass
class Score:
    """A number per face: the logit of `target`, less the logit of `against` where there is one.

    Args:
      target: Label of each face.
      against: Another label of each face, for "why this and not that"; None for the logit alone.
      function: Takes the place of both.
    """

    target: Int[AnyArray, " batch"]
    against: Int[AnyArray, " batch"] | None = None
    function: ScoreFunction | None = flax.struct.field(pytree_node=False, default=None)

    def __call__(self, logits: Float[Array, "batch emotion"]) -> Float[Array, " batch"]:
        """Computes the score of each face.

        Args:
          logits: Of the faces; of several copies of all faces, one after the other, too.

        Raises:
          InputError: The function gives something else than a number per face.
        """
        if self.function is not None:
            score = self.function(logits)
            if getattr(score, "shape", None) != logits.shape[:1]:
                raise InputError(
                    f"a score must be one number per face, [{logits.shape[0]}], not "
                    f"{jax.tree.map(jnp.shape, score)}"
                )
            return score
        score = _of(self.target, logits)
        return score if self.against is None else score - _of(self.against, logits)

    def slope(self, logits: Float[Array, "batch emotion"]) -> Float[Array, "batch emotion"]:
        """Computes the derivative of each face's score with respect to its logits.

        Args:
          logits: Of the network, `[batch, emotion]`.

        Returns:
          Derivatives, same shape.
        """
        if self.function is not None:
            return jax.grad(lambda logits: self(logits).sum())(logits)
        slope = jax.nn.one_hot(self.target, logits.shape[-1], dtype=logits.dtype)
        if self.against is None:
            return slope
        return slope - jax.nn.one_hot(self.against, logits.shape[-1], dtype=logits.dtype)


def check_labels(name: str, labels: object, logits: Float[Array, "batch emotion"]) -> Array:
    """Gives labels as an array after a check; inside `jax.jit` their values cannot be checked.

    Args:
      name: Of the argument, for the message.
      labels: A category's number for each face, `[batch]`.
      logits: Of the same faces.

    Returns:
      The labels, `[batch]`.

    Raises:
      InputError: They are not integers, not one per face, or a number is that of no category.
    """
    num_faces, num_categories = logits.shape
    rule = f"give one integer per face, [{num_faces}], from 0 to {num_categories - 1}"
    try:
        found = jnp.asarray(labels)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} {labels!r} is no array of labels; {rule}") from error
    if found.shape != (num_faces,) or not jnp.issubdtype(found.dtype, jnp.integer):
        raise InputError(f"{name} is {found.dtype}{list(found.shape)}; {rule}")
    if not isinstance(found, jax.core.Tracer):
        values = np.asarray(found)
        strange = values[(values < 0) | (values >= num_categories)]
        if strange.size:
            raise InputError(f"{name} has {strange[0]}, the number of no category; {rule}")
    return found


def _of(labels: Int[AnyArray, " face"], logits: Float[Array, "batch emotion"]) -> Array:
    rows = jnp.tile(labels, logits.shape[0] // labels.shape[0])
    return jnp.take_along_axis(logits, rows[:, None], axis=-1)[:, 0]
