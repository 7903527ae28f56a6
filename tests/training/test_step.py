import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jaxtyping import PyTree

from gimefive_jax import parallel, preprocess
from gimefive_jax.config import AugmentationConfig, ExperimentConfig, replace
from gimefive_jax.data import Split, open_feed
from gimefive_jax.data.names import FileNames
from gimefive_jax.models import make_model
from gimefive_jax.structs import NEVER, Batch, ShownFaces, TrainState
from gimefive_jax.training.faces import shown_faces
from gimefive_jax.training.gradient import make_gradient
from gimefive_jax.training.optimizer import make_optimizer
from gimefive_jax.training.step import (
    evaluated_variables,
    init_state,
    make_train_steps,
    state_shardings,
)
from tests.relative import relative_difference
from tests.tolerances import BFLOAT16_ALIGNMENT, RELATIVE

CONFIG = replace(
    ExperimentConfig(),
    {
        "data.image_size": 32,
        "data.augmentation.flip": True,
        "model.width": 0.125,
        # Each test compiles a program of its own: two blocks take half as long as five.
        "model.depth": 2,
        "optimizer.learning_rate": 0.01,
        "training.batch_size": 16,
        "training.average_decay": 0.9,
    },
)


AUGMENTATIONS = ("shift", "rotation", "brightness", "contrast", "erasing", "mixup", "cutmix")


def _batch(step: int) -> Batch:
    generator = np.random.default_rng(step)
    return Batch(
        image=generator.integers(0, 256, (16, 32, 32, 1), np.uint8),
        label=generator.integers(0, 6, 16, np.int32),
        mask=np.ones(16, bool),
        index=np.arange(16, dtype=np.int32),
    )


def _split() -> Split:
    generator = np.random.default_rng(0)
    return Split(
        name="train",
        data_name="made/six",
        images=generator.integers(0, 256, (45, 32, 32, 1), np.uint8),
        labels=generator.integers(0, 6, 45, np.int32),
        file_names=FileNames(np.array([f"{row}.png" for row in range(45)])),
        emotions=("a", "b", "c", "d", "e", "f"),
        digest="",
        extras={},
        index=np.arange(45),
    )


def _train(
    num_devices: int,
    num_steps: int,
    changes: dict[str, object] | None = None,
    *,
    loop: bool | None = None,
) -> tuple[TrainState, int]:
    """State after `num_steps` steps on batches of noise, and the number of compiled programs."""
    config = replace(CONFIG, changes or {})
    mesh, model = parallel.make_mesh(num_devices), make_model(config.model)
    schedule = optax.constant_schedule(config.optimizer.learning_rate)
    optimizer = make_optimizer(config.optimizer, schedule)
    steps = make_train_steps(
        model, optimizer, config, mesh, class_counts=[9, 2, 3, 3, 1, 2], loop=loop
    )
    state = init_state(model, optimizer, config)
    state = jax.device_put(state, state_shardings(state, config.training, mesh))
    at_once = config.training.steps_per_dispatch
    for first in range(0, num_steps, at_once):
        sent = stacked([_batch(first + i) for i in range(at_once)])
        state, _ = steps(state, None, sent)
    return state, steps.program._cache_size()


def stacked(batches: list[Batch]) -> Batch:
    """Batches of several steps as one call of the program takes them."""
    return jax.tree.map(lambda *rows: np.stack(rows), *batches)


def _assert_close(found: PyTree, wanted: PyTree) -> None:
    found, wanted = jax.device_get((found, wanted))
    pairs = zip(jax.tree_util.tree_leaves_with_path(found), jax.tree.leaves(wanted), strict=True)
    for (path, a), b in pairs:
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        if name.endswith("conv/bias"):
            # Before batch norm its true gradient is zero: what it holds is rounding noise.
            assert np.abs(a - b).max() < RELATIVE * 0.01, name
        else:
            assert relative_difference(a, b) < RELATIVE, name


def test_eight_devices_take_the_same_steps_as_one():
    # The paper's rate. At ten times as much, thirty steps on noise part by switches of ReLUs.
    changes: dict[str, object] = {"optimizer.learning_rate": 1e-3}
    with jax.default_matmul_precision("highest"):
        (one, _), (eight, _) = _train(1, 30, changes), _train(8, 30, changes)
    _assert_close(eight.params, one.params)
    # Batch statistics are those of the global batch, not of a device's part of it.
    _assert_close(eight.batch_stats, one.batch_stats)
    assert int(eight.metrics.count) == int(one.metrics.count) == 480


