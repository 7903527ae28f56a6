"""Variables of a model with nothing at its default: no zero bias, no unit variance."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree


def random_variables(model: nn.Module, *, size: int = 64) -> PyTree:
    """Variables as after some training, the same on every machine."""
    face = jnp.zeros((1, size, size, 3))
    init = jax.jit(functools.partial(model.init, train=False))
    variables = init(jax.random.key(0), face)
    generator = np.random.default_rng(0)

    def disturb(path: tuple, leaf: jax.Array) -> np.ndarray:
        noise = generator.normal(size=leaf.shape).astype(np.float32)
        name = path[-1].key
        if name in ("var", "scale"):
            return 1 + 0.5 * np.abs(noise)
        return np.asarray(leaf) + 0.1 * noise if name != "kernel" else np.asarray(leaf)

    return jax.tree.map(jnp.asarray, jax.tree_util.tree_map_with_path(disturb, variables))
