"""Frozen layers stay bit for bit, and layers with a factor move by it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jaxtyping import PyTree

from gimefive_jax import parallel, preprocess
from gimefive_jax.config import ExperimentConfig, OptimizerConfig, replace
from gimefive_jax.errors import InputError
from gimefive_jax.models import make_model
from gimefive_jax.models.cost import variable_shapes
from gimefive_jax.structs import Batch, TrainState
from gimefive_jax.training.frozen import LayerRates
from gimefive_jax.training.optimizer import make_optimizer
from gimefive_jax.training.step import init_state, make_train_steps
from tests.random_variables import seeded_variables

CONFIG = replace(
    ExperimentConfig(),
    {
        "data.image_size": 32,
        "model.width": 0.0625,
        "model.depth": 3,
        "training.batch_size": 16,
        "optimizer.learning_rate": 0.1,
        "optimizer.weight_decay": 0.1,
    },
)
LAYERS = ("block1", "block2", "block3", "dense1", "dense2")


def _batch() -> Batch:
    generator = np.random.default_rng(0)
    return Batch(
        image=generator.integers(0, 256, (1, 16, 32, 32, 1), np.uint8),
        label=generator.integers(0, 6, (1, 16), np.int32),
        mask=np.ones((1, 16), bool),
        index=np.arange(16, dtype=np.int32)[None],
    )


def _train(changes: dict[str, object], num_steps: int = 2) -> tuple[TrainState, TrainState]:
    """State before and after some steps, from weights that some of are minus zero."""
    config = replace(CONFIG, changes)
    model, mesh = make_model(config.model), parallel.make_mesh(1)
    optimizer = make_optimizer(config.optimizer, optax.constant_schedule(0.1))
    steps = make_train_steps(model, optimizer, config, mesh)
    state = init_state(model, optimizer, config)
    variables = jax.tree.map(jnp.asarray, seeded_variables(model, size=32))
    bias = variables["params"]["block1"]["conv"]["bias"]
    variables["params"]["block1"]["conv"]["bias"] = jnp.full_like(bias, -0.0)
    averaged = None if state.averaged is None else jax.tree.map(jnp.copy, variables)
    state = dataclasses.replace(state, averaged=averaged, **variables)
    before = jax.device_get(state)
    for _ in range(num_steps):
        state, _ = steps(state, None, _batch())
    return before, jax.device_get(state)


def _bits(tree: PyTree) -> dict[str, bytes]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf).tobytes() for path, leaf in leaves}


@pytest.mark.parametrize(
    "recipe",
    [
        {"optimizer.name": "sgd", "training.average_decay": 0.9},
        {"optimizer.name": "adamw", "optimizer.clip_norm": 0.5, "training.micro_batches": 2},
        {"optimizer.name": "adam", "optimizer.sam_radius": 0.05},
    ],
    ids=["sgd, averaged", "adamw, clipped, micro-batches", "adam, sam"],
)
def test_frozen_layers_stay_bit_for_bit_and_the_others_move(recipe: dict[str, object]):
    frozen = ("block1", "block3/norm", "dense1")
    before, after = _train({**recipe, "optimizer.frozen": frozen})
    trees = [("params", before.params, after.params)]
    trees.append(("batch_stats", before.batch_stats, after.batch_stats))
    if before.averaged is not None:
        trees += [(part, before.averaged[part], after.averaged[part]) for part in before.averaged]
    for _, old, new in trees:
        for (path, a), (_, b) in zip(_bits(old).items(), _bits(new).items(), strict=True):
            name = path.replace("']['", "/").strip("[]'")
            is_frozen = any(name.startswith(f"{layer}/") for layer in frozen)
            assert (a == b) == is_frozen, name


def test_frozen_layers_are_computed_as_in_evaluation():
    changes = {"optimizer.frozen": LAYERS, "model.head_dropout_rate": 0.0}
    before, after = _train(changes, num_steps=1)
    batch = jax.tree.map(lambda rows: rows[0], _batch())
    face = preprocess.to_input(batch.image, channels=3)
    variables = {"params": before.params, "batch_stats": before.batch_stats}
    logits = make_model(CONFIG.model).apply(variables, face, train=False)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, batch.label)
    # Neither batch statistics nor dropout, though the config drops in the blocks.
    np.testing.assert_allclose(after.metrics.loss, losses.sum(), rtol=1e-5)


def test_a_factor_multiplies_the_steps_of_its_layers():
    plain, moved = _train({"optimizer.momentum": 0.0}, num_steps=1)
    _, slower = _train(
        {"optimizer.momentum": 0.0, "optimizer.rate_factors": ("block1=0.5", "block1/norm=0.25")},
        num_steps=1,
    )

    def step(state: TrainState, *layer: str) -> np.ndarray:
        old, new = plain.params, state.params
        for part in layer:
            old, new = old[part], new[part]
        return np.asarray(new) - np.asarray(old)

    for factor, layer in (
        (0.5, ("block1", "conv", "kernel")),
        (0.25, ("block1", "norm", "scale")),
        (1.0, ("logits", "kernel")),
    ):
        wanted = factor * step(moved, *layer)
        np.testing.assert_allclose(step(slower, *layer), wanted, rtol=1e-4, atol=1e-6)


def test_the_optimizer_state_has_the_same_structure():
    plain, _ = _train({}, num_steps=0)
    frozen, _ = _train({"optimizer.frozen": ("block1",)}, num_steps=0)
    assert jax.tree.structure(plain) == jax.tree.structure(frozen)


@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        ({"frozen": ("blok1",)}, ["frozen", "blok1", "did you mean 'block1'"]),
        ({"rate_factors": ("block9=0.1",)}, ["rate_factors", "block9"]),
        ({"frozen": (*LAYERS, "logits")}, ["frozen", "every layer"]),
        ({"rate_factors": ("block1",)}, ["block1", "LAYER=FACTOR"]),
        ({"rate_factors": ("block1=-1",)}, ["block1=-1", "positive"]),
    ],
)
def test_names_of_no_layer_are_one_line(fields: dict[str, tuple[str, ...]], facts: list[str]):
    shapes = variable_shapes(make_model(CONFIG.model), image_size=32)
    with pytest.raises(InputError) as caught:
        LayerRates.of(OptimizerConfig(**fields)).check(shapes["params"])
    assert all(fact in str(caught.value) for fact in facts), caught.value
