"""GiMeFive beside a PyTorch module written from the architecture's description, live.

Needs torch (a CPU build is enough); without it these tests skip.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.config import ModelConfig
from gimefive_jax.explanation.capture import capture
from gimefive_jax.explanation.methods import gradcam, hirescam
from gimefive_jax.models import make_model
from tests.random_variables import random_variables
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

torch = pytest.importorskip("torch", reason="the live PyTorch tests need torch")
CONFIG = ModelConfig(width=0.125)
MODEL = make_model(CONFIG)
WIDTHS = (8, 16, 32, 64, 128)


def _reference() -> "torch.nn.Module":
    layers: list[torch.nn.Module] = []
    for before, after in zip((3, *WIDTHS[:-1]), WIDTHS, strict=True):
        layers += [
            torch.nn.Conv2d(before, after, 3, padding=1),
            torch.nn.BatchNorm2d(after),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
        ]
    layers += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]
    layers += [torch.nn.Linear(128, 256), torch.nn.ReLU(), torch.nn.Linear(256, 128)]
    layers += [torch.nn.ReLU(), torch.nn.Linear(128, 6)]
    return torch.nn.Sequential(*layers)


def _load(reference: "torch.nn.Module", variables: PyTree) -> None:
    """Copy our variables into the reference: HWIO -> OIHW, [in, out] -> [out, in]."""
    params, stats = variables["params"], variables["batch_stats"]
    for i in range(5):
        block, conv, norm = params[f"block{i + 1}"], reference[4 * i], reference[4 * i + 1]
        _set(conv.weight, np.transpose(block["conv"]["kernel"], (3, 2, 0, 1)))
        _set(conv.bias, block["conv"]["bias"])
        _set(norm.weight, block["norm"]["scale"])
        _set(norm.bias, block["norm"]["bias"])
        _set(norm.running_mean, stats[f"block{i + 1}"]["norm"]["mean"])
        _set(norm.running_var, stats[f"block{i + 1}"]["norm"]["var"])
    for name, layer in zip(("dense1", "dense2", "logits"), (22, 24, 26), strict=True):
        _set(reference[layer].weight, np.transpose(params[name]["kernel"]))
        _set(reference[layer].bias, params[name]["bias"])


def _set(tensor: "torch.Tensor", value: object) -> None:
    with torch.no_grad():
        tensor.copy_(torch.from_numpy(np.array(value)))


@pytest.fixture(scope="module")
def variables() -> PyTree:
    return random_variables(MODEL)


@pytest.fixture(scope="module")
def reference(variables: PyTree) -> "torch.nn.Module":
    module = _reference()
    _load(module, variables)
    return module.eval()


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(5, 64, 64, 3)).astype(np.float32)


def _torch_faces(faces: np.ndarray) -> "torch.Tensor":
    return torch.from_numpy(np.transpose(faces, (0, 3, 1, 2)).copy())


def test_logits_in_eval_mode(variables: PyTree, reference: "torch.nn.Module", faces: np.ndarray):
    ours = jax.jit(functools.partial(MODEL.apply, train=False))(variables, faces)
    theirs = reference(_torch_faces(faces)).detach().numpy()
    assert relative_difference(ours, theirs) < RELATIVE


def test_maps_at_the_last_activation(
    variables: PyTree, reference: "torch.nn.Module", faces: np.ndarray
):
    run = jax.jit(functools.partial(capture, MODEL), static_argnames="layers")
    found = run(variables, faces, None, layers=("block5/activation",))
    activation = reference[:19](_torch_faces(faces))
    activation.retain_grad()
    logits = reference[19:](activation)
    logits[torch.arange(5), logits.argmax(1)].sum().backward()
    ours = found.activations["block5/activation"], found.gradients["block5/activation"]
    theirs = [
        jnp.asarray(np.transpose(t.detach().numpy(), (0, 2, 3, 1)))
        for t in (activation, activation.grad)
    ]
    for method in (hirescam, gradcam):
        assert relative_difference(method(*ours), method(*theirs)) < RELATIVE


def test_gradients_of_every_parameter_in_training_mode(variables: PyTree, faces: np.ndarray):
    labels = np.array([0, 3, 5, 1, 1])
    model = make_model(ModelConfig(width=0.125, dropout_rate=0.0, head_dropout_rate=0.0))

    def loss(params: PyTree) -> jax.Array:
        logits, _ = model.apply(
            {"params": params, "batch_stats": variables["batch_stats"]},
            jnp.asarray(faces),
            train=True,
            mutable="batch_stats",
            rngs={"dropout": jax.random.key(0)},
        )
        return -jax.nn.log_softmax(logits)[jnp.arange(5), labels].mean()

    ours = jax.jit(jax.grad(loss))(variables["params"])
    module = _reference().train()
    _load(module, variables)
    torch.nn.functional.cross_entropy(
        module(_torch_faces(faces)), torch.from_numpy(labels)
    ).backward()
    for i in range(5):
        block = ours[f"block{i + 1}"]
        kernel = np.transpose(module[4 * i].weight.grad.numpy(), (2, 3, 1, 0))
        assert relative_difference(block["conv"]["kernel"], kernel) < 10 * RELATIVE
        # A convolution's bias before batch norm has a true gradient of zero.
        assert np.abs(block["conv"]["bias"]).max() < RELATIVE * np.abs(kernel).max() * 100
        for name, parameter in (("scale", "weight"), ("bias", "bias")):
            theirs = getattr(module[4 * i + 1], parameter).grad.numpy()
            assert relative_difference(block["norm"][name], theirs) < 10 * RELATIVE
    for name, layer in zip(("dense1", "dense2", "logits"), (22, 24, 26), strict=True):
        theirs = np.transpose(module[layer].weight.grad.numpy())
        assert relative_difference(ours[name]["kernel"], theirs) < 10 * RELATIVE
