"""Methods that try many copies of a face, on networks whose answer is a closed form."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation import (
    AblationCAM,
    IntegratedGradients,
    Occlusion,
    PixelScale,
    ScoreCAM,
    SmoothGrad,
    blurred,
    explain_fn,
)
from gimefive_jax.explanation.forwards import Forward
from gimefive_jax.models import logits_fn, make_model
from gimefive_jax.structs import Explanation
from tests.random_variables import random_variables
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

X = jax.random.normal(jax.random.key(0), (2, 16, 16, 3))
WEIGHT = jax.random.normal(jax.random.key(1), (16, 16, 3, 2))
SCALE = PixelScale(black=(-1.0, -2.0, -3.0), white=(1.0, 2.0, 3.0))
TARGET = jnp.array([0, 1])
# Of each face the weights of its target.
CHOSEN = jnp.moveaxis(WEIGHT, -1, 0)


def _linear(weight: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.einsum("bhwc,hwcn->bn", x, weight)


def _square(weight: jax.Array, x: jax.Array) -> jax.Array:
    return _linear(weight, x**2)


def _explained(network: Any, method: Any) -> Explanation:
    explain = jax.jit(explain_fn(network, methods=method, layers="input", pixels=SCALE))
    [found] = explain(WEIGHT, X, TARGET).explanations.values()
    return found


def test_a_cell_of_occlusion_is_the_mean_loss_over_the_patches_that_cover_it():
    found = _explained(_linear, Occlusion(patch=8, stride=4, fill=0.25)).heat_map
    loss = np.asarray((CHOSEN * (X - SCALE.to_input(jnp.array([0.25])))).sum(-1))
    total, count = np.zeros((2, 4, 4)), np.zeros((4, 4))
    for i in range(3):
        for j in range(3):
            patch = loss[:, 4 * i : 4 * i + 8, 4 * j : 4 * j + 8].sum((1, 2))
            total[:, i : i + 2, j : j + 2] += patch[:, None, None]
            count[i : i + 2, j : j + 2] += 1
    assert relative_difference(found, total / count) < RELATIVE


def test_a_patch_that_does_not_fill_the_face_is_refused_with_the_mend():
    with pytest.raises(InputError, match=r"stride must divide.*patch=4, stride=4"):
        _explained(_linear, Occlusion(patch=8, stride=3))


@pytest.mark.parametrize("baseline", ["black", "blurred"])
def test_integrated_gradients_of_a_square_are_its_growth_from_the_baseline(baseline: Any):
    found = _explained(_square, IntegratedGradients(steps=7, baseline=baseline))
    start = blurred(X) if baseline == "blurred" else jnp.array(SCALE.black)
    wanted = (CHOSEN * (X**2 - start**2)).sum(-1)
    assert relative_difference(found.heat_map, wanted) < RELATIVE
    # The gradient is a line along the way, whose mean its middles give.
    assert (found.completeness_gap <= 1e-4 * jnp.abs(found.score)).all()


def test_smoothgrad_of_a_line_is_its_slope_in_brightness():
    found = _explained(_linear, SmoothGrad(samples=3)).heat_map
    assert relative_difference(found, jnp.abs((CHOSEN * SCALE.range).sum(-1))) < RELATIVE


def test_smoothgrad_of_a_square_is_its_slope_at_the_mean_of_the_noise():
    method = SmoothGrad(samples=5, sigma=0.2, seed=3)
    noise = 0.2 * jax.random.normal(jax.random.key(3), (5, 1, 16, 16, 1)).mean(0)
    slope = 2 * CHOSEN * (X + noise * SCALE.range)
    found = _explained(_square, method).heat_map
    assert relative_difference(found, jnp.abs((slope * SCALE.range).sum(-1))) < RELATIVE


def test_ablation_weights_are_what_each_channel_brings():
    found = _explained(_linear, AblationCAM()).heat_map
    brought = (CHOSEN * X).sum((1, 2), keepdims=True)
    assert relative_difference(found, (brought * X).sum(-1)) < RELATIVE


def _score_cam(channels: list[list[int]]) -> np.ndarray:
    low, high = X.min((1, 2), keepdims=True), X.max((1, 2), keepdims=True)
    masks = (X - low) / (high - low)
    scores = jnp.einsum("bhwk,bhwc,bhwc->bk", masks, X, CHOSEN)
    picked = [np.asarray(jax.nn.softmax(scores[i, jnp.array(c)])) for i, c in enumerate(channels)]
    return np.stack(
        [np.asarray(X[i][..., jnp.array(c)]) @ picked[i] for i, c in enumerate(channels)]
    )


def test_score_cam_weights_are_a_softmax_of_the_scores_through_each_channel():
    assert relative_difference(
        _explained(_linear, ScoreCAM()).heat_map, _score_cam([[0, 1, 2]] * 2)
    ) < (10 * RELATIVE)


def test_score_cam_may_try_the_channels_that_vary_most():
    most = np.argsort(-np.asarray(X.std((1, 2))), axis=1)[:, :2].tolist()
    found = _explained(_linear, ScoreCAM(top=2)).heat_map
    assert relative_difference(found, _score_cam(most)) < 10 * RELATIVE
    assert ScoreCAM(top=2).name == "scorecam_top2"


@pytest.mark.parametrize("size", [1, 3, 100])
def test_parts_give_what_all_copies_at_once_give(size: int):
    copies = jax.random.normal(jax.random.key(2), (7, 2, 4))
    forward = Forward(lambda x: (x**3).sum(-1), copies_at_once=size)

    def make(numbers: np.ndarray, x: jax.Array) -> jax.Array:
        return x[None] + copies[numbers]

    x = jnp.ones((2, 4))
    assert relative_difference(forward.of_copies(7, make, x), forward(x + copies)) < RELATIVE
    slope = forward.sum_of_slopes(7, make, x)
    assert relative_difference(slope, (3 * (x + copies) ** 2).sum(0)) < RELATIVE


MODEL = make_model(ModelConfig(width=0.0625))
MANY = (AblationCAM(), ScoreCAM(top=2), IntegratedGradients(steps=2), SmoothGrad(samples=2))


def test_every_category_shares_the_forward_passes(monkeypatch: pytest.MonkeyPatch):
    # So small that there are several parts.
    monkeypatch.setattr("gimefive_jax.explanation.forwards._BYTES_AT_ONCE", 2**15)
    variables = random_variables(MODEL, size=32)
    x = jax.random.normal(jax.random.key(0), (2, 32, 32, 3))
    options = {"methods": MANY, "layers": "block5"}
    every = jax.jit(explain_fn(logits_fn(MODEL), **options, every_category=True))
    one = jax.jit(explain_fn(logits_fn(MODEL), **options))
    found = every(variables, x).explanations
    for key, wanted in one(variables, x, jnp.array([3, 3])).explanations.items():
        assert relative_difference(found[key].heat_map[:, 3], wanted.heat_map) < 10 * RELATIVE
        assert relative_difference(found[key].score[:, 3], wanted.score) < RELATIVE

    def convolutions(explain: Any, *arguments: Any) -> int:
        text = explain.lower(variables, x, *arguments).as_text()
        return text.count("stablehlo.convolution")

    assert convolutions(every) == convolutions(one) > 0


def test_methods_of_the_input_are_explained_once_whatever_the_layers():
    methods = [dataclasses.replace(Occlusion(), stride=8), "hirescam"]
    x = jax.random.normal(jax.random.key(0), (1, 32, 32, 3))
    explain = explain_fn(logits_fn(MODEL), methods=methods, layers=("block4", "block5"))
    variables = random_variables(MODEL, size=32)
    keys = set(jax.eval_shape(explain, variables, x).explanations)
    assert keys == {("occlusion_8_8", "input"), ("hirescam", "block4"), ("hirescam", "block5")}
