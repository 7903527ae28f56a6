"""Activations and gradients of any named layer of an untouched model, in one pass."""

import dataclasses
from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.calls import INPUT, Call, Network, Trace, trace, visited
from gimefive_jax.explanation.constants import added_constant, effect_of_constant
from gimefive_jax.explanation.layers import check_layers
from gimefive_jax.explanation.scores import Score, ScoreFunction, check_labels
from gimefive_jax.structs import AnyArray


@flax.struct.dataclass
class Capture:
    """What one forward and one backward pass tell about a batch."""

    logits: Float[Array, "batch emotion"]
    score: Score
    """What is explained: by default the target's logit."""
    activations: dict[str, Array]
    """By layer: `[batch, height, width, channel]`."""
    gradients: dict[str, Array]
    """By layer: derivative of the score with respect to the activation."""
    bias_effects: dict[str, Float[Array, " batch"] | None]
    """By layer: b_eff, the sum over biases b behind the layer of b times the score's derivative in
    b; None where a constant cannot be told.

    With a HiResCAM map it adds up to the score where all of the network behind the layer is
    piecewise linear and nothing leads around the layer: at every default layer, not inside a
    residual block nor before a squeeze-excite gate or a layer norm."""
    unknown: dict[str, str] = flax.struct.field(pytree_node=False, default_factory=dict)
    """By layer: why a constant behind it cannot be told; empty where all can."""

    @property
    def target(self) -> Int[AnyArray, " batch"]:
        """Label that is explained of each face."""
        return self.score.target


@dataclasses.dataclass(frozen=True, eq=False)
class ForwardPass:
    """A batch on its way through the network once, from which any score is pulled back."""

    logits: Float[Array, "batch emotion"]
    layers: tuple[str, ...]
    seen: Trace
    found: "_Found"
    pull_back: Callable[[Array], tuple[dict[str, Array]]]
    """From the score's derivative in the logits to that in the output of each layer, by name."""

    def score(
        self, target: object = None, against: object = None, function: ScoreFunction | None = None
    ) -> Score:
        """Gives what is explained.

        Args:
          target: A label for each face, integers `[batch]`; None takes the predicted categories.
          against: Other labels, one for each face, whose logit is taken from the target's.
          function: Function of the logits that is explained instead.

        Returns:
          The score.

        Raises:
          InputError: Labels are not one for each face, or the number of no category.
        """
        logits = self.logits
        target = logits.argmax(-1) if target is None else check_labels("target", target, logits)
        against = None if against is None else check_labels("against", against, logits)
        return Score(target, against, function)

    def capture(self, score: Score) -> Capture:
        """Pulls a score back to the layers.

        Args:
          score: What is explained of each face.

        Returns:
          Activations, gradients and the constants that enter the score.
        """
        (slopes,) = self.pull_back(score.slope(self.logits))
        constants, seen = self.found.constants, self.seen
        effects = {name: effect_of_constant(one, slopes[name]) for name, one in constants.items()}
        unknown = {layer: seen.unknown_above(layer) for layer in self.layers}

        def bias_effect(layer: str) -> Float[Array, " batch"] | None:
            above = [effects[n] for n in effects if seen.position(n) > seen.position(layer)]
            zero = jnp.zeros(self.logits.shape[0], self.logits.dtype)
            return None if unknown[layer] else sum(above, start=zero)

        return Capture(
            logits=self.logits,
            score=score,
            activations=self.found.activations,
            gradients={layer: slopes[layer] for layer in self.layers},
            bias_effects={layer: bias_effect(layer) for layer in self.layers},
            unknown=unknown,
        )