@pytest.mark.parametrize("loop", [True, False])
def test_four_steps_at_a_time_are_the_same_steps(loop: bool):
    one, _ = _train(2, 8)
    four, programs = _train(2, 8, {"training.steps_per_dispatch": 4}, loop=loop)
    _assert_close(four.params, one.params)
    _assert_close(four.batch_stats, one.batch_stats)
    assert int(four.step) == int(one.step) == 8
    assert programs == 1


def test_divided_parameters_take_the_same_steps():
    (whole, _), (divided, programs) = (
        _train(8, 4),
        _train(8, 4, {"training.shard_parameters": True}),
    )
    _assert_close(divided.params, whole.params)
    _assert_close(divided.averaged, whole.averaged)
    kernel = divided.params["dense1"]["kernel"]
    assert len({str(shard.index) for shard in kernel.addressable_shards}) == 8
    assert programs == 1

    def held(state: TrainState) -> int:
        leaves = jax.tree.leaves((state.params, state.opt_state, state.averaged))
        return sum(leaf.addressable_shards[0].data.nbytes for leaf in leaves)

    # What is too small to divide is copied.
    assert held(divided) < held(whole) / 4


def test_micro_batches_average_the_gradients_of_their_parts():
    changes = {
        "training.micro_batches": 2,
        "model.dropout_rate": 0.0,
        "model.head_dropout_rate": 0.0,
        "data.augmentation.flip": False,
    }
    config, mesh, batch = replace(CONFIG, changes), parallel.make_mesh(2), _batch(0)
    model = make_model(config.model)
    state = init_state(model, optax.sgd(0.1), config)
    found, (stats, metrics) = jax.jit(make_gradient(model, config, mesh))(
        state, state.params, batch
    )
    plain = replace(config, {"training.micro_batches": 1})
    gradient = jax.jit(make_gradient(model, plain, mesh))
    first, second = (
        jax.tree.map(lambda x, p=part: x[p], batch) for part in (slice(8), slice(8, 16))
    )
    one, (after_one, _) = gradient(state, state.params, first)
    two, (after_two, _) = gradient(
        dataclasses.replace(state, batch_stats=after_one), state.params, second
    )
    _assert_close(found, jax.tree.map(lambda a, b: (a + b) / 2, one, two))
    _assert_close(stats, after_two)
    assert int(metrics.count) == 16


def test_micro_batches_are_the_same_on_any_number_of_devices():
    changes: dict[str, object] = {"training.micro_batches": 2}
    (one, _), (eight, _) = _train(1, 4, changes), _train(8, 4, changes)
    _assert_close(eight.params, one.params)


def test_bfloat16_computes_in_halves_and_keeps_float32():
    half, full = _train(1, 4, {"training.precision": "bfloat16"})[0], _train(1, 4)[0]
    for leaf in jax.tree.leaves((half.params, half.batch_stats, half.opt_state)):
        assert leaf.dtype in (jnp.float32, jnp.int32)
    start = init_state(make_model(CONFIG.model), optax.sgd(1.0), CONFIG).params
    moved_half, moved_full = (
        np.concatenate([np.ravel(a - b) for a, b in zip(*map(jax.tree.leaves, pair), strict=True)])
        for pair in ((half.params, start), (full.params, start))
    )
    length = np.linalg.norm(moved_half) * np.linalg.norm(moved_full)
    assert moved_half @ moved_full / length > BFLOAT16_ALIGNMENT
    # It did compute in halves: exactly the same steps would say otherwise.
    assert np.abs(moved_half - moved_full).max() > 0


def test_sharpness_aware_steps_follow_the_gradient_uphill():
    config = replace(CONFIG, {"optimizer.sam_radius": 0.5})
    model, mesh, batch = make_model(config.model), parallel.make_mesh(1), _batch(0)
    optimizer = optax.sgd(0.1)
    state = init_state(model, optimizer, config)
    gradient = jax.jit(make_gradient(model, config, mesh))
    grads, (stats, _) = gradient(state, state.params, batch)
    norm = np.sqrt(sum(np.square(leaf).sum() for leaf in jax.tree.leaves(grads)))
    uphill = jax.tree.map(lambda p, g: p + 0.5 * g / norm, state.params, grads)
    there, _ = gradient(state, uphill, batch)
    wanted = jax.tree.map(lambda p, g: np.asarray(p - 0.1 * g), state.params, there)
    after, _ = make_train_steps(model, optimizer, config, mesh)(state, None, stacked([batch]))
    _assert_close(after.params, wanted)
    _assert_close(after.batch_stats, stats)


