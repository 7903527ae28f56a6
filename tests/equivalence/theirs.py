"""One model beside its PyTorch reference: what both compute, in our names and axes.

Shared by the rungs of `test_torch_ladder.py`, which compare.
"""

import dataclasses
import functools
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import PyTree

from gimefive_jax.config import ModelConfig, OptimizerConfig
from gimefive_jax.explanation.capture import Capture, call_order, capture
from gimefive_jax.models import default_layer, make_model
from gimefive_jax.training.optimizer import make_optimizer
from tests.equivalence.torch_models import make_reference, torch
from tests.equivalence.torch_names import from_torch, to_torch
from tests.random_variables import seeded_variables

WIDTH, SIZE, BATCH = 0.125, 64, 8
# Small convolutions: more threads only wait for each other, up to ten times longer.
torch.set_num_threads(1)
Precision = Literal["float32", "float64"]
RECIPE = OptimizerConfig(name="sgd", learning_rate=1e-3, momentum=0.9, weight_decay=1e-4)
LABELS = np.array([0, 3, 5, 1, 1, 2, 4, 0])


@dataclasses.dataclass(frozen=True)
class Step:
    """After one step: its loss and gradients, and what it left behind."""

    loss: float
    grads: PyTree
    momentum: PyTree
    params: PyTree
    batch_stats: PyTree


@dataclasses.dataclass(frozen=True)
class Explained:
    """Eval mode: every block's activation, logits, and the gradient at the default layer."""

    activations: dict[str, np.ndarray]
    logits: np.ndarray
    gradient: np.ndarray


@functools.cache
def variables(name: str) -> PyTree:
    """The weights that both sides begin with."""
    return seeded_variables(_model(name), size=SIZE)


def layer(name: str) -> str:
    """Default layer of the model."""
    return default_layer(_config(name))


@functools.cache
def ours_explained(name: str) -> Explained:
    """Our side in eval mode."""
    order = call_order(_model(name), variables(name), jnp.asarray(_faces(0)))
    run = jax.jit(
        functools.partial(
            capture,
            _model(name),
            layers=(layer(name),),
            watched=tuple(layer for layer in order if layer.endswith("/activation")),
        )
    )
    with jax.default_matmul_precision("highest"):
        found: Capture = run(variables(name), jnp.asarray(_faces(0)), jnp.asarray(LABELS))
    blocks = [layer for layer in order if layer in found.activations]
    return Explained(
        activations={layer: np.asarray(found.activations[layer]) for layer in blocks},
        logits=np.asarray(found.logits),
        gradient=np.asarray(found.gradients[layer(name)]),
    )


@functools.cache
def theirs_explained(name: str) -> Explained:
    """The reference's side in eval mode."""
    reference = _reference(name).eval()
    activations: list[torch.Tensor] = []
    logits = reference(_to_torch_faces(_faces(0)), activations)
    logits[torch.arange(BATCH), torch.from_numpy(LABELS)].sum().backward()
    names = ours_explained(name).activations
    return Explained(
        activations=dict(zip(names, map(_from_torch_grid, activations), strict=True)),
        logits=logits.detach().numpy(),
        gradient=_from_torch_grid(activations[-1].grad),
    )


@functools.cache
def ours_trained(name: str, precision: Precision, num_steps: int) -> list[Step]:
    """Our side of steps of the paper's recipe, with batch statistics and without dropout."""
    with jax.enable_x64(precision == "float64"), jax.default_matmul_precision("highest"):
        optimizer = make_optimizer(RECIPE, optax.constant_schedule(RECIPE.learning_rate))
        step = jax.jit(functools.partial(_train_step, _model(name), optimizer))
        start = _cast(variables(name), precision)
        params, stats = start["params"], start["batch_stats"]
        opt_state = jax.jit(optimizer.init)(params)
        steps = []
        for number in range(num_steps):
            faces = jnp.asarray(_faces(number), precision)
            loss, grads, params, stats, opt_state = step(params, stats, opt_state, faces)
            momentum = optax.tree_utils.tree_get(opt_state, "trace")
            steps.append(Step(float(loss), *jax.device_get((grads, momentum, params, stats))))
    return steps


