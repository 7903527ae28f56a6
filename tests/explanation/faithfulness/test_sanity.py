import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax import parallel
from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation import explain_fn
from gimefive_jax.explanation.faithfulness.maps import maps_of
from gimefive_jax.explanation.faithfulness.sanity import (
    random_logit,
    randomisation_test,
    randomised,
    weight_layers,
)
from gimefive_jax.inference import Driver
from gimefive_jax.models import make_model
from tests.random_variables import seeded_variables
from tests.tolerances import RELATIVE

EVALUATION = {"train": False}


class Net(nn.Module):
    """A norm before all weights, weights of its own, a layer inside of another one."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        x = nn.BatchNorm(use_running_average=not train, name="before")(x)
        x = x * self.param("gain", nn.initializers.normal(), (3,))
        for name in ("first", "second"):
            x = Block(name=name)(x)
        return nn.Dense(4, name="head")(x.mean((1, 2)))


class Block(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.Conv(5, (3, 3), name="conv")(x)
        return nn.relu(nn.LayerNorm(name="norm")(x))


X = jax.random.normal(jax.random.key(0), (6, 8, 8, 3))
TARGET = np.arange(6, dtype=np.int32) % 4


@pytest.fixture(scope="module")
def variables() -> PyTree:
    return random_variables_of(Net())


def random_variables_of(model: nn.Module) -> PyTree:
    """Nothing at the value that `init` gives."""
    variables = jax.jit(model.init)(jax.random.key(7), X)
    return jax.tree.map(lambda leaf: leaf + 0.5 + jnp.abs(leaf), variables)


def _changed(before: PyTree, after: PyTree) -> set[str]:
    """Modules with an array that differs."""
    leaves = zip(jax.tree_util.tree_leaves_with_path(before), jax.tree.leaves(after), strict=True)
    return {
        "/".join(key.key for key in path[1:-1])
        for (path, one), other in leaves
        if not np.array_equal(one, other)
    }


def _driver() -> Driver:
    return Driver(parallel.make_mesh(), batch_size=8)


def test_layers_are_listed_from_the_head_each_with_its_norm(variables: PyTree):
    assert weight_layers(Net(), variables, X) == {
        "head": ("head",),
        "second/conv": ("second/conv", "second/norm"),
        "first/conv": ("first/conv", "before", "first/norm"),
    }


@pytest.mark.parametrize("name", ["gimefive", "vgg", "gimefive_residual", "resnet18"])
def test_every_layer_of_every_architecture_is_randomised_from_the_logits_down(name: str):
    model = make_model(ModelConfig(name=name, width=0.0625))
    variables = seeded_variables(model, size=32)
    face = jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)
    layers = weight_layers(model, variables, face, call=EVALUATION)
    leaves = jax.tree_util.tree_leaves_with_path(variables)
    owners = {"/".join(key.key for key in path[1:-1]) for path, _ in leaves}
    assert {module for group in layers.values() for module in group} == owners
    assert next(iter(layers)) == "logits"


def test_a_stage_keeps_what_lies_below_and_the_last_one_keeps_nothing(variables: PyTree):
    stages = list(randomised(Net(), variables, X[:1], seed=3))
    assert [stage.layer for stage in stages] == ["head", "second/conv", "first/conv"]
    changed = [_changed(variables, stage.variables) for stage in stages]
    assert changed[0] == {"head"}
    assert changed[1] == {"head", "second/conv", "second/norm"}
    fresh = jax.jit(Net().init)(jax.random.key(3), X[:1])
    # The statistics of batch norm and the model's own parameter as well.
    for one, other in zip(
        jax.tree.leaves(stages[-1].variables), jax.tree.leaves(fresh), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_new_weights_depend_on_the_seed_alone(variables: PyTree):
    one, again, other = (
        next(randomised(Net(), variables, X[:1], seed=seed)).variables for seed in (0, 0, 1)
    )
    assert not _changed(one, again)
    assert _changed(one, other) == {"head"}


def test_what_cannot_be_initialised_is_refused(variables: PyTree):
    with pytest.raises(InputError, match="Linen module"):
        next(randomised(lambda variables, x: x, variables, X))
    wider = {**variables, "other": {"kernel": jnp.ones(3)}}
    with pytest.raises(InputError, match="other/kernel"):
        next(randomised(Net(), wider, X))


def test_maps_of_the_randomised_network_are_compared_with_the_trained_ones(variables: PyTree):
    maps = maps_of(explain_fn(Net(), methods=("hirescam", "gradcam"), layers="second"))
    stages = list(randomised(Net(), variables, X[:1]))
    same = [type(stages[0])("nothing", variables)]
    found = randomisation_test(maps, variables, [*same, *stages], X, TARGET, driver=_driver())
    assert [one.layer for one in found] == [
        "another face",
        "nothing",
        "head",
        "second/conv",
        "first/conv",
    ]
    for key in (("hirescam", "second"), ("gradcam", "second")):
        assert found[0].similarities[key].spearman.shape == (6,)
        np.testing.assert_allclose(found[1].similarities[key].spearman, 1, atol=RELATIVE)
        np.testing.assert_allclose(found[1].similarities[key].ssim, 1, atol=RELATIVE)
        assert found[-1].similarities[key].spearman.mean() < 0.9


def test_a_map_of_the_face_alone_never_changes_and_so_fails(variables: PyTree):
    def edges(variables, x, target):
        return {("edges", "input"): jnp.abs(x - x[:, :, ::-1]).sum(-1)}

    stages = randomised(Net(), variables, X[:1])
    found = randomisation_test(edges, variables, stages, X, TARGET, driver=_driver())
    for stage in found[1:]:
        np.testing.assert_allclose(stage.similarities["edges", "input"].spearman, 1, atol=RELATIVE)


def _by_target(factors: tuple[float, ...]):
    def maps(variables, x, target):
        factor = jnp.asarray(factors)[target][:, None, None]
        return {("method", "input"): factor * x[..., 0]}

    return maps


def test_a_map_that_is_the_same_for_every_category_fails_the_random_logit_test():
    measure = jax.jit(random_logit(_by_target((1, 2, 3, 4)), num_categories=4))
    np.testing.assert_allclose(measure(None, X, TARGET)["method", "input"], 1, atol=RELATIVE)


def test_the_random_logit_test_compares_the_target_with_each_other_category():
    measure = jax.jit(random_logit(_by_target((1, 1, -1, -1)), num_categories=4))
    # One category agrees, two are opposite.
    np.testing.assert_allclose(measure(None, X, TARGET)["method", "input"], -1 / 3, atol=RELATIVE)


def test_eigencam_fails_the_random_logit_test_and_hirescam_does_not(variables: PyTree):
    explain = explain_fn(Net(), methods=("eigencam", "hirescam"), layers="second")
    found = jax.jit(random_logit(maps_of(explain), num_categories=4))(variables, X, TARGET)
    np.testing.assert_allclose(found["eigencam", "second"], 1, atol=RELATIVE)
    assert found["hirescam", "second"].mean() < 0.9
