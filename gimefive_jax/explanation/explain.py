"""Logits, activations and heat maps of a batch, as one pure function."""

from collections.abc import Callable

import flax.linen as nn
import flax.struct
from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax.explanation.capture import capture
from gimefive_jax.explanation.methods import METHODS
from gimefive_jax.structs import AnyArray, Explanation, Predictions


@flax.struct.dataclass
class ExplainedBatch:
    """Explanations by (method, layer), and the mean activation of each recorded layer."""

    explanations: dict[tuple[str, str], Explanation]
    activation_means: dict[str, Float[AnyArray, "batch height width"]]


ExplainFunction = Callable[..., ExplainedBatch]
"""`(variables, x, target=None)`: normalised faces `[batch, height, width, channel]`, and a label
for each; without labels the predicted categories are explained."""


def explain_fn(
    model: nn.Module,
    *,
    methods: tuple[str, ...],
    layers: tuple[str, ...],
    recorded: tuple[str, ...] = (),
) -> ExplainFunction:
    """Gives the explanations of `model` as a pure function of variables, faces and targets.

    Args:
      model: A Linen module.
      methods: Names of methods.
      layers: Layers that are explained.
      recorded: Layers whose mean activation over channels is given as well.

    Returns:
      `(variables, x, target=None) -> ExplainedBatch`, not jitted.
    """

    def explain(
        variables: PyTree,
        x: Float[Array, "batch height width channel"],
        target: Int[AnyArray, " batch"] | None = None,
    ) -> ExplainedBatch:
        found = capture(model, variables, x, target, layers=layers, watched=recorded)
        return ExplainedBatch(
            explanations={
                (method, layer): Explanation(
                    heat_map=METHODS[method](found.activations[layer], found.gradients[layer]),
                    target=found.target,
                    predictions=Predictions(found.logits),
                    bias_effect=found.bias_effects[layer],
                )
                for method in methods
                for layer in layers
            },
            activation_means={name: found.activations[name].mean(-1) for name in recorded},
        )

    return explain
