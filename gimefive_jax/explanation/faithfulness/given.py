"""What a metric may ask for about a batch of faces and their maps."""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.calls import Network
from gimefive_jax.explanation.faithfulness.masked import over_maximum
from gimefive_jax.explanation.faithfulness.mass import as_mass
from gimefive_jax.explanation.faithfulness.order import enlarged, pixel_ranks
from gimefive_jax.structs import AnyArray, PixelScale

Explain = Callable[[PyTree, Array, Array], Array]
"""`(variables, x, target) -> heat_map`: the method under test, `[batch, rows, columns]`."""
MeanFace = Float[AnyArray, "..."] | float
"""The data's mean as input of the network: of the shape of a face, or one number per channel."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """What all faces share."""

    network: Network
    pixels: PixelScale
    mean_face: MeanFace | None
    explain: Explain | None
    rows_at_once: int


@dataclasses.dataclass(frozen=True)
class Given:
    """A batch, its maps and its network; what several metrics ask for is computed once."""

    setting: Setting
    variables: PyTree
    x: Float[AnyArray, "batch height width channel"]
    heat_map: Float[AnyArray, "batch rows columns"]
    target: Int[AnyArray, " batch"]
    index: Int[AnyArray, " batch"]

    @property
    def pixels(self) -> PixelScale:
        """Black and white among the values of `x`."""
        return self.setting.pixels

    @functools.cached_property
    def mass(self) -> Array:
        """Maps without negative cells, each with sum 1."""
        return jnp.asarray(as_mass(jnp.asarray(self.heat_map)))

    @functools.cached_property
    def rank(self) -> Array:
        """Number of each pixel in the order of the map, 0 first, `[batch, height, width]`."""
        height, width = self.x.shape[1:3]
        return pixel_ranks(self.heat_map, (height, width), self.index)

    @functools.cached_property
    def unchanged(self) -> Array:
        """Probability of the target on the faces as they are, `[batch]`."""
        return self.probability(jnp.asarray(self.x)[None])[0]

    @functools.cached_property
    def masked(self) -> Array:
        """Faces whose pixels, from 0 to 1, are multiplied by map over maximum, as input."""
        height, width = self.x.shape[1:3]
        shown = enlarged(over_maximum(self.mass), (height, width))[..., None]
        unit = jnp.asarray(self.pixels.to_unit(self.x))
        return jnp.asarray(self.pixels.to_input(unit * shown))

    @functools.cached_property
    def masked_probability(self) -> Array:
        """Probability of the target on the masked faces, `[batch]`."""
        return self.probability(self.masked[None])[0]

    @functools.cached_property
    def mean_face(self) -> Array:
        """The data's mean as input of the network, of the shape of a face."""
        if self.setting.mean_face is None:
            raise InputError("no mean_face was given")
        return jnp.broadcast_to(jnp.asarray(self.setting.mean_face), self.x.shape[1:])

    @property
    def probability(self) -> Callable[[Array], Array]:
        """Softmax of the target on changed faces, `[copy, batch, ...]` to `[copy, batch]`."""
        return functools.partial(self._of_target, jax.nn.softmax)

    @property
    def score(self) -> Callable[[Array], Array]:
        """The same of the target's logit."""
        return functools.partial(self._of_target, lambda logits: logits)

    def explain(self, x: Array) -> Array:
        """Gives the maps of changed faces by the method under test, `[batch, rows, columns]`.

        There may be several copies of each face, side by side: `[batch * copy, ...]`.
        """
        if self.setting.explain is None:
            raise InputError("no explain function was given")
        target = jnp.asarray(self.target)
        repeated = jnp.repeat(target, len(x) // len(target))
        return jnp.asarray(self.setting.explain(self.variables, x, repeated))

    def _of_target(self, what: Callable[[Array], Array], changed: Array) -> Array:
        """`[copy, batch, height, width, channel]` to `[copy, batch]`, so many rows in one call."""
        copies, batch = changed.shape[:2]
        at_once = max(1, self.setting.rows_at_once // batch)
        # Parts of the same size, as nearly as it goes.
        at_once = -(-copies // -(-copies // at_once))
        parts: list[Array] = []
        # One call after the other: in a loop of the program a CPU is slow at convolutions.
        for start in range(0, copies, at_once):
            # Faces first, then copies: a face's copies stay on the device that holds the face.
            part = jnp.moveaxis(changed[start : start + at_once], 0, 1)
            if parts:
                # One part after the other: side by side they would need the memory of all.
                part, parts[-1] = jax.lax.optimization_barrier((part, parts[-1]))
            logits = self.setting.network(self.variables, part.reshape(-1, *part.shape[2:]))
            values = what(logits).reshape(batch, -1, logits.shape[-1])
            chosen = jnp.asarray(self.target)[:, None, None]
            parts.append(jnp.take_along_axis(values, chosen, axis=-1)[..., 0].T)
        return jnp.concatenate(parts)


NAMES = (
    *("heat_map", "x", "target", "index", "pixels", "mass", "rank", "unchanged", "probability"),
    *("score", "masked", "masked_probability", "mean_face", "explain"),
)
"""What a metric may name among its parameters: attributes of `Given`."""
