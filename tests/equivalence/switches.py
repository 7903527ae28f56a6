"""Weights with which no ReLU and no pool of a training step stands near its switching point.

Of a million ReLU inputs some lie within float32's rounding of zero, and of the pooled windows some
hold two largest values as close. Which side such a switch falls to depends on the order of a sum,
and moves gradients by percents: that is no error of anybody's, and hides what would be one. So the
weights are chosen with a margin: each norm's bias is moved a little, into the widest gap between
the values of its channel, and a kernel whose pools are near a tie is drawn again. In float64, so
that every machine chooses the same weights.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.linen.module import InterceptorContext
from jaxtyping import Array, Bool, Float, PyTree

from gimefive_jax.models.blocks import ConvBlock, Relu
from gimefive_jax.models.vgg import ConvPair

# In units of a norm's output: many times the rounding error of any layer in float32.
MARGIN = 2e-5
_SHIFTS = np.arange(-64, 65) / 1024


def clear_of_switches(model: nn.Module, variables: PyTree, faces: np.ndarray) -> PyTree:
    """`variables` with such biases and kernels, for a step on `faces`."""
    with jax.enable_x64(True):
        clearing = _Clearing(variables["params"])
        wide, faces = jax.tree.map(
            lambda leaf: jnp.asarray(np.asarray(leaf), jnp.float64), (variables, faces)
        )
        with nn.intercept_methods(clearing):
            model.apply(wide, faces, train=True, mutable="batch_stats")
    return {**variables, "params": jax.tree.map(jnp.asarray, clearing.params)}


class _Clearing:
    """Interceptor that corrects each layer's parameters, and its output with them."""

    def __init__(self, params: PyTree) -> None:
        self.params = jax.tree.map(lambda leaf: np.array(leaf, np.float32), params)
        self._generator = np.random.default_rng(1)
        self._calls: Counter[str] = Counter()
        self._shifts: dict[str, Float[np.ndarray, " channel"]] = {}
        self._last_norm = ""

    def __call__(self, call: Any, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
        output = call(*args, **kwargs)
        module, name = context.module, "/".join(context.module.path)
        if context.method_name != "__call__":
            return output
        if isinstance(module, nn.BatchNorm):
            self._calls[name] += 1
            self._last_norm = name
            # The second call of a shared norm has the bias that the first was given.
            return output + self._shifts.get(name, 0)
        if isinstance(module, Relu) and self._calls[self._last_norm] == 1:
            return jax.nn.relu(self._moved(self._last_norm, args[0]))
        if isinstance(module, nn.Dense) and module.name.startswith("dense"):
            return self._moved(name, output)
        if isinstance(module, nn.Conv) and _is_pooled(module):
            return self._drawn_again(name, args[0], output)
        return output

    def _moved(self, name: str, x: Float[Array, "*rows channel"]) -> Float[Array, "*rows channel"]:
        """`x` with another bias of the layer called `name`, which makes its last summand."""
        params = self._of(name)
        values = np.sort(np.asarray(x).reshape(-1, x.shape[-1]), axis=0)
        old = params["bias"].astype(np.float64)
        params["bias"] += [_SHIFTS[np.argmax(_clearance(column))] for column in values.T]
        self._shifts[name] = params["bias"] - old
        return x + self._shifts[name]

    def _drawn_again(self, name: str, x: Array, output: Array) -> Array:
        """`output` of a convolution, with other kernels where a switch was near."""
        norm_name = f"{name.rpartition('/')[0]}/norm"
        params, norm = self._of(name), self._of(norm_name)
        kernel = params["kernel"]
        # A norm that was called before has its bias already.
        with_relu = self._calls[norm_name] == 1
        while (near := _near_switch(np.asarray(output), norm, with_relu=with_relu)).any():
            noise = self._generator.normal(size=(*kernel.shape[:-1], int(near.sum())))
            kernel[..., near] = noise * np.sqrt(2 / np.prod(kernel.shape[:-1]))
            output = jax.lax.conv_general_dilated(
                x,
                kernel.astype(np.float64),
                (1, 1),
                "SAME",
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )
            output += params["bias"].astype(np.float64)
        return output

    def _of(self, name: str) -> dict[str, np.ndarray]:
        params = self.params
        for part in name.split("/"):
            params = params[part]
        return params


def _is_pooled(module: nn.Conv) -> bool:
    within, name = module.parent, module.name
    return (isinstance(within, ConvBlock) and within.pools and name == "conv") or (
        isinstance(within, ConvPair) and name == "conv2"
    )


def _clearance(values: Float[np.ndarray, " value"]) -> Float[np.ndarray, " shift"]:
    """How far from zero the nearest of the sorted `values` lies after each shift."""
    padded = np.concatenate([[-np.inf], values, [np.inf]])
    after = np.searchsorted(values, -_SHIFTS) + 1
    return np.minimum(padded[after] + _SHIFTS, -_SHIFTS - padded[after - 1])


def _near_switch(
    x: Float[np.ndarray, "batch height width channel"],
    norm: Mapping[str, np.ndarray],
    *,
    with_relu: bool,
) -> Bool[np.ndarray, " channel"]:
    """Channels with a pool that is nearly a tie or, `with_relu`, a value nearly zero."""
    deviation = np.sqrt(x.var((0, 1, 2)) + 1e-5)
    y = (x - x.mean((0, 1, 2))) / deviation * norm["scale"] + norm["bias"]
    batch, height, width, channels = y.shape
    windows = y.reshape(batch, height // 2, 2, width // 2, 2, channels).transpose(2, 4, 0, 1, 3, 5)
    second, first = np.sort(windows.reshape(4, -1, channels), axis=0)[2:]
    # Where no value is positive, even after a shift, the ReLU has closed the whole window.
    near = (first - second < MARGIN) & (first > -MARGIN - np.abs(_SHIFTS).max())
    return near.any(0) | (with_relu & (np.abs(y) < MARGIN).any((0, 1, 2)))
