"""The same metrics by pytorch-grad-cam and quantus, on one network in torch and in jax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.explanation.faithfulness import measure_fn
from gimefive_jax.explanation.faithfulness.complexity import entropy, gini
from gimefive_jax.explanation.faithfulness.curves import Deletion
from gimefive_jax.explanation.faithfulness.mass import as_mass
from gimefive_jax.explanation.faithfulness.road import Road
from gimefive_jax.structs import PixelScale
from tests import oracles
from tests.explanation.faithfulness.networks import SIDE, faces
from tests.tolerances import IMPUTATION, RELATIVE

COUNT = 3
# Those whose number of pixels does not depend on how a percentile is rounded.
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)


def _matrix() -> np.ndarray:
    return np.random.default_rng(5).normal(0, 0.2, (SIDE * SIDE, 3)).astype(np.float32)


def _network(matrix: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.tanh(x.reshape(len(x), -1)) @ matrix


def _torch_network() -> object:
    torch = pytest.importorskip("torch")

    class Network(torch.nn.Module):
        def forward(self, x: object) -> object:
            return torch.tanh(x.reshape(len(x), -1)) @ torch.from_numpy(_matrix())

    return Network().eval()


def _torch_faces() -> object:
    return pytest.importorskip("torch").from_numpy(np.moveaxis(faces(COUNT), -1, 1).copy())


def _maps() -> np.ndarray:
    """From 0 to 1, no two cells equal, and so sparse that masking matters."""
    maps = np.random.default_rng(6).random((COUNT, SIDE, SIDE)).astype(np.float32)
    return maps / maps.max((1, 2), keepdims=True)


def _ours(*metrics: object) -> dict:
    measure = measure_fn(_network, metrics, pixels=PixelScale(), mean_face=0.0)
    found = jax.jit(measure)(
        _matrix(), faces(COUNT), _maps(), np.array([0, 1, 2]), np.arange(COUNT)
    )
    return jax.tree.map(np.asarray, found)


def _of_grad_cam(metric: object, **more: object) -> np.ndarray:
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

    targets = [ClassifierOutputSoftmaxTarget(label) for label in range(COUNT)]
    with oracles.warnings_ignored():
        return metric(_torch_faces(), _maps(), targets, _torch_network(), **more)


def test_road_is_that_of_pytorch_grad_cam() -> None:
    oracles.pytorch_grad_cam()
    from pytorch_grad_cam.metrics import perturbation_confidence as theirs
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer

    found = _ours(Road(shares=SHARES, noise=0.0))
    for name, remover in (
        ("morf", theirs.RemoveMostRelevantFirst),
        ("lerf", theirs.RemoveLeastRelevantFirst),
    ):
        for number, share in enumerate(SHARES):
            metric = theirs.PerturbationConfidenceMetric(
                remover(100 * (1 - share), NoisyLinearImputer(noise=0))
            )
            expected = _of_grad_cam(metric, return_diff=False)
            ours = found[f"road_{name}_curve"][:, number]
            np.testing.assert_allclose(ours, expected, atol=IMPUTATION)


def test_drop_and_increase_are_those_of_pytorch_grad_cam() -> None:
    oracles.pytorch_grad_cam()
    from pytorch_grad_cam.metrics.cam_mult_image import DropInConfidence, IncreaseInConfidence

    def unchanged_probability(unchanged: jax.Array) -> jax.Array:
        return unchanged

    found = _ours("average_drop", "increase", unchanged_probability)
    # Theirs is not divided by the probability.
    lost = found["average_drop"] * found["unchanged_probability"]
    np.testing.assert_allclose(lost, _of_grad_cam(DropInConfidence()), atol=1e-6)
    expected = _of_grad_cam(IncreaseInConfidence())
    np.testing.assert_array_equal(found["increase"], expected)
    assert 0 < expected.sum() < COUNT


def test_complexity_of_adcc_is_that_of_pytorch_grad_cam() -> None:
    oracles.pytorch_grad_cam()
    from pytorch_grad_cam.metrics.arcc import Complexity

    measure = measure_fn(
        _network, "adcc", pixels=PixelScale(), explain=lambda variables, x, target: _maps()
    )
    found = measure(_matrix(), faces(COUNT), _maps(), np.arange(3), np.arange(3))
    np.testing.assert_allclose(found["complexity"], Complexity()(_maps()), rtol=RELATIVE)


def test_deletion_is_the_pixel_flipping_of_quantus() -> None:
    quantus = oracles.quantus()
    with oracles.warnings_ignored():
        metric = quantus.PixelFlipping(
            features_in_step=SIDE,
            perturb_baseline=0.0,
            abs=False,
            normalise=False,
            disable_warnings=True,
        )
        expected = metric(
            _torch_network(),
            np.moveaxis(faces(COUNT), -1, 1),
            np.arange(COUNT),
            a_batch=_maps()[:, None],
            softmax=True,
            device="cpu",
        )
    found = _ours(Deletion(steps=SIDE))
    np.testing.assert_allclose(
        found["deletion_curve"][:, 1:], np.array(expected).reshape(COUNT, SIDE), atol=1e-6
    )


def test_gini_and_entropy_are_sparseness_and_complexity_of_quantus() -> None:
    quantus = oracles.quantus()
    mass = as_mass(_maps())
    with oracles.warnings_ignored():
        metrics = [
            kind(abs=True, normalise=False, disable_warnings=True)
            for kind in (quantus.Sparseness, quantus.Complexity)
        ]
        sparse, complex_ = (
            one(
                _torch_network(),
                np.moveaxis(faces(COUNT), -1, 1),
                np.arange(COUNT),
                a_batch=_maps()[:, None],
                device="cpu",
            )
            for one in metrics
        )
    np.testing.assert_allclose(gini(mass, faces(COUNT)), sparse, rtol=10 * RELATIVE)
    nats = np.asarray(entropy(mass, faces(COUNT))) * np.log(SIDE**2)
    np.testing.assert_allclose(nats, complex_, rtol=10 * RELATIVE)
