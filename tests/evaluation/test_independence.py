"""A face's probabilities are its own: no batch size, padding, neighbour or device changes them."""

import dataclasses
import functools

import jax
import numpy as np
import pytest
from jax.sharding import Mesh
from jaxtyping import PyTree

from gimefive_jax import parallel
from gimefive_jax.config import ModelConfig
from gimefive_jax.data import Split
from gimefive_jax.data.names import FileNames
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.inference import Driver, FaceFunction, make_step
from gimefive_jax.models import ARCHITECTURES, make_model
from gimefive_jax.structs import Predictions
from tests.random_variables import seeded_variables
from tests.tolerances import SAME_PROGRAM

pytestmark = pytest.mark.usefixtures("optimised_programs")
NUM_FACES, SIZE, BATCH = 19, 64, 16
# The paper's model and one with shortcuts; CI runs the others as well.
_QUICK = ("gimefive", "gimefive_residual")
every_model = pytest.mark.parametrize(
    "name",
    [
        name if name in _QUICK else pytest.param(name, marks=pytest.mark.heavy)
        for name in ARCHITECTURES
    ],
)


@dataclasses.dataclass(frozen=True)
class _Predictor:
    predict: FaceFunction[Predictions]
    variables: PyTree
    mesh: Mesh

    def of_split(self, batch_size: int) -> np.ndarray:
        driver = Driver(self.mesh, batch_size)
        found = driver.run(self.predict, self.variables, _split().images)
        return np.asarray(found.probabilities)

    def of_batch(self, image: np.ndarray) -> np.ndarray:
        variables = parallel.put_replicated(self.variables, self.mesh)
        found = make_step(self.predict, self.mesh)(variables, parallel.put_rows(image, self.mesh))
        return np.asarray(found.probabilities)


# The last model's alone: its steps are compiled once for both tests.
@functools.lru_cache(maxsize=2)
def _predictor(name: str, num_devices: int, width: float = 0.0625) -> _Predictor:
    model, mesh = make_model(ModelConfig(name=name, width=width)), parallel.make_mesh(num_devices)
    return _Predictor(predict_fn(model), _variables(name, width), mesh)


@functools.lru_cache(maxsize=1)
def _variables(name: str, width: float) -> PyTree:
    """Variables whose logits differ by about one between faces: no probability is 0 or 1."""
    model = make_model(ModelConfig(name=name, width=width))
    variables = seeded_variables(model, size=SIZE)
    logits = jax.jit(predict_fn(model))(variables, _split().images).logits
    largest = np.std(logits, axis=0).max()
    params, last = dict(variables["params"]), "evidence" if "local" in name else "logits"
    params[last] = jax.tree.map(lambda leaf: leaf / largest, params[last])
    return {**variables, "params": params}


def _faces(seed: int, count: int) -> np.ndarray:
    """Stripes of many widths, directions and contrasts on many levels."""
    generator = np.random.default_rng(seed)
    level, contrast, waves, angle = generator.uniform(
        [0, 5, 1, 0], [200, 55, 12, 6.28], (count, 4)
    ).T[:, :, None, None]
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    wave = np.sin(2 * np.pi * waves * (x * np.cos(angle) + y * np.sin(angle)))
    return np.clip(level + contrast * (1 + wave), 0, 255).astype(np.uint8)[..., None]


@functools.cache
def _split() -> Split:
    return Split(
        name="test",
        data_name="noise",
        images=_faces(0, NUM_FACES),
        labels=np.arange(NUM_FACES) % len(EMOTIONS),
        file_names=FileNames(np.array([f"{i}.png" for i in range(NUM_FACES)])),
        emotions=EMOTIONS,
        digest="",
        extras={},
        index=np.arange(NUM_FACES),
    )


def _assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    assert np.abs(found - wanted).max() <= SAME_PROGRAM


@every_model
def test_neither_batch_size_nor_devices_change_a_probability(name: str):
    whole = _predictor(name, 1).of_split(NUM_FACES)
    assert np.ptp(whole, axis=0).max() > 0.1  # the faces are told apart
    for batch_size in (1, 3, BATCH):
        _assert_same(_predictor(name, 1).of_split(batch_size), whole)
    _assert_same(_predictor(name, 8).of_split(BATCH), whole)


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["gimefive", "resnet18"])
def test_batch_size_does_not_at_table_width_either(name: str):
    # Wide layers have their own convolutions on CPU. Without vgg: its dense layer on 16,384
    # features is summed in another order for a single face, and random weights hardly tell faces
    # apart there: 2e-6.
    whole = _predictor(name, 1, 1.0).of_split(NUM_FACES)
    for batch_size in (1, 2, 8):
        _assert_same(_predictor(name, 1, 1.0).of_split(batch_size), whole)


@every_model
@pytest.mark.parametrize("num_devices", [1, 8])
def test_neither_padding_nor_neighbours_change_a_probability(name: str, num_devices: int):
    predictor, faces = _predictor(name, num_devices), _split().images[:5]
    missing = (BATCH - len(faces), *faces.shape[1:])
    others = [
        np.zeros(missing, np.uint8),
        np.full(missing, 255, np.uint8),
        _faces(1, BATCH - len(faces)),
    ]
    alone, *found = (predictor.of_batch(np.concatenate([faces, rest]))[:5] for rest in others)
    for beside in found:
        _assert_same(beside, alone)
    # In other rows too, where another device or another lane may compute them.
    last = predictor.of_batch(np.concatenate([others[2], faces[::-1]]))[-5:][::-1]
    _assert_same(last, alone)
