import itertools

import pytest

from gimefive_jax.config import ModelConfig
from gimefive_jax.models import make_model
from gimefive_jax.models.cost import measure_cost


def test_the_work_is_that_of_convolutions_and_dense_layers():
    cost = measure_cost(make_model(ModelConfig()), image_size=64)
    features = (3, 64, 128, 256, 512, 1024)
    multiplications = 1024 * 2048 + 2048 * 1024 + 1024 * 6
    for block, (before, after) in enumerate(itertools.pairwise(features)):
        side = 64 >> block
        # Of 3 taps at each of `side` places, the outermost two fall on padding.
        multiplications += (3 * side - 2) ** 2 * before * after
    # Norms, ReLUs and pools are the rest.
    assert cost.flops == pytest.approx(2 * multiplications, rel=0.01)
    assert cost.flops > 2 * multiplications


def test_a_face_of_twice_the_side_is_four_times_the_work():
    model = make_model(ModelConfig(name="resnet18", width=0.25))
    small, large = (measure_cost(model, image_size=size) for size in (64, 128))
    assert large.num_parameters == small.num_parameters
    # A little more than four: less of it falls on padding.
    assert large.flops == pytest.approx(4 * small.flops, rel=0.15)
