from pathlib import Path

import jax
import numpy as np
import pytest

from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Split, open_split
from gimefive_jax.evaluation import read_evaluation
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.evaluation.metrics import measure
from gimefive_jax.evaluation.predictions import read_predictions
from gimefive_jax.evaluation.results import write_evaluation
from gimefive_jax.inference import Driver, make_step
from gimefive_jax.models import make_model
from tests.random_variables import random_variables
from tests.relative import relative_difference
from tests.tolerances import SAME_PROGRAM


@pytest.fixture(scope="module")
def split(tiny_config: ExperimentConfig) -> Split:
    return open_split(tiny_config.data, "test")


def _logits(config: ExperimentConfig, split: Split, *, batch_size: int, devices: int) -> np.ndarray:
    model, mesh = make_model(config.model), parallel.make_mesh(devices)
    variables = random_variables(model, size=32)
    return Driver(mesh, batch_size).run(predict_fn(model), variables, split.images).logits


def test_neither_padding_nor_devices_change_the_logits(tiny_config: ExperimentConfig, split: Split):
    whole = _logits(tiny_config, split, batch_size=len(split), devices=1)
    assert whole.shape == (30, 6)
    for batch_size, devices in [(7, 1), (8, 8), (16, 2), (64, 8)]:
        found = _logits(tiny_config, split, batch_size=batch_size, devices=devices)
        assert relative_difference(found, whole) < SAME_PROGRAM


def test_counts_are_the_same_on_any_devices_in_any_batches(
    tiny_config: ExperimentConfig, split: Split
):
    found = {
        (devices, batch_size): measure(
            _logits(tiny_config, split, batch_size=batch_size, devices=devices), split.labels
        ).confusion.tolist()
        for devices in (1, 2, 4, 8)
        for batch_size in (8, 24)
    }
    assert len({str(counts) for counts in found.values()}) == 1
    assert np.sum(found[1, 8]) == len(split) == 30


def test_the_last_batch_does_not_retrace(tiny_config: ExperimentConfig, split: Split):
    model, mesh = make_model(tiny_config.model), parallel.make_mesh(1)
    predict, variables = predict_fn(model), random_variables(model, size=32)
    Driver(mesh, 16).run(predict, variables, split.images)
    assert make_step(predict, mesh)._cache_size() == 1


def test_results_hold_every_face_once(tiny_config: ExperimentConfig, split: Split, tmp_path: Path):
    logits = _logits(tiny_config, split, batch_size=16, devices=1)
    written = write_evaluation(
        tmp_path / "out", split, logits, model_name="tiny", weights_sha256="0"
    )
    assert read_evaluation(tmp_path / "out") == written
    rows = read_predictions(tmp_path / "out")
    assert rows.file_names == tuple(split.file_names)
    np.testing.assert_allclose(rows.raw, jax.nn.softmax(logits), rtol=1e-5, atol=1e-9)
    assert (tmp_path / "out" / "confusion_matrix.png").read_bytes()[:4] == b"\x89PNG"
