"""Worker of `benchmarks/models.py` that times our own steps."""

import jax
import numpy as np

from benchmarks.worker import Work, serve
from configs.gimefive_fer2013 import get_config
from gimefive_jax import parallel
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.config import replace
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.explanation import explain_fn
from gimefive_jax.inference import make_step, on_pixels
from gimefive_jax.models import default_layer, logits_fn, make_model
from gimefive_jax.structs import Batch
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import evaluated_variables, init_state, make_train_steps


def make_work(model: str, task: str, batch_size: int, variant: str) -> Work:
    """One step of the paper's recipe without flips, or of evaluation or explanation."""
    changes = {"model.name": model, "data.augmentation.flip": False}
    config = replace(get_config(), changes)
    mesh, module = parallel.make_mesh(), make_model(config.model)
    schedule = make_schedule(config.optimizer, steps_per_epoch=1, num_steps=1)
    optimizer = make_optimizer(config.optimizer, schedule)
    state = init_state(module, optimizer, config)
    batch = _batch(batch_size)
    if task == "train":
        train = make_train_steps(module, optimizer, config, mesh)
        sent = jax.tree.map(lambda rows: rows[None], batch)

        def take_step() -> None:
            nonlocal state
            state, _ = jax.block_until_ready(train(state, None, sent))

        return Work(take_step)
    variables = jax.block_until_ready(evaluated_variables(state))
    if task == "predict":
        predict = make_step(predict_fn(module), mesh)
        return Work(lambda: jax.device_get(predict(variables, batch.image)))
    layers = (default_layer(config.model),)
    explanation = explain_fn(logits_fn(module), methods=("hirescam", "gradcam"), layers=layers)
    explain = make_step(on_pixels(explanation, channels=module.input_channels), mesh)
    return Work(lambda: jax.device_get(explain(variables, batch.image)))


def _batch(size: int) -> Batch:
    return Batch(
        image=np.random.default_rng(0).integers(0, 256, (size, 64, 64, 1), np.uint8),
        label=np.arange(size, dtype=np.int32) % 6,
        mask=np.ones(size, bool),
        index=np.arange(size, dtype=np.int32),
    )


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    serve(make_work)
