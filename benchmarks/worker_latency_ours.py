"""Worker of `benchmarks/latency.py` that times our own steps, and gives the others its weights."""

import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.worker import Work, serve
from gimefive_jax import api
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.config import DataConfig, EvaluationConfig, ExperimentConfig, ModelConfig
from gimefive_jax.inference import make_step
from gimefive_jax.interop.torch_names import to_torch
from gimefive_jax.models import make_model
from gimefive_jax.models.cost import measure_cost
from gimefive_jax.recipes.export import export_model
from tests.random_variables import seeded_variables

SHIPPED = "small"
# Past every batch size that is asked for, and past every cache.
_NUM_FACES, _PRODUCT, _READ_BYTES, _REPEATS = 64, 2048, 256_000_000, 7
_SIDE = 64
_written: list[api.Classifier] = []


def write(model: str, folder: str, width: float) -> dict[str, float]:
    """Writes weights, faces, our logits of them and our ONNX file; gives the model's floor."""
    classifier = _classifier(model, width)
    _written[:] = [classifier]
    config, side = classifier.config, classifier.config.data.image_size
    place = Path(folder)
    np.savez(place / "weights.npz", **to_torch(config.model.name, classifier.variables))
    facts = {"name": config.model.name, "width": config.model.width, "side": side}
    np.savez(place / "model.npz", **facts)
    faces = np.random.default_rng(0).integers(0, 256, (_NUM_FACES, side, side, 1), np.uint8)
    faces = np.repeat(faces, 3, axis=-1)
    np.save(place / "faces.npy", faces)
    np.save(place / "logits.npy", classifier.predict(list(faces)).logits)
    export_model(classifier, place / "gimefive.onnx", explain="none")
    return {
        "flops_per_face": measure_cost(classifier.model, image_size=side).flops,
        "weight_bytes": sum(leaf.nbytes for leaf in jax.tree.leaves(classifier.variables)),
        "flops_per_second": _product_speed(),
        "bytes_per_second": _reading_speed(),
    }


def make_work(folder: str, batch_size: int, variant: str) -> Work:
    """A call of `predict`, `explain` or `shown`."""
    [model] = _written
    faces = np.resize(np.load(Path(folder) / "faces.npy"), (batch_size, *_face_shape(model)))
    function = model.predict_function
    if variant == "explain":
        function = model.explain_function(("hirescam", "gradcam"), model.default_layer)
    elif variant == "shown":
        function = model.explain_function(model.shown_map, model.default_layer)
    step, variables = make_step(function, model.mesh), model.placed_variables
    return Work(lambda: jax.device_get(step(variables, faces)))


def _classifier(model: str, width: float) -> api.Classifier:
    if model == SHIPPED:
        return api.load(model).with_flip(False)
    config = ExperimentConfig(
        data=DataConfig(image_size=_SIDE),
        model=ModelConfig(model, width=width),
        evaluation=EvaluationConfig(flip=False),
    )
    variables = seeded_variables(make_model(config.model), size=config.data.image_size)
    return api.Classifier(model, config, jax.device_get(variables), run_folder=None)


def _face_shape(model: api.Classifier) -> tuple[int, int, int]:
    return (model.config.data.image_size, model.config.data.image_size, 3)


def _product_speed() -> float:
    matrix = jnp.ones((_PRODUCT, _PRODUCT))
    return 2 * _PRODUCT**3 / _fastest(jax.jit(jnp.dot), matrix, matrix)


def _reading_speed() -> float:
    array = jnp.ones(_READ_BYTES // 4)
    return _READ_BYTES / _fastest(jax.jit(jnp.sum), array)


def _fastest(function, *arrays: jax.Array) -> float:
    times = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        jax.block_until_ready(function(*arrays))
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    serve(make_work, {"write": write})
