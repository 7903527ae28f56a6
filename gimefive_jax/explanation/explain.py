"""Logits, activations and heat maps of a batch, as one pure function."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import flax.linen as nn
import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.activations import StrongestChannels, strongest_channels
from gimefive_jax.explanation.calls import Network, as_network
from gimefive_jax.explanation.capture import Capture, ForwardPass, forward_pass
from gimefive_jax.explanation.forwards import ScoredNetwork
from gimefive_jax.explanation.fusion import FUSED, fuse, in_order, parts_of
from gimefive_jax.explanation.methods import Method, apply_method, find_methods, map_keys
from gimefive_jax.explanation.scores import Score, ScoreFunction
from gimefive_jax.structs import AnyArray, Explanation, PixelScale, Predictions

COMPLETENESS_TOLERANCE = 1e-5
"""Times |score| + |b_eff| + sum|terms|: how far float32 sums may miss an exact identity."""
BLACK_0_WHITE_1 = PixelScale()


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
    pixels: PixelScale = BLACK_0_WHITE_1,
    every_category: bool = False,
    call: Mapping[str, object] | None = None,
) -> ExplainFunction:
    """Gives the explanations of any network as a pure function of variables and faces.

    The network stays as it is: layers are found by name while it runs. A function that calls no
    Linen module has one layer, its `input`. Layers with their own bias or norm enter `bias_effect`;
    where a constant cannot be told, as of a parameter of an unknown module, `bias_effect`
    is None and `unknown` names the reason.

    Args:
      model: A Linen module of any call signature, or a function `(variables, x) -> logits`.
      methods: A name in `METHODS`, a method of your own (see `Method`), or several. A method of
        the input, such as `occlusion`, is explained once, at the layer `input`.
      layers: Names of layers as `explainable_layers` lists them, or `input`. Several joined by
        `+`, as `block2/activation+block3/activation`, give one fused map on the finest of their
        grids: each map's positive part over its maximum, all but the deepest layer's through
        `tanh(2 m)`, and of these the largest in every cell.
      recorded: Layers whose mean activation over channels is given as well.
      num_channels: Of each recorded layer, how many of the strongest channels are given as well.
      score: Function of logits `[batch, category]` that gives a number per face; explained instead
        of a category's logit.
      pixels: What black and white are in the network's input; for methods that change faces.
      every_category: Whether the logit of every category is explained, by one forward pass: each
        array of an `Explanation` but the predictions then has an axis `category` after `batch`.
      call: Further keywords of the model's call, such as `{"train": False}`.

    Returns:
      `(variables, x, target=None, against=None) -> ExplainedBatch`, to be jitted or run by
      `inference.Driver`. `target` is a label `[batch]` for each face, by default the predicted
      category; with `against` the difference of the two logits is explained.

    Raises:
      InputError: A method is unknown, or `every_category` is asked for with a score of one's own;
        once it is called, a layer is unknown, or a target is given beside `every_category`.

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
    asked = (layers,) if isinstance(layers, str) else tuple(layers)
    means = (recorded,) if isinstance(recorded, str) else tuple(recorded)
    if every_category and score is not None:
        raise InputError("every category is explained by its logit; leave out the score")
    needed = _needed_layers(found_methods, asked)

    def explain(
        variables: PyTree,
        x: Float[Array, "batch height width channel"],
        target: object = None,
        against: object = None,
    ) -> ExplainedBatch:
        passed = forward_pass(network, variables, x, layers=needed, recorded=means)
        chosen = passed.score(target, against, score)

        def explained(score: Score) -> dict[tuple[str, str], Explanation]:
            scored = ScoredNetwork(network, variables, x, score, passed.seen)
            maps = _Maps(scored, passed.capture(score), pixels)
            return maps.explanations(found_methods, asked)

        if every_category and target is not None:
            raise InputError("every category is explained; leave out the target")
        explanations = _of_every(explained, chosen, passed) if every_category else explained(chosen)
        return ExplainedBatch(
            explanations=explanations,
            activation_means={name: passed.found.activations[name].mean(-1) for name in means},
            strongest_channels={
                name: strongest_channels(passed.found.activations[name], num_channels)
                for name in means
                if num_channels
            },
        )

    return explain


