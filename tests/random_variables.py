"""Variables of a model with nothing at its default: no zero bias, no unit variance."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from gimefive_jax import parallel
from gimefive_jax.models import blank_face


def random_variables(model: nn.Module, *, size: int = 64) -> PyTree:
    """Variables as after some training, the same on every machine."""
    face = jnp.zeros_like(blank_face(model, image_size=size))
    init = functools.partial(model.init, jax.random.key(0), train=False)
    variables = parallel.run_once(lambda: init(face))
    generator = np.random.default_rng(0)

    def disturb(path: tuple, leaf: jax.Array) -> np.ndarray:
        noise = generator.normal(size=leaf.shape).astype(np.float32)
        name = path[-1].key
        if name in ("var", "scale"):
            return 1 + 0.5 * np.abs(noise)
        return np.asarray(leaf) + 0.1 * noise if name != "kernel" else np.asarray(leaf)

    return jax.tree.map(jnp.asarray, jax.tree_util.tree_map_with_path(disturb, variables))


def seeded_variables(model: nn.Module, *, size: int = 64) -> PyTree:
    """Variables by a formula of our own, from shapes alone; cheaper than an initialisation."""
    init = functools.partial(model.init, train=False)
    face = blank_face(model, image_size=size)
    generator = np.random.default_rng(0)

    def draw(path: tuple, leaf: jax.ShapeDtypeStruct) -> jax.Array:
        noise = generator.normal(size=leaf.shape).astype(np.float32)
        match path[-1].key:
            case "kernel":
                value = noise * np.sqrt(2 / np.prod(leaf.shape[:-1]), dtype=np.float32)
                # A narrow squeeze-excite gate has a single unit, which might never open.
                value = np.abs(value) if path[-2].key == "reduce" else value
            case "var" | "scale":
                value = 1 + 0.5 * np.abs(noise)
            case _:
                value = 0.1 * noise
        return jnp.asarray(value)

    shapes = jax.eval_shape(init, jax.random.key(0), face)
    return jax.tree_util.tree_map_with_path(draw, shapes)