def test_the_first_broken_step_is_remembered():
    mesh, model, optimizer = parallel.make_mesh(1), make_model(CONFIG.model), optax.sgd(1e30)
    steps = make_train_steps(model, optimizer, CONFIG, mesh)
    state = init_state(model, optimizer, CONFIG)
    broken = []
    for number in range(4):
        state, metrics = steps(state, None, stacked([_batch(number)]))
        broken.append(int(metrics.broken_at))
    first = next(step for step in broken if step != NEVER)
    assert broken == [NEVER] * first + [first] * (4 - first)
    assert 0 < first < 4


@pytest.mark.parametrize("num_devices", [pytest.param(1, marks=pytest.mark.heavy), 8])
def test_training_is_the_same_to_the_bit_wherever_the_faces_lie(num_devices: int):
    # Every augmentation is on: what a face becomes depends on its row and the step alone.
    config = replace(CONFIG, {f"data.augmentation.{name}": 0.2 for name in AUGMENTATIONS})
    mesh, model = parallel.make_mesh(num_devices), make_model(config.model)
    optimizer = make_optimizer(config.optimizer, optax.constant_schedule(0.01))
    train_steps = make_train_steps(model, optimizer, config, mesh)
    states = []
    for placement in ("device", "host"):
        state = parallel.put_replicated(init_state(model, optimizer, config), mesh)
        with open_feed(
            _split(), placement=placement, batch_size=16, seed=config.seed, mesh=mesh
        ) as feed:
            for step in range(10):
                state, _ = train_steps(state, feed.resident, feed.send(step))
        states.append(jax.device_get(state))
    chex.assert_trees_all_equal(*states)


def test_a_mixed_face_is_recognised_by_its_heavier_label():
    faces = ShownFaces(
        jnp.zeros((3, 1, 1, 1)),
        label=jnp.array([0, 0, 0]),
        other_label=jnp.array([1, 1, 1]),
        share=jnp.array([0.7, 0.5, 0.3]),
    )
    np.testing.assert_array_equal(faces.heavier_label, [0, 0, 1])


def test_a_step_shows_a_face_the_same_whenever_it_is_taken():
    config = AugmentationConfig(flip=True, shift=0.1, erasing=0.5, mixup=0.2, cutmix=1.0)
    batch = _batch(0)
    first, again, other_step, other_seed = (
        shown_faces(batch, step, config=config, seed=seed).grey
        for step, seed in ((4, 0), (4, 0), (5, 0), (4, 1))
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(np.asarray(first - other_step)).max() > 0.1
    assert np.abs(np.asarray(first - other_seed)).max() > 0.1


def test_no_step_after_the_first_compiles():
    _, programs = _train(2, 3)
    assert programs == 1


def test_the_same_seed_gives_the_same_bits():
    first, second = _train(1, 2)[0], _train(1, 2)[0]
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_step_follows_the_gradient_of_the_written_out_loss():
    config = replace(
        CONFIG,
        {
            "data.augmentation.flip": False,
            "model.head_dropout_rate": 0.0,
            "model.dropout_rate": 0.0,
            "training.label_smoothing": 0.1,
        },
    )
    model, mesh = make_model(config.model), parallel.make_mesh(1)
    optimizer = optax.sgd(0.1)
    state = init_state(model, optimizer, config)
    before, batch = jax.device_get(state), _batch(0)

    def loss(params: dict) -> jax.Array:
        logits, _ = model.apply(
            {"params": params, "batch_stats": before.batch_stats},
            preprocess.to_input(batch.image, channels=3),
            train=True,
            mutable="batch_stats",
            rngs={"dropout": jax.random.key(0)},
        )
        log_probabilities = jax.nn.log_softmax(logits)
        wanted = 0.9 * jax.nn.one_hot(batch.label, 6) + 0.1 / 6
        return -(wanted * log_probabilities).sum(-1).mean()

    grads = jax.jit(jax.grad(loss))(before.params)
    after, _ = make_train_steps(model, optimizer, config, mesh)(state, None, stacked([batch]))
    wanted = jax.tree.map(lambda p, g: p - 0.1 * g, before.params, grads)
    for a, b in zip(jax.tree.leaves(after.params), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_averaged_variables_are_what_is_evaluated():
    state, _ = _train(1, 1)
    averaged = evaluated_variables(state)
    kernel = state.params["logits"]["kernel"]
    fresh = init_state(make_model(CONFIG.model), optax.sgd(0.01), CONFIG).params["logits"]["kernel"]
    # The first step's decay is (1 + 0) / (10 + 0).
    np.testing.assert_allclose(
        averaged["params"]["logits"]["kernel"], 0.1 * fresh + 0.9 * kernel, rtol=1e-5, atol=1e-7
    )
