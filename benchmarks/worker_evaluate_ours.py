"""Worker of `benchmarks/evaluate.py` that measures a split as `gimefive evaluate` does."""

import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from benchmarks.worker import Work, serve
from configs.gimefive_fer2013 import get_config
from gimefive_jax import api, parallel
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.data import Split, open_split
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.evaluation.measuring import NUM_DRAWS, measure_faces
from gimefive_jax.inference import make_step
from gimefive_jax.models import make_model
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import evaluated_variables, init_state


def make_work(folder: str, width: float, batch_size: int, variant: str) -> Work:
    """A pass over all faces of the test split."""
    changes = {
        "data.name": "folders",
        "data.directory": f"{folder}/data",
        "model.width": width,
        "evaluation.batch_size": batch_size,
    }
    config = replace(get_config(), changes)
    classifier = _classifier(config)
    split = open_split(config.data, "test")
    if variant == "raw":
        return Work(_forward(classifier, split, batch_size))
    if variant == "arrays":
        return Work(lambda: _measure(classifier, split, num_draws=0))
    if variant == "files":
        return Work(lambda: _measure(classifier, _opened_anew(config, folder), num_draws=0))
    logits = np.random.default_rng(0).normal(size=(len(split), 6)).astype(np.float32)
    return Work(lambda: measure_faces(logits, split.labels, emotions=split.emotions))


def _classifier(config: ExperimentConfig) -> api.Classifier:
    model = make_model(config.model)
    schedule = make_schedule(config.optimizer, steps_per_epoch=1, num_steps=1)
    state = init_state(model, make_optimizer(config.optimizer, schedule), config)
    variables = jax.device_get(evaluated_variables(state))
    return api.Classifier("noise", config, variables, run_folder=None)


def _forward(classifier: api.Classifier, split: Split, batch_size: int) -> Callable[[], None]:
    """Gives the jitted forward pass on as many batches as hold all faces, one sent off ahead."""
    # Once: a new function would be compiled anew in every pass.
    step = make_step(predict_fn(classifier.model), parallel.make_mesh())
    images = np.ascontiguousarray(split.images[:batch_size])

    def forward() -> None:
        before = None
        for _ in range(0, len(split), batch_size):
            found = step(classifier.placed_variables, images)
            if before is not None:
                jax.device_get(before)
            before = found
        jax.device_get(before)

    return forward


def _measure(classifier: api.Classifier, split: Split, *, num_draws: int = NUM_DRAWS) -> None:
    logits = classifier.logits(split)
    measure_faces(logits, split.labels, emotions=split.emotions, num_draws=num_draws)


def _opened_anew(config: ExperimentConfig, folder: str) -> Split:
    for decoded in Path(folder, "data").glob("*/*/*/decoded"):
        shutil.rmtree(decoded)
    return open_split(config.data, "test")


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    serve(make_work)
