"""Explains a network that is not ours by every method and one of one's own, and tells the gaps."""

import flax.linen as nn
import jax

from gimefive_jax.explanation import METHODS, explain_fn


class Net(nn.Module):
    """Strided convolutions without bias, layer norms, GELU; a keyword of its own in its call."""

    @nn.compact
    def __call__(self, x: jax.Array, deterministic: bool) -> jax.Array:
        """Gives logits `[batch, 6]`."""
        for features in (16, 32):
            x = nn.Conv(features, (3, 3), strides=2, use_bias=False)(x)
            x = nn.gelu(nn.LayerNorm()(x))
        x = nn.Dropout(0.5, deterministic=deterministic)(x)
        return nn.Dense(6, name="head")(x.mean((1, 2)))


def support(activation: jax.Array, gradient: jax.Array) -> jax.Array:
    """A method: the positive part of activations times gradients."""
    return jax.nn.relu(activation * gradient).sum(-1)


def first_ahead(logits: jax.Array) -> jax.Array:
    """A score: how far the first category is ahead of the mean of the others."""
    return logits[:, 0] - logits[:, 1:].mean(1)


if __name__ == "__main__":
    faces = jax.random.normal(jax.random.key(0), (4, 32, 32, 3))
    call, methods = {"deterministic": True}, [*METHODS, support]
    layers = ["Dropout_0", "Conv_1", "input"]
    variables = Net().init(jax.random.key(1), faces, **call)
    explain = explain_fn(Net(), methods=methods, layers=layers, score=first_ahead, call=call)
    for (method, layer), found in jax.jit(explain)(variables, faces).explanations.items():
        print(f"{method} at {layer}: largest gap {found.completeness_gap.max():.1e} of the score")
