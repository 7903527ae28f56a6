"""Every model passes through the stages that know no model by name: training and explanation."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.explanation import explain_fn, explainable_layers
from gimefive_jax.inference import make_step, on_pixels
from gimefive_jax.models import ARCHITECTURES, default_layer, logits_fn, make_model
from gimefive_jax.structs import Batch
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import evaluated_variables, fresh_state, make_train_steps
from tests.random_variables import seeded_variables
from tests.tolerances import RELATIVE

# One of each kind of block; CI trains the others as well.
_QUICK = ("gimefive_se", "gimefive_residual", "vgg")
_TRAINED = [
    name if name in _QUICK else pytest.param(name, marks=pytest.mark.heavy)
    for name in ARCHITECTURES
]


def _config(name: str) -> ExperimentConfig:
    size = 64 if name in ("gimefive_deep", "vgg") else 32
    return replace(
        ExperimentConfig(),
        {"model.name": name, "model.width": 0.0625, "data.image_size": size},
    )


def _batch(config: ExperimentConfig) -> Batch:
    generator, size = np.random.default_rng(0), config.data.image_size
    return Batch(
        image=generator.integers(0, 256, (8, size, size, 1), np.uint8),
        label=np.arange(8, dtype=np.int32) % 6,
        mask=np.ones(8, bool),
        index=np.arange(8, dtype=np.int32),
    )


@pytest.mark.parametrize("name", _TRAINED)
def test_a_training_step_moves_every_variable(name: str):
    config, mesh = _config(name), parallel.make_mesh(1)
    model, batch = make_model(config.model), _batch(config)
    schedule = make_schedule(config.optimizer, steps_per_epoch=1, num_steps=1)
    optimizer = make_optimizer(config.optimizer, schedule)
    like = jax.eval_shape(lambda: fresh_state(model, optimizer, config))
    state = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), like)
    state = dataclasses.replace(state, **seeded_variables(model, size=config.data.image_size))
    before = jax.device_get(evaluated_variables(state))
    stacked = jax.tree.map(lambda rows: rows[None], batch)
    state, _ = make_train_steps(model, optimizer, config, mesh)(state, None, stacked)
    assert np.isfinite(state.metrics.loss)
    after = jax.device_get(evaluated_variables(state))
    unmoved = [
        jax.tree_util.keystr(path)
        for (path, a), b in zip(
            jax.tree_util.tree_leaves_with_path(after), jax.tree.leaves(before), strict=True
        )
        if (a == b).all()
    ]
    assert not unmoved


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_model_is_explained_and_its_map_and_biases_add_up(name: str):
    config, mesh = _config(name), parallel.make_mesh(1)
    model, batch, layer = make_model(config.model), _batch(config), default_layer(config.model)
    variables: PyTree = seeded_variables(model, size=config.data.image_size)
    face = jnp.zeros((1, *batch.image.shape[1:3], 3))
    recorded = tuple(
        name
        for name in explainable_layers(logits_fn(model), variables, face)
        if name.endswith("/activation") or name == layer
    )
    explain = explain_fn(
        logits_fn(model), methods=("hirescam", "gradcam"), layers=layer, recorded=recorded
    )
    step = make_step(on_pixels(explain, channels=3), mesh, num_columns=1)
    found = jax.device_get(step(variables, batch.image, batch.label))
    assert {means.shape[0] for means in found.activation_means.values()} == {8}
    assert layer in found.activation_means
    explanation = found.explanations["hirescam", layer]
    assert explanation.is_complete.all()
    logits = explanation.predictions.logits
    logit = np.take_along_axis(logits, batch.label[:, None], 1)[:, 0]
    parts = explanation.heat_map.sum((1, 2)), explanation.bias_effect
    size = np.abs(logit) + np.abs(explanation.heat_map).sum((1, 2)) + np.abs(parts[1])
    assert (np.abs(sum(parts) - logit) <= RELATIVE * size).all()
