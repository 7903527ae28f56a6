"""Explanations of networks that are not ours, by methods and scores that are not ours."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.errors import InputError
from gimefive_jax.explanation import INPUT, explain_fn, explainable_layers
from gimefive_jax.structs import Explanation
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

X = jax.random.normal(jax.random.key(0), (2, 8, 8, 3))


class Net(nn.Module):
    """Two convolutions with a layer between, pool, head; its call has a keyword of its own."""

    between: Callable[[], nn.Module] = lambda: nn.Dense(4, name="between")

    @nn.compact
    def __call__(self, x: jax.Array, deterministic: bool) -> jax.Array:
        x = nn.relu(nn.Conv(4, (3, 3), strides=2, use_bias=False, name="conv")(x))
        x = nn.relu(self.between()(x))
        x = nn.Dropout(0.5, deterministic=deterministic)(x)
        return nn.Dense(3, use_bias=False, name="head")(x.mean((1, 2)))


def _noisy(variables: PyTree) -> PyTree:
    """With no bias at zero and no variance at one."""
    leaves, structure = jax.tree.flatten(variables)
    generator = np.random.default_rng(0)
    noisy = [leaf + 0.3 * np.abs(generator.normal(size=leaf.shape)) for leaf in leaves]
    return jax.tree.unflatten(structure, [jnp.asarray(leaf, jnp.float32) for leaf in noisy])


def _explain(
    net: nn.Module, layer: str = INPUT, **options: Any
) -> tuple[Explanation, PyTree, Callable[[PyTree], jax.Array]]:
    """Its explanation, its variables, and its logits by variables."""
    call = {"deterministic": True}
    variables = _noisy(net.init(jax.random.key(0), X, **call))
    method = options.pop("methods", "hirescam")
    explain = jax.jit(explain_fn(net, methods=method, layers=layer, call=call, **options))
    [found] = explain(variables, X).explanations.values()
    return found, variables, lambda variables: net.apply(variables, X, **call)


LINEAR = {
    "dense": lambda: nn.Dense(4),
    "conv": lambda: nn.Conv(4, (3, 3)),
    "conv without bias": lambda: nn.Conv(4, (3, 3), use_bias=False),
    "local conv": lambda: nn.ConvLocal(2, (2, 2)),
    "transposed conv": lambda: nn.ConvTranspose(4, (3, 3)),
    "general dense": lambda: nn.DenseGeneral((2, 3), axis=(-2, -1)),
    "batch norm": lambda: nn.BatchNorm(use_running_average=True),
    "batch norm without scale": lambda: nn.BatchNorm(use_running_average=True, use_scale=False),
    "batch norm without bias": lambda: nn.BatchNorm(use_running_average=True, use_bias=False),
    "batch norm of rows": lambda: nn.BatchNorm(use_running_average=True, axis=1),
    "prelu": lambda: nn.PReLU(),
}
NOT_LINEAR = {
    "layer norm": lambda: nn.LayerNorm(),
    "layer norm of the grid": lambda: nn.LayerNorm(reduction_axes=(1, 2, 3), feature_axes=(2, 3)),
    "layer norm without bias": lambda: nn.LayerNorm(use_bias=False),
    "group norm": lambda: nn.GroupNorm(2),
    "instance norm": lambda: nn.InstanceNorm(),
    "rms norm": lambda: nn.RMSNorm(),
}


@pytest.mark.parametrize("kind", LINEAR)
def test_map_and_constants_of_every_linear_layer_make_up_the_score(kind: str):
    found, _, _ = _explain(Net(LINEAR[kind]))
    assert found.unknown == ""
    assert found.is_complete.all()
    assert (jnp.abs(found.bias_effect) > 0.01).all() == (kind not in ("prelu", "conv without bias"))
    np.testing.assert_allclose(
        found.heat_map.sum((1, 2)) + found.bias_effect, found.score, rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(found.completeness_gap, 0, atol=1e-4)


@pytest.mark.parametrize("kind", NOT_LINEAR)
def test_norms_enter_b_eff_and_leave_a_gap_that_is_told(kind: str):
    found, variables, logits = _explain(Net(NOT_LINEAR[kind]))

    def biases(path: tuple, leaf: jax.Array) -> jax.Array:
        return leaf if path[-1].key == "bias" else jnp.zeros_like(leaf)

    # Along the biases themselves the score changes by the sum of bias times derivative.
    along = jax.tree_util.tree_map_with_path(biases, variables)
    _, slopes = jax.jvp(logits, (variables,), (along,))
    wanted = jnp.take_along_axis(slopes, found.target[:, None], 1)[:, 0]
    np.testing.assert_allclose(found.bias_effect, wanted, rtol=1e-4, atol=1e-5)
    gap = jnp.abs(found.heat_map.sum((1, 2)) - (found.score - found.bias_effect))
    np.testing.assert_allclose(found.completeness_gap, gap, rtol=1e-3)
    if kind != "rms norm":
        assert not found.is_complete.any()


class _Own(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return x + self.param("shift", nn.initializers.ones, (x.shape[-1],))


class _Position(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return x + nn.Embed(x.shape[2], x.shape[3], name="position")(jnp.arange(x.shape[2]))


@pytest.mark.parametrize(
    ("between", "name"),
    [
        (lambda: _Own(name="mine"), "mine has 'shift'"),
        (lambda: _Position(name="grid"), "grid/position gives"),
        (lambda: nn.remat(nn.Dense)(4, name="again"), "again adds a bias inside"),
        (lambda: nn.WeightNorm(nn.Dense(4, name="inner"), name="weights"), "weights has"),
    ],
    ids=["own parameter", "position", "remat", "weight norm"],
)
def test_what_cannot_be_told_is_named_and_not_left_out(between: Callable, name: str):
    below, _, _ = _explain(Net(between), INPUT)
    assert name in below.unknown
    assert below.bias_effect is None
    assert below.completeness_gap is None
    assert below.is_complete is None
    assert below.heat_map.shape == (2, 8, 8)
    above, _, _ = _explain(Net(between), "Dropout_0")
    assert above.unknown == ""
    assert above.is_complete.all()


class _TokensFirst(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        rows = nn.Dense(4, name="mixed")(x.swapaxes(0, 1))
        return rows.swapaxes(0, 1)


@pytest.mark.parametrize(
    ("between", "name"),
    [(lambda: _Position(name="grid"), "grid/position"), (lambda: _TokensFirst(name="t"), "mixed")],
    ids=["position", "tokens first"],
)
def test_rows_that_equal_the_number_of_faces_by_chance_are_not_taken_for_faces(
    between: Callable, name: str
):
    net, call = Net(between), {"deterministic": True}
    # The layer in between gives 4 rows whatever the number of faces.
    x = jax.random.uniform(jax.random.key(5), (4, 8, 8, 3))
    variables = _noisy(net.init(jax.random.key(0), x, **call))
    [found] = explain_fn(net, layers="conv", call=call)(variables, x).explanations.values()
    assert name in found.unknown
    assert found.bias_effect is None


def test_a_keyword_with_a_row_for_each_face_leaves_the_constants_told():
    class Masked(nn.Module):
        @nn.compact
        def __call__(self, x: jax.Array, mask: jax.Array | None = None) -> jax.Array:
            x = nn.relu(nn.Conv(4, (3, 3), name="conv")(x))
            return nn.Dense(3, name="logits")((x if mask is None else x * mask).mean((1, 2)))

    call = {"mask": jnp.ones((2, 8, 8, 1))}
    variables = _noisy(Masked().init(jax.random.key(0), X))
    explain = explain_fn(Masked(), layers="conv", call=call)
    [found] = explain(variables, X).explanations.values()
    assert found.unknown == ""
    assert found.is_complete.all()


class _Bins(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        bins = (x.mean((1, 2, 3)) > 0.3).astype(int)
        return nn.Dense(4, name="dense")(x) + nn.Embed(2, 4, name="bins")(bins)[:, None, None]


def test_an_embedding_of_each_face_is_a_constant_of_it():
    found, _, _ = _explain(Net(lambda: _Bins(name="binned")))
    assert found.unknown == ""
    assert found.is_complete.all()


def test_batch_statistics_are_refused():
    class Training(nn.Module):
        @nn.compact
        def __call__(self, x: jax.Array, deterministic: bool) -> jax.Array:
            return nn.BatchNorm(use_running_average=not deterministic, name="norm")(x).mean((1, 2))

    net = Training()
    variables = net.init(jax.random.key(0), X, True)

    def network(variables: PyTree, x: jax.Array) -> jax.Array:
        return net.apply(variables, x, True, mutable=["batch_stats"])[0]

    with pytest.raises(InputError, match="norm takes the statistics of the batch"):
        explain_fn(network, layers=INPUT)(variables, X)


def test_a_model_in_training_mode_is_refused_with_the_mend():
    class Training(nn.Module):
        @nn.compact
        def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
            return nn.BatchNorm(use_running_average=not train)(x).mean((1, 2))

    variables = Training().init(jax.random.key(0), X, train=True)
    with pytest.raises(InputError, match="'train': False"):
        explain_fn(Training(), layers=INPUT, call={"train": True})(variables, X)


def test_a_function_without_modules_is_explained_at_its_input():
    def network(weight: jax.Array, x: jax.Array) -> jax.Array:
        return jnp.einsum("bhwc,hwcn->bn", x, weight)

    weight = jax.random.normal(jax.random.key(1), (8, 8, 3, 4))
    assert explainable_layers(network, weight, X) == []
    [found] = explain_fn(network, layers=INPUT)(weight, X).explanations.values()
    wanted = X * jnp.take(weight, found.target, axis=3).transpose(3, 0, 1, 2)
    assert relative_difference(found.heat_map, wanted.sum(-1)) < RELATIVE
    with pytest.raises(InputError, match="no layer 'conv'"):
        explain_fn(network, layers="conv")(weight, X)


def test_a_module_inside_a_function_has_its_layers():
    net = Net()
    variables = net.init(jax.random.key(0), X, True)

    def network(both: dict[str, PyTree], x: jax.Array) -> jax.Array:
        return net.apply(both["net"], both["scale"] * x, deterministic=True)

    both = {"net": variables, "scale": jnp.float32(2.0)}
    assert explainable_layers(network, both, X) == ["conv", "between"]
    [found] = explain_fn(network, layers="conv")(both, X).explanations.values()
    assert found.heat_map.shape == (2, 4, 4)
    assert "scale" in found.unknown


def test_a_difference_of_categories_is_the_difference_of_their_maps():
    net, call = Net(), {"deterministic": True}
    variables = _noisy(net.init(jax.random.key(0), X, **call))
    explain = jax.jit(explain_fn(net, layers="conv", call=call))
    this, other = jnp.array([0, 1]), jnp.array([2, 0])
    [one], [two], [both] = (
        explain(variables, X, *labels).explanations.values()
        for labels in ((this,), (other,), (this, other))
    )
    assert relative_difference(both.heat_map, one.heat_map - two.heat_map) < RELATIVE
    assert relative_difference(both.score, one.score - two.score) < RELATIVE
    assert both.is_complete.all()


def _explain_labels(*labels: Any) -> Any:
    net, call = Net(), {"deterministic": True}
    variables = net.init(jax.random.key(0), X, **call)
    return explain_fn(net, layers="conv", call=call)(variables, X, *labels).explanations


@pytest.mark.parametrize(
    ("labels", "fact"),
    [
        ((1,), r"target is int32\[\]"),
        ((jnp.array([1]),), r"target is int32\[1\]"),
        ((jnp.array([0.0, 1.0]),), "target is float32"),
        (("happy",), "target 'happy'"),
        ((jnp.array([0, -1]),), "target has -1"),
        ((jnp.array([0, 99]),), "target has 99"),
        ((jnp.array([0, 1]), 1), "against is int32"),
        ((jnp.array([0, 1]), jnp.array([99, 1])), "against has 99"),
    ],
)
def test_what_is_no_label_of_each_face_is_named(labels: tuple, fact: str):
    with pytest.raises(InputError, match=fact):
        _explain_labels(*labels)


def test_labels_may_be_numpy_arrays():
    [given] = _explain_labels(np.array([1, 0])).values()
    [wanted] = _explain_labels(jnp.array([1, 0])).values()
    np.testing.assert_array_equal(given.heat_map, wanted.heat_map)


def test_no_layer_at_all_is_refused():
    with pytest.raises(InputError, match="conv"):
        explain_fn(Net(), layers=[], call={"deterministic": True})(
            Net().init(jax.random.key(0), X, True), X
        )


def test_a_score_of_ones_own_is_explained():
    def first_less_mean(logits: jax.Array) -> jax.Array:
        return logits[:, 0] - logits[:, 1:].mean(1)

    found, variables, logits = _explain(Net(), "conv", score=first_less_mean)
    assert relative_difference(found.score, first_less_mean(logits(variables))) < RELATIVE
    assert found.is_complete.all()
    with pytest.raises(InputError, match="one number per face"):
        _explain(Net(), "conv", score=lambda logits: logits)


def occlusion(
    activation: jax.Array, gradient: jax.Array, *, x: jax.Array, forward: Callable
) -> jax.Array:
    """What the score loses where a patch of 4x4 pixels is grey."""
    grid = jnp.eye(4, dtype=bool).reshape(4, 2, 2).repeat(4, 1).repeat(4, 2)
    hidden = jnp.where(grid[:, None, :, :, None], 0.0, x)
    return (forward(x) - forward(hidden)).T.reshape(-1, 2, 2)


class IntegratedGradients:
    """The gradient averaged on the way from black, times the face."""

    name = "integrated-gradients"

    def __init__(self, num_steps: int) -> None:
        self.num_steps = num_steps

    def __call__(
        self, activation: jax.Array, gradient: jax.Array, x: jax.Array, forward: Callable
    ) -> jax.Array:
        shares = (jnp.arange(self.num_steps) + 0.5) / self.num_steps
        slope = jax.grad(lambda x: forward(x).sum())
        return (x * jax.vmap(lambda share: slope(share * x))(shares).mean(0)).sum(-1)


def score_cam(activation: jax.Array, gradient: jax.Array, forward: Callable, x: jax.Array):
    """Channels weighted by the score of the face under each of them as a mask."""
    masks = jax.image.resize(activation, (*x.shape[:3], activation.shape[-1]), "nearest")
    weights = forward(x * jnp.moveaxis(masks, -1, 0)[..., None])
    return jnp.einsum("bhwc,cb->bhw", activation, weights)


def test_methods_of_ones_own_fit_one_signature():
    net, call = Net(), {"deterministic": True}
    variables = _noisy(net.init(jax.random.key(0), X, **call))
    methods = ["hirescam", occlusion, IntegratedGradients(64), score_cam]
    explain = jax.jit(explain_fn(net, methods=methods, layers="conv", call=call))
    found = explain(variables, X, jnp.array([1, 2])).explanations
    assert {name for name, _ in found} == {
        "hirescam", "occlusion", "integrated-gradients", "score_cam",
    }  # fmt: skip
    shapes = {name: one.heat_map.shape[1:] for (name, _), one in found.items()}
    assert shapes["occlusion"] == (2, 2)
    assert shapes["score_cam"] == shapes["hirescam"] == (4, 4)

    def score(x: jax.Array) -> jax.Array:
        return net.apply(variables, x, **call)[jnp.arange(2), jnp.array([1, 2])]

    hidden = X.at[:, :4, 4:].set(0.0)
    wanted = score(X) - score(hidden)
    np.testing.assert_allclose(found["occlusion", "conv"].heat_map[:, 0, 1], wanted, atol=1e-5)
    # Integrated gradients add up to the score less that of black, but for their steps.
    total = found["integrated-gradients", "conv"].heat_map.sum((1, 2))
    wanted = score(X) - score(jnp.zeros_like(X))
    np.testing.assert_allclose(total, wanted, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(
    ("methods", "fact"),
    [
        ("hirescan", "did you mean 'hirescam'"),
        (lambda activation, gradient: activation.sum(-1), "attribute `name`"),
        (["hirescam", type("hirescam", (), {"__call__": lambda *_: None})()], "two methods"),
        ([occlusion, lambda activation, gradient: 0], "<lambda>"),
    ],
)
def test_methods_without_a_name_of_their_own_are_refused(methods: Any, fact: str):
    with pytest.raises(InputError, match=fact):
        explain_fn(Net(), methods=methods, layers="conv")


def test_what_is_no_map_is_refused():
    def flat(activation: jax.Array, gradient: jax.Array) -> jax.Array:
        return activation.sum((1, 2, 3))

    with pytest.raises(InputError, match=r"'flat' gives \(2,\)"):
        _explain(Net(), "conv", methods=flat)


def test_what_gives_no_logits_is_refused():
    with pytest.raises(InputError, match="not logits"):
        explain_fn(lambda variables, x: x, layers=INPUT)({}, X)
