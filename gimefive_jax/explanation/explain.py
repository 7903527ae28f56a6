"""Logits, activations and heat maps of a batch, as one pure function."""

import math
from collections.abc import Callable, Mapping, Sequence

import flax.linen as nn
import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from gimefive_jax.explanation.activations import StrongestChannels, strongest_channels
from gimefive_jax.explanation.calls import Network, as_network
from gimefive_jax.explanation.capture import Capture, capture
from gimefive_jax.explanation.methods import Method, apply_method, find_methods
from gimefive_jax.explanation.scores import Score, ScoreFunction
from gimefive_jax.structs import AnyArray, Explanation, Predictions

COMPLETENESS_TOLERANCE = 1e-5
"""Times |score| + |b_eff| + sum|terms|: how far float32 sums may miss an exact identity."""


@flax.struct.dataclass
class ExplainedBatch:
    """Explanations by (method, layer), and the mean activation of each recorded layer."""

    explanations: dict[tuple[str, str], Explanation]
    activation_means: dict[str, Float[AnyArray, "batch height width"]]
    strongest_channels: dict[str, StrongestChannels] = flax.struct.field(default_factory=dict)
    """Of each recorded layer, where they are asked for."""


ExplainFunction = Callable[..., ExplainedBatch]
"""`(variables, x, target=None, against=None)`; see `explain_fn`."""


def explain_fn(
    model: nn.Module | Network,
    *,
    methods: str | Method | Sequence[str | Method] = "hirescam",
    layers: str | Sequence[str],
    recorded: str | Sequence[str] = (),
    num_channels: int = 0,
    score: ScoreFunction | None = None,
    call: Mapping[str, object] | None = None,
) -> ExplainFunction:
    """Gives the explanations of any network as a pure function of variables and faces.

    The network stays as it is: layers are found by name while it runs. A function that calls no
    Linen module has one layer, its `input`. Layers with their own bias or norm enter `bias_effect`;
    where a constant cannot be told, as of a parameter of an unknown module, `bias_effect`
    is None and `unknown` names the reason.

    Args:
      model: A Linen module of any call signature, or a function `(variables, x) -> logits`.
      methods: `hirescam`, `gradcam`, a method of your own (see `Method`), or several.
      layers: Names of layers as `explainable_layers` lists them, or `input`.
      recorded: Layers whose mean activation over channels is given as well.
      num_channels: Of each recorded layer, how many of the strongest channels are given as well.
      score: Function of logits `[batch, category]` that gives a number per face; explained instead
        of a category's logit.
      call: Further keywords of the model's call, such as `{"train": False}`.

    Returns:
      `(variables, x, target=None, against=None) -> ExplainedBatch`, to be jitted or run by
      `inference.Driver`. `target` is a label `[batch]` for each face, by default the predicted
      category; with `against` the difference of the two logits is explained.

    Raises:
      InputError: A method is unknown; once it is called, a layer is unknown.

    Example:
      >>> import flax.linen as nn, jax
      >>> class Net(nn.Module):
      ...     @nn.compact
      ...     def __call__(self, x):
      ...         x = nn.relu(nn.Conv(4, (3, 3), name="conv")(x))
      ...         return nn.Dense(2, name="logits")(x.mean((1, 2)))
      >>> x = jax.numpy.ones((1, 8, 8, 3))
      >>> variables = Net().init(jax.random.key(0), x)
      >>> explained = jax.jit(explain_fn(Net(), layers="conv"))(variables, x)
      >>> explained.explanations["hirescam", "conv"].heat_map.shape
      (1, 8, 8)
    """
    network = as_network(model, call)
    found_methods = find_methods(methods)
    explained = (layers,) if isinstance(layers, str) else tuple(layers)
    means = (recorded,) if isinstance(recorded, str) else tuple(recorded)

    def explain(
        variables: PyTree,
        x: Float[Array, "batch height width channel"],
        target: object = None,
        against: object = None,
    ) -> ExplainedBatch:
        found = capture(
            network, variables, x, target, against, layers=explained, recorded=means, score=score
        )
        forward = _forward(network, variables, x, found.score)
        return ExplainedBatch(
            explanations={
                (name, layer): _explanation(found, layer, method, x=x, forward=forward)
                for name, method in found_methods.items()
                for layer in explained
            },
            activation_means={name: found.activations[name].mean(-1) for name in means},
            strongest_channels={
                name: strongest_channels(found.activations[name], num_channels)
                for name in means
                if num_channels
            },
        )

    return explain


def _explanation(
    found: Capture, layer: str, method: Method, *, x: Array, forward: Callable[[Array], Array]
) -> Explanation:
    activation, gradient = found.activations[layer], found.gradients[layer]
    heat_map = apply_method(method, activation, gradient, x=x, forward=forward)
    # A map is summed the same way whether its gap is measured or not.
    heat_map = jax.lax.optimization_barrier(heat_map)
    score, bias_effect = found.score(found.logits), found.bias_effects[layer]
    gap, is_complete = None, None
    if bias_effect is not None:
        rest = score - bias_effect
        gap = jnp.abs(heat_map.sum((1, 2)) - rest)
        # Of the layer, not of the method: whether its activations and b_eff make up the score.
        terms = (activation * gradient).reshape(len(x), -1)
        size = jnp.abs(score) + jnp.abs(bias_effect) + jnp.abs(terms).sum(-1)
        is_complete = jnp.abs(terms.sum(-1) - rest) <= COMPLETENESS_TOLERANCE * size
    return Explanation(
        heat_map=heat_map,
        target=found.target,
        predictions=Predictions(found.logits),
        score=score,
        bias_effect=bias_effect,
        completeness_gap=gap,
        is_complete=is_complete,
        unknown=found.unknown[layer],
    )


def _forward(
    network: Network, variables: PyTree, x: Array, score: Score
) -> Callable[[Array], Array]:
    """Scores of changed faces, `[..., batch, height, width, channel]` to `[..., batch]`."""

    def forward(changed: Array) -> Array:
        copies, face = changed.shape[: changed.ndim - x.ndim], changed.shape[1 - x.ndim :]
        flat = changed.reshape(math.prod(copies) * len(x), *face)
        return score(network(variables, flat)).reshape(*copies, len(x))

    return forward
