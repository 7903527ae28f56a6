"""The ladder's weights keep every ReLU and pool of a step clear of its switching point."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.linen.module import InterceptorContext
from jaxtyping import PyTree

from gimefive_jax.models.blocks import Relu
from tests.equivalence.case import NARROW_CASES, SIZE, Case, faces, model, variables
from tests.equivalence.switches import MARGIN
from tests.random_variables import seeded_variables

# Pools and ReLUs, shortcuts, and a norm that is called twice.
_KINDS = ("gimefive_se", "gimefive_residual", "vgg")


@pytest.mark.parametrize(
    "case",
    [case for case in NARROW_CASES if case.name in _KINDS],
    indirect=True,
    scope="session",
    ids=str,
)
def test_no_switch_is_near(case: Case):
    assert _nearest(case, variables(case)) > MARGIN / 2
    seeded = seeded_variables(model(case), size=SIZE)
    assert _nearest(case, seeded) < MARGIN / 2
    # Neither a bias far from its own, nor another layer than those that have to change.
    moved = jax.tree_util.tree_map_with_path(
        lambda path, a, b: path[-1].key == "kernel" or float(jnp.abs(a - b).max()) < 0.1,
        variables(case),
        seeded,
    )
    assert all(jax.tree.leaves(moved))


def _nearest(case: Case, collections: PyTree) -> float:
    """Distance of the nearest switch of a training step, in float64."""
    distances: list[float] = []

    def note(call: Callable, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
        output = call(*args, **kwargs)
        if context.method_name == "__call__" and isinstance(context.module, Relu):
            distances.append(float(jnp.abs(args[0]).min()))
            if context.module.name == "activation" and "residual" not in case.name:
                distances.append(_smallest_tie(np.asarray(output)))
        return output

    with jax.enable_x64(True), nn.intercept_methods(note):
        wide, face = jax.tree.map(
            lambda leaf: jnp.asarray(np.asarray(leaf), jnp.float64), (collections, faces(0))
        )
        model(case).apply(wide, face, train=True, mutable="batch_stats")
    return min(distances)


def _smallest_tie(activation: np.ndarray) -> float:
    """Smallest lead of a 2x2 window's largest value over its second, where it is positive."""
    batch, height, width, channels = activation.shape
    windows = activation.reshape(batch, height // 2, 2, width // 2, 2, channels)
    second, first = np.sort(windows.transpose(2, 4, 0, 1, 3, 5).reshape(4, -1), axis=0)[2:]
    return float((first - second)[first > 0].min())
