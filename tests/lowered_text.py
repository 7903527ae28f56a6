"""Prints sha256 of the lowered text of the steps that train, predict, explain and read faces.

    python -m tests.lowered_text [PORT NUMBER]

With a port, as process NUMBER of two that share the devices.
"""

import contextlib
import hashlib
import json
import sys

import jax
import jax.numpy as jnp

from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.explanation import call_order, explain_fn
from gimefive_jax.faces.blazeface import load_blazeface
from gimefive_jax.faces.finding import find_in_views
from gimefive_jax.inference import make_step, on_pixels
from gimefive_jax.models import blank_face, logits_fn, make_model
from gimefive_jax.predicting.scene_program import read_fn
from gimefive_jax.structs import Batch
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import fresh_state, make_train_steps

_SIDE, _BATCH = 32, 8


def lowered_texts() -> dict[str, str]:
    """Text of each step, by name."""
    fields = {"data.image_size": _SIDE, "data.augmentation.flip": True, "model.width": 0.0625}
    config = replace(ExperimentConfig(), {**fields, "training.batch_size": _BATCH})
    model, mesh = make_model(config.model), parallel.make_mesh()
    schedule = make_schedule(config.optimizer, steps_per_epoch=10, num_steps=100)
    optimizer = make_optimizer(config.optimizer, schedule)
    state = jax.eval_shape(lambda: fresh_state(model, optimizer, config))
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    of = jax.ShapeDtypeStruct
    batch = Batch(
        image=of((1, _BATCH, _SIDE, _SIDE, 1), jnp.uint8),
        label=of((1, _BATCH), jnp.int32),
        mask=of((1, _BATCH), jnp.bool_),
        index=of((1, _BATCH), jnp.int32),
    )
    faces = of((_BATCH, _SIDE, _SIDE, 1), jnp.uint8)
    network = logits_fn(model)
    # Every layer at once: the more there are, the more orders there are.
    layers = tuple(call_order(network, variables, blank_face(model, image_size=_SIDE)))[:-3]
    drawn = [name for name in layers if "dense" not in name]
    explain = explain_fn(network, methods=("hirescam", "gradcam"), layers=drawn, recorded=drawn)
    steps = {
        "train": make_train_steps(model, optimizer, config, mesh).program.lower(
            state, None, batch, of((1,), jnp.int32)
        ),
        "predict": make_step(predict_fn(model, flip=True), mesh).lower(variables, faces),
        "explain": make_step(on_pixels(explain, channels=3), mesh).lower(variables, faces),
    }
    shown = on_pixels(explain_fn(network, layers=drawn[-1]), channels=3)
    read = read_fn(predict_fn(model), shown, averages_views=False)
    points = of((_BATCH, 68, 2), jnp.float32)
    steps["scene"] = make_step(read, mesh, num_columns=1).lower(variables, faces, points)
    texts = {name: step.as_text() for name, step in steps.items()}
    return {**texts, "detect": _detection_text(mesh)}


def _detection_text(mesh: jax.sharding.Mesh) -> str:
    views = jax.ShapeDtypeStruct((_BATCH, 128, 128, 3), jnp.uint8)
    scores = jax.ShapeDtypeStruct((_BATCH,), jnp.float32)
    step = make_step(find_in_views, mesh, num_columns=1)
    return step.lower(load_blazeface(), views, scores).as_text()


def main(words: list[str]) -> None:
    """Print the sums."""
    block: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if words:
        coordinator, number = f"127.0.0.1:{words[0]}", int(words[1])
        start = parallel.Start(coordinator=coordinator, num_processes=2, process_id=number)
        block = parallel.processes(start)
    with block:
        sums = {
            name: hashlib.sha256(text.encode()).hexdigest()
            for name, text in lowered_texts().items()
        }
    print("\n" + json.dumps(sums))


if __name__ == "__main__":
    main(sys.argv[1:])
