"""The steps of every model become programs for TPUs and NVIDIA GPUs here, too.

Lowering ends before a compiler of the platform is asked: it shows that no operation is missing
there, and what the platform is given to compile.
"""

import functools

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AbstractMesh, AxisType, Mesh
from jax.stages import Traced, Wrapped
from jaxtyping import PyTree

from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.explanation import explain_fn
from gimefive_jax.inference import make_step, on_pixels
from gimefive_jax.models import ARCHITECTURES, default_layer, logits_fn, make_model
from gimefive_jax.parallel.devices import AXIS
from gimefive_jax.structs import Batch, TrainState
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import fresh_state, make_train_steps

AnyMesh = Mesh | AbstractMesh
_BATCH_SIZE = 16
_SIDE = 64
# Enough for the default suite; CI lowers the others.
_QUICK = ("gimefive", "resnet18")
# Layer of the map that is drawn of these, and how many convolutions lie behind it.
_DRAWN = {"gimefive": ("block3/activation", 2), "resnet18": ("stage2_block2/activation", 10)}
_TABLE = [
    pytest.param(name, marks=() if name in _QUICK else pytest.mark.heavy) for name in ARCHITECTURES
]


def _config(name: str) -> ExperimentConfig:
    return replace(
        ExperimentConfig(),
        {
            "model.name": name,
            "data.image_size": _SIDE,
            "data.augmentation.flip": True,
            "training.batch_size": _BATCH_SIZE,
            "training.steps_per_dispatch": 4,
        },
    )


def _batch() -> Batch:
    def of(*shape: int, dtype: type) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((_BATCH_SIZE, *shape), dtype)

    return Batch(
        image=of(_SIDE, _SIDE, 1, dtype=jnp.uint8),
        label=of(dtype=jnp.int32),
        mask=of(dtype=jnp.bool_),
        index=of(dtype=jnp.int32),
    )


def _train_step(name: str, mesh: AnyMesh) -> tuple[Wrapped, TrainState, tuple[PyTree, ...]]:
    """Jitted train step, the shape of a state, and of all that the step is given."""
    config = _config(name)
    model = make_model(config.model)
    schedule = make_schedule(config.optimizer, steps_per_epoch=10, num_steps=100)
    optimizer = make_optimizer(config.optimizer, schedule)
    state = jax.eval_shape(lambda: fresh_state(model, optimizer, config))
    # Looped over, as on an accelerator.
    steps = make_train_steps(model, optimizer, config, mesh, loop=True)
    [numbers] = steps.numbers
    sent = jax.tree.map(
        lambda rows: jax.ShapeDtypeStruct((len(numbers), *rows.shape), rows.dtype), _batch()
    )
    return steps.program, state, (state, None, sent, numbers)


@functools.cache
def _traced(name: str, verb: str, mesh: AnyMesh) -> Traced:
    """A step before any platform is chosen; nothing is computed or allocated."""
    config = _config(name)
    train_step, state, train_arguments = _train_step(name, mesh)
    if verb == "train":
        return train_step.trace(*train_arguments)
    model = make_model(config.model)
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    if verb == "predict":
        return make_step(predict_fn(model), mesh).trace(variables, _batch().image)
    network, channels = logits_fn(model), model.input_channels
    if verb == "draw":
        layer, _ = _DRAWN[name]
        explain = explain_fn(network, methods="layercam", layers=layer, every_category=True)
        return make_step(on_pixels(explain, channels=channels), mesh).trace(
            variables, _batch().image
        )
    layers = (default_layer(config.model),)
    explain = explain_fn(network, methods=("hirescam", "gradcam"), layers=layers)
    step = make_step(on_pixels(explain, channels=channels), mesh, num_columns=1)
    return step.trace(variables, _batch().image, _batch().label)


@functools.cache
def _operations(name: str, verb: str, platform: str) -> tuple[int, int]:
    """Convolutions and products in what the compiler of a platform is given, as StableHLO."""
    traced = _traced(name, verb, parallel.make_mesh())
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    return text.count("stablehlo.convolution("), text.count("stablehlo.dot_general")


def _count(name: str) -> tuple[int, int]:
    """Convolutions and dense layers of a model, by their kernels."""
    _, state, _ = _train_step(name, parallel.make_mesh())
    leaves = jax.tree_util.tree_leaves_with_path(state.params)
    kernels = [leaf for path, leaf in leaves if path[-1].key == "kernel"]
    convolutions = sum(kernel.ndim == 4 for kernel in kernels)
    return convolutions, len(kernels) - convolutions


@pytest.mark.parametrize("platform", ["tpu", "cuda"])
@pytest.mark.parametrize("name", _TABLE)
def test_accelerators_are_given_each_convolution_as_it_is(name: str, platform: str):
    convolutions, dense = _count(name)
    # Each layer once, and no product more than the dense layers' own.
    assert _operations(name, "predict", platform) == (convolutions, dense)
    # A layer's gradients are two more; nobody asks for the one of the faces.
    assert _operations(name, "train", platform) == (3 * convolutions - 1, 3 * dense)
    # Nothing below the explained layer is differentiated, and no kernel.
    explained = _operations(name, "explain", platform)
    assert explained[0] == convolutions
    # Forward, and backward for the map and for b_eff.
    assert explained[1] <= 3 * dense


@pytest.mark.parametrize("platform", ["tpu", "cuda"])
@pytest.mark.parametrize("name", ["gimefive", pytest.param("resnet18", marks=pytest.mark.heavy)])
def test_accelerators_are_given_gradients_of_convolutions_as_they_are(name: str, platform: str):
    convolutions, _ = _count(name)
    _, behind = _DRAWN[name]
    # Those behind the layer once more, backward and for all categories at once.
    assert _operations(name, "draw", platform)[0] == convolutions + behind


@pytest.mark.parametrize("verb", ["train", "predict", "explain"])
@pytest.mark.parametrize("name", _TABLE)
def test_a_cpu_is_given_products_instead_where_layers_are_wide(name: str, verb: str):
    found, wanted = (_operations(name, verb, platform) for platform in ("cpu", "tpu"))
    assert found[0] < wanted[0]
    assert found[1] > wanted[1]


def test_the_train_step_is_divided_among_more_tpus_than_there_are_devices_here():
    mesh = AbstractMesh((_BATCH_SIZE,), (AXIS,), axis_types=(AxisType.Auto,))
    text = _traced("gimefive", "train", mesh).lower(lowering_platforms=("tpu",)).as_text()
    assert f"mhlo.num_partitions = {_BATCH_SIZE}" in text
    assert f'"{AXIS}"={_BATCH_SIZE}' in text
