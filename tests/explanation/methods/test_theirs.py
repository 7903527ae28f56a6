"""Our maps beside those of pytorch-grad-cam and captum, on the same weights."""

import jax
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.config import ModelConfig
from gimefive_jax.explanation import IntegratedGradients, Occlusion, PixelScale, explain_fn
from gimefive_jax.models import logits_fn, make_model
from gimefive_jax.structs import Explanation
from tests import oracles
from tests.random_variables import random_variables
from tests.relative import relative_difference
from tests.tolerances import OTHER_LIBRARY

MODEL = make_model(ModelConfig(width=0.0625))
X = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
METHODS = (
    "hirescam", "gradcam", "gradcam_plus_plus", "layercam", "xgradcam", "eigencam", "ablationcam",
    "scorecam",
)  # fmt: skip
LAYERS = ("block3/activation", "block4")
TARGET = np.array([1, 4], np.int32)
SCALE = PixelScale(black=-0.5, white=1.5)


@pytest.fixture(scope="module")
def variables() -> PyTree:
    return random_variables(MODEL, size=32)


@pytest.fixture(scope="module")
def found(variables: PyTree) -> dict[tuple[str, str], Explanation]:
    methods = [*METHODS, IntegratedGradients(steps=8), Occlusion()]
    explain = jax.jit(explain_fn(logits_fn(MODEL), methods=methods, layers=LAYERS, pixels=SCALE))
    return explain(variables, X, TARGET).explanations


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("method", METHODS)
def test_they_are_those_of_pytorch_grad_cam(
    found: dict[tuple[str, str], Explanation], variables: PyTree, method: str, layer: str
):
    oracles.pytorch_grad_cam()
    from tests.explanation import theirs

    ours = found[method, layer]
    wanted = theirs.heat_map(method, theirs.network(variables), layer, X, TARGET)
    wanted = theirs.in_our_units(method, wanted, ours.heat_map, ours.score)
    assert relative_difference(ours.heat_map, wanted) < OTHER_LIBRARY


def test_integrated_gradients_are_those_of_captum(
    found: dict[tuple[str, str], Explanation], variables: PyTree
):
    attr = oracles.captum_attr()
    from tests.explanation import theirs

    x = theirs.to_tensor(X)
    wanted = attr.IntegratedGradients(theirs.network(variables)).attribute(
        x, baselines=SCALE.black, target=TARGET.tolist(), n_steps=8, method="riemann_middle"
    )
    wanted = wanted.sum(1).numpy()
    ours = found["integrated_gradients_8steps", "input"].heat_map
    assert relative_difference(ours, wanted) < OTHER_LIBRARY


def test_occlusion_is_that_of_captum(found: dict[tuple[str, str], Explanation], variables: PyTree):
    attr = oracles.captum_attr()
    from tests.explanation import theirs

    with oracles.warnings_ignored():
        wanted = attr.Occlusion(theirs.network(variables)).attribute(
            theirs.to_tensor(X),
            sliding_window_shapes=(3, 8, 8),
            strides=(3, 4, 4),
            baselines=float(SCALE.to_input(np.float32(0.5))),
            target=TARGET.tolist(),
        )
    # Theirs is by pixels: the same in all pixels of a cell and all channels.
    wanted = wanted.detach().numpy()[:, 0, ::4, ::4]
    assert relative_difference(found["occlusion", "input"].heat_map, wanted) < OTHER_LIBRARY