def _needed_layers(methods: Mapping[str, Method], layers: tuple[str, ...]) -> tuple[str, ...]:
    """Layers whose activations and gradients the methods get."""
    parts = [part for _, layer in map_keys(methods, layers) for part in parts_of(layer)]
    return tuple(dict.fromkeys(parts))


def _of_every(
    explained: Callable[[Score], dict[tuple[str, str], Explanation]],
    score: Score,
    passed: ForwardPass,
) -> dict[tuple[str, str], Explanation]:
    """Explanations of all categories: only what depends on the category is computed for each."""
    num_faces, num_categories = passed.logits.shape
    labels = jnp.arange(num_categories, dtype=score.target.dtype)
    targets = jnp.broadcast_to(labels[:, None], (num_categories, num_faces))
    found = jax.vmap(
        lambda target: explained(dataclasses.replace(score, target=target)), out_axes=1
    )(targets)
    predictions = Predictions(passed.logits)
    return {key: dataclasses.replace(one, predictions=predictions) for key, one in found.items()}


@dataclasses.dataclass(frozen=True, eq=False)
class _Maps:
    """Maps of one score."""

    scored: ScoredNetwork
    found: Capture
    pixels: PixelScale

    def explanations(
        self, methods: Mapping[str, Method], layers: tuple[str, ...]
    ) -> dict[tuple[str, str], Explanation]:
        return {
            (name, layer): self._explanation(methods[name], layer)
            for name, layer in map_keys(methods, layers)
        }

    def _explanation(self, method: Method, layer: str) -> Explanation:
        parts = in_order(parts_of(layer), self.scored.seen)
        maps = [self._heat_map(method, part) for part in parts]
        found = self.found
        explained = Explanation(
            heat_map=maps[0],
            target=found.target,
            predictions=Predictions(found.logits),
            score=found.score(found.logits),
            bias_effect=None,
            completeness_gap=None,
            is_complete=None,
            unknown=FUSED,
        )
        if len(parts) > 1:
            return dataclasses.replace(explained, heat_map=fuse(maps))
        explained = _measured(explained, found, layer)
        if not hasattr(method, "wanted_sum"):
            return explained
        forward = self.scored.from_faces()
        wanted = method.wanted_sum(explained.score, self.scored.x, forward, self.pixels)
        gap = jnp.abs(explained.heat_map.sum((1, 2)) - wanted)
        return dataclasses.replace(explained, completeness_gap=gap)

    def _heat_map(self, method: Method, layer: str) -> Array:
        heat_map = apply_method(
            method,
            self.found.activations[layer],
            self.found.gradients[layer],
            x=self.scored.x,
            forward=self.scored.from_faces(),
            forward_from=self.scored.from_layer(layer),
            pixels=self.pixels,
        )
        # A map is summed the same way whether its gap is measured or not.
        return jax.lax.optimization_barrier(heat_map)


def _measured(explained: Explanation, found: Capture, layer: str) -> Explanation:
    """The explanation of one layer with its part of the biases and its gap."""
    bias_effect = found.bias_effects[layer]
    explained = dataclasses.replace(
        explained, bias_effect=bias_effect, unknown=found.unknown[layer]
    )
    if bias_effect is None:
        return explained
    rest = explained.score - bias_effect
    # Of the layer, not of the method: whether its activations and b_eff make up the score.
    activation, gradient = found.activations[layer], found.gradients[layer]
    terms = (activation * gradient).reshape(activation.shape[0], -1)
    size = jnp.abs(explained.score) + jnp.abs(bias_effect) + jnp.abs(terms).sum(-1)
    return dataclasses.replace(
        explained,
        completeness_gap=jnp.abs(explained.heat_map.sum((1, 2)) - rest),
        is_complete=jnp.abs(terms.sum(-1) - rest) <= COMPLETENESS_TOLERANCE * size,
    )