def _train_step(
    model: nn.Module,
    optimizer: optax.GradientTransformation,
    params: PyTree,
    stats: PyTree,
    opt_state: optax.OptState,
    faces: jax.Array,
) -> tuple[jax.Array, PyTree, PyTree, PyTree, optax.OptState]:
    def loss_of(params: PyTree) -> tuple[jax.Array, PyTree]:
        logits, changes = model.apply(
            {"params": params, "batch_stats": stats}, faces, train=True, mutable="batch_stats"
        )
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, LABELS)
        return losses.mean(), changes["batch_stats"]

    (loss, stats), grads = jax.value_and_grad(loss_of, has_aux=True)(params)
    updates, opt_state = optimizer.update(grads, opt_state, params)
    return loss, grads, optax.apply_updates(params, updates), stats, opt_state


@functools.cache
def theirs_trained(name: str, precision: Precision, num_steps: int) -> list[Step]:
    """The reference's side of the same steps, by torch.optim.SGD."""
    dtype = getattr(torch, precision)
    reference = _reference(name).train().to(dtype)
    optimizer = torch.optim.SGD(
        reference.parameters(),
        lr=RECIPE.learning_rate,
        momentum=RECIPE.momentum,
        weight_decay=RECIPE.weight_decay,
    )
    return [
        _torch_step(name, reference, optimizer, number, _to_torch_faces(_faces(number)).to(dtype))
        for number in range(num_steps)
    ]


def _torch_step(
    name: str,
    reference: "torch.nn.Module",
    optimizer: "torch.optim.Optimizer",
    number: int,
    faces: "torch.Tensor",
) -> Step:
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(reference(faces), torch.from_numpy(LABELS))
    loss.backward()
    named = dict(reference.named_parameters())
    grads = {key: value.grad.numpy().copy() for key, value in named.items()}
    optimizer.step()
    buffers = {key: optimizer.state[value]["momentum_buffer"] for key, value in named.items()}
    state = {key: value.numpy().copy() for key, value in reference.state_dict().items()}
    like = variables(name)
    return Step(
        loss=float(loss.detach()),
        grads=from_torch(name, grads, like["params"]),
        momentum=from_torch(
            name, {key: value.numpy().copy() for key, value in buffers.items()}, like["params"]
        ),
        params=from_torch(name, state, like["params"]),
        batch_stats=_biased(name, from_torch(name, state, like["batch_stats"]), number + 1),
    )


def _biased(name: str, stats: PyTree, num_steps: int) -> PyTree:
    """Torch's running variances as if they averaged n-divided variances, as ours, not n-1."""
    order = call_order(_model(name), variables(name), jnp.asarray(_faces(0)))

    def rescale(path: tuple, leaf: np.ndarray, first: jax.Array) -> np.ndarray:
        if path[-1].key != "var":
            return leaf
        norm = "/".join(key.key for key in path[:-1])
        calls = [shape for call, shape in order.items() if call.partition("#")[0] == norm]
        count = np.prod(calls[0][:-1])
        left = np.asarray(first) * 0.9 ** (num_steps * len(calls))
        return (leaf - left) * (count - 1) / count + left

    return jax.tree_util.tree_map_with_path(rescale, stats, variables(name)["batch_stats"])


def _cast(tree: PyTree, precision: Precision) -> PyTree:
    return jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), precision), tree)


def _config(name: str) -> ModelConfig:
    return ModelConfig(name=name, width=WIDTH, dropout_rate=0.0, head_dropout_rate=0.0)


@functools.cache
def _model(name: str) -> nn.Module:
    return make_model(_config(name))


def _reference(name: str) -> "torch.nn.Module":
    reference = make_reference(name, width=WIDTH, image_size=SIZE)
    state = {k: torch.from_numpy(v) for k, v in to_torch(name, variables(name)).items()}
    missing, unexpected = reference.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(key.endswith("num_batches_tracked") for key in missing)
    return reference


@functools.cache
def _faces(number: int) -> np.ndarray:
    generator = np.random.default_rng(100 + number)
    return generator.normal(size=(BATCH, SIZE, SIZE, 3)).astype(np.float32)


def _to_torch_faces(faces: np.ndarray) -> "torch.Tensor":
    return torch.from_numpy(np.ascontiguousarray(np.transpose(faces, (0, 3, 1, 2))))


def _from_torch_grid(tensor: "torch.Tensor") -> np.ndarray:
    return np.transpose(tensor.detach().numpy(), (0, 2, 3, 1))
