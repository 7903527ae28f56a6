"""The rungs of the ladder: what is compared in each, in which tolerance, and by which measure."""

from collections.abc import Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from gimefive_jax.explanation import METHODS
from tests.equivalence.case import Case, Explained, Step
from tests.tolerances import RELATIVE, TRAINING_GRADIENT

Tensors = dict[str, np.ndarray]

TOLERANCE: Mapping[str, float] = MappingProxyType(
    {
        "block activations": RELATIVE,
        "logits": RELATIVE,
        "maps": RELATIVE,
        "maps before norm": RELATIVE,
        "loss": RELATIVE,
        "gradients": TRAINING_GRADIENT,
        "momentum": TRAINING_GRADIENT,
        "parameters": RELATIVE,
        "statistics": RELATIVE,
        "ten steps": RELATIVE,
    }
)
# Here a bias that a batch norm takes out again is nothing but rounding.
_OF_GRADIENTS = ("gradients", "momentum", "ten steps")
_TAKEN_OUT = ("conv/bias", "conv1/bias", "conv2/bias")


def of_explained(case: Case, side: Explained) -> dict[str, Tensors]:
    """Rungs of eval mode."""
    # Maps and not gradients: where a pooled window is all zero, any of it may take the gradient.
    return {
        "block activations": side.activations,
        "logits": {"logits": side.logits},
        "maps": _maps(side, case.layer),
        "maps before norm": _maps(side, case.convolution),
    }


def of_step(step: Step) -> dict[str, Tensors]:
    """Rungs of one step."""
    return {
        "loss": {"loss": np.asarray(step.loss)},
        "gradients": _named(step.grads),
        "momentum": _named(step.momentum),
        "parameters": _named(step.params),
        "statistics": _named(step.batch_stats),
    }


def of_steps(steps: list[Step], start: PyTree) -> dict[str, Tensors]:
    """The rung of many steps: every step's tensors.

    Of the parameters how far they have come, which is little beside what they are.
    """
    tensors = {}
    for number, step in enumerate(steps, start=1):
        for rung, found in of_step(step).items():
            if rung == "parameters":
                found = _named(jax.tree.map(_less, step.params, start))
            tensors |= {f"{number}/{rung}/{name}": tensor for name, tensor in found.items()}
    return {"ten steps": tensors}


def scale_of(rung: str, name: str) -> str:
    """Name of the tensor whose largest value a difference in `name` is measured by."""
    taken_out = rung in _OF_GRADIENTS and name.endswith(_TAKEN_OUT)
    return name.removesuffix("bias") + "kernel" if taken_out else name


def differences(rung: str, found: Tensors, wanted: Tensors) -> dict[str, float]:
    """max|a-b| / max|b| of every tensor, in float64."""
    assert found.keys() == wanted.keys()
    return {
        name: _largest(_less(found[name], wanted[name]))
        / max(_largest(wanted[scale_of(rung, name)]), 1e-30)
        for name in wanted
    }


def _maps(side: Explained, layer: str) -> Tensors:
    activation, gradient = map(jnp.asarray, (side.activations[layer], side.gradients[layer]))
    return {
        f"{method}/{layer}": np.asarray(METHODS[method](activation, gradient))
        for method in ("hirescam", "gradcam")
    }


def _named(tree: PyTree) -> Tensors:
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {"/".join(key.key for key in path): np.asarray(leaf) for path, leaf in paths}


def _less(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a, np.float64) - np.asarray(b, np.float64)


def _largest(tensor: np.ndarray) -> float:
    return float(np.abs(tensor).max())