def forward_pass(
    network: Network,
    variables: PyTree,
    x: Float[Array, "batch height width channel"],
    *,
    layers: tuple[str, ...],
    recorded: tuple[str, ...] = (),
) -> ForwardPass:
    """Runs the network once and keeps what is needed to pull scores back to `layers`.

    A zero is added to each layer's output; the derivative with respect to that zero is the layer's
    gradient, and what lies below the lowest layer is never differentiated. Rows are independent in
    evaluation mode, so one backward pass serves the whole batch.

    Args:
      network: `(variables, x) -> logits`, of any Linen modules or none.
      variables: Of the network.
      x: Its input.
      layers: Names of calls of modules, or `input`.
      recorded: Layers whose activations are kept as well.

    Returns:
      The pass.

    Raises:
      InputError: A layer is unknown, has no row for each face, or uses statistics of the batch.
    """
    seen = trace(network, variables, x)
    check_layers((*layers, *recorded), list(seen.layers))
    if not layers:
        raise InputError(f"no layer is named; known: {', '.join((*seen.layers, INPUT))}")
    lowest = min(map(seen.position, layers))
    above = [n for n, one in seen.layers.items() if one.adds and seen.position(n) > lowest]
    # One zero per layer and per call that adds a constant above the lowest layer.
    zeros = {name: _zeros(name, seen, x) for name in dict.fromkeys((*layers, *above))}

    def forward(zeros: dict[str, Array]) -> tuple[Array, _Found]:
        return _run_with(zeros, network, variables, x, kept=(*layers, *recorded), seen=seen)

    logits, pull_back, found = jax.vjp(forward, zeros, has_aux=True)
    kept = {name: found.constants[name] for name in above}
    return ForwardPass(logits, layers, seen, _Found(found.activations, kept), pull_back)


def capture(
    network: Network,
    variables: PyTree,
    x: Float[Array, "batch height width channel"],
    target: object = None,
    against: object = None,
    *,
    layers: tuple[str, ...],
    recorded: tuple[str, ...] = (),
    score: ScoreFunction | None = None,
) -> Capture:
    """Computes activations and gradients of `layers`, and activations alone of `recorded`.

    Args:
      network: `(variables, x) -> logits`, of any Linen modules or none.
      variables: Of the network.
      x: Its input.
      target: A label for each face, integers `[batch]`; None takes the predicted categories.
      against: Other labels, one for each face, whose logit is taken from the target's.
      layers: Names of calls of modules, or `input`.
      recorded: As `layers`.
      score: Function of the logits that is explained instead.

    Returns:
      Logits, activations, gradients and the constants that enter the score.

    Raises:
      InputError: A layer is unknown, has no row for each face, or uses statistics of the batch.
    """
    passed = forward_pass(network, variables, x, layers=layers, recorded=recorded)
    return passed.capture(passed.score(target, against, score))


@flax.struct.dataclass
class _Found:
    """What a pass leaves behind, by name."""

    activations: dict[str, Array]
    constants: dict[str, Array]


def _run_with(
    zeros: dict[str, Array],
    network: Network,
    variables: PyTree,
    x: Array,
    *,
    kept: tuple[str, ...],
    seen: Trace,
) -> tuple[Array, _Found]:
    """Logits with `zeros` added to the outputs of their names."""
    found = _Found({}, {})

    def visit(call: Call, output: Any) -> Any:
        if not call.is_layer:
            return output
        if call.name in zeros:
            output = output + zeros[call.name]
            constant = added_constant(call.module, output) if seen.layers[call.name].adds else None
            if constant is not None:
                found.constants[call.name] = constant
        if call.name in kept:
            found.activations[call.name] = output
        return output

    if INPUT in kept and INPUT not in seen.layers:
        x = x + zeros[INPUT] if INPUT in zeros else x
        found.activations[INPUT] = x
    return visited(network, visit)(variables, x), found


def _zeros(name: str, seen: Trace, x: Array) -> Array:
    if name not in seen.layers:
        return jnp.zeros_like(x)
    layer = seen.layers[name]
    if layer.shape[:1] != x.shape[:1]:
        raise InputError(
            f"layer {name} gives {list(layer.shape)}, which has no row for each of the "
            f"{x.shape[0]} faces; name another layer"
        )
    return jnp.zeros(layer.shape, layer.dtype)
