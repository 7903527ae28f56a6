"""What is compared: a model at a width, the faces it sees, and what each side answers."""

import dataclasses
import functools
import gc
import itertools
from collections.abc import Callable
from typing import Literal, TypeVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, PyTree

from gimefive_jax.config import ModelConfig, OptimizerConfig
from gimefive_jax.explanation import call_order
from gimefive_jax.models import ARCHITECTURES, default_layer, logits_fn, make_model
from tests.equivalence.switches import clear_of_switches
from tests.random_variables import seeded_variables

NARROW, TABLE = 0.125, 1.0
SIZE, BATCH = 64, 8
RECIPE = OptimizerConfig(name="sgd", learning_rate=1e-3, momentum=0.9, weight_decay=1e-4)
# Of the largest activation: some ten times what float32 may round it by.
_TIE = 2e-6
LABELS = np.array([0, 3, 5, 1, 1, 2, 4, 0])
Precision = Literal["float32", "float64"]
Function = TypeVar("Function", bound=Callable)
_caches: list = []


@dataclasses.dataclass(frozen=True)
class Case:
    """A model of the registry at a width."""

    name: str
    width: float = NARROW

    def __str__(self) -> str:
        return f"{self.name}-{self.width:g}"

    @property
    def config(self) -> ModelConfig:
        """Config without dropout, whose draws no other library repeats."""
        return ModelConfig(
            name=self.name, width=self.width, dropout_rate=0.0, head_dropout_rate=0.0
        )

    @property
    def layer(self) -> str:
        """Where we explain: the last block's output after its ReLU, or the maps of evidence."""
        return default_layer(self.config)

    @property
    def convolution(self) -> str:
        """Where the paper's code explains: the last convolution, before batch norm and ReLU."""
        names = [name for name in calls(self) if name.rpartition("/")[2].startswith("conv")]
        return names[-1]

    @property
    def blocks(self) -> list[str]:
        """The activation of every block, and the explained layer, in their order."""
        return [name for name in calls(self) if name.endswith("/activation") or name == self.layer]


NARROW_CASES = [Case(name) for name in ARCHITECTURES]
TABLE_CASES = [Case(name, TABLE) for name in ARCHITECTURES]


@dataclasses.dataclass(frozen=True)
class Explained:
    """Eval mode: activations by layer, logits, and gradients where maps are drawn."""

    activations: dict[str, np.ndarray]
    logits: np.ndarray
    gradients: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Step:
    """After one step: its loss and gradients, and what it left behind."""

    loss: float
    grads: PyTree
    momentum: PyTree
    params: PyTree
    batch_stats: PyTree


def remembered(function: Function) -> Function:
    """`function` computed once per case, until `forget`."""
    cached = functools.cache(function)
    _caches.append(cached)
    return cached  # type: ignore[return-value]


def forget() -> None:
    """Free what was remembered: at table width a model's copies take gigabytes."""
    for cached in _caches:
        cached.cache_clear()
    gc.collect()


@remembered
def model(case: Case) -> nn.Module:
    """Our module."""
    return make_model(case.config)


@remembered
def variables(case: Case) -> PyTree:
    """The weights that both sides begin with."""
    seeded = seeded_variables(model(case), size=SIZE)
    return clear_of_switches(model(case), seeded, faces(0))


@remembered
def calls(case: Case) -> dict[str, tuple[int, ...]]:
    """Output shapes of our layers by name, in the order of their calls."""
    return call_order(logits_fn(model(case)), variables(case), jnp.asarray(faces(0)))


@remembered
def explained_faces(case: Case) -> Float[np.ndarray, "batch height width 3"]:
    """Faces of eval mode: those of step 0, but for any with a tie in a pool that maps pass.

    Which of two nearly equal values takes the gradient depends on the order of a sum, and so on the
    machine. Looked for in float64, so that every machine shows the same faces.
    """
    shown = faces(0).copy()
    if case.name.startswith(("resnet", "gimefive_residual", "gimefive_local")):
        return shown
    for number in itertools.count(1):
        near = _has_tie(_last_activation(case, shown))
        if not near.any():
            return shown
        shown[near] = faces(number)[near]
    raise AssertionError


def _last_activation(case: Case, shown: np.ndarray) -> Float[np.ndarray, "batch height width c"]:
    def forward(collections: PyTree, x: jax.Array) -> PyTree:
        return model(case).apply(
            collections,
            x,
            train=False,
            capture_intermediates=lambda module, _: "/".join(module.path) == case.layer,
            mutable="intermediates",
        )[1]

    with jax.enable_x64(True):
        wide, x = jax.tree.map(
            lambda leaf: jnp.asarray(np.asarray(leaf), jnp.float64), (variables(case), shown)
        )
        [activation] = jax.tree.leaves(jax.jit(forward)(wide, x))
    return np.asarray(activation)


def _has_tie(x: Float[np.ndarray, "batch height width c"]) -> Bool[np.ndarray, " batch"]:
    """Which faces have a pooled window whose two largest values are open and nearly equal."""
    batch, height, width, channels = x.shape
    windows = x.reshape(batch, height // 2, 2, width // 2, 2, channels)
    second, first = np.sort(windows.transpose(2, 4, 0, 1, 3, 5).reshape(4, batch, -1), axis=0)[2:]
    return ((first - second < _TIE * x.max()) & (first > 0)).any(1)


@functools.cache
def faces(number: int) -> Float[np.ndarray, "batch height width 3"]:
    """Normalised faces of the step called `number`: noise, for want of anybody's face."""
    generator = np.random.default_rng(100 + number)
    return generator.normal(size=(BATCH, SIZE, SIZE, 3)).astype(np.float32)
