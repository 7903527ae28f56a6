"""One jitted program: logits, activations and heat maps of a batch."""

from collections.abc import Callable

import flax.linen as nn
import flax.struct
import jax
from jax.sharding import Mesh
from jaxtyping import Float, Int, PyTree, UInt8

from gimefive_jax import parallel, preprocess
from gimefive_jax.explanation.capture import capture
from gimefive_jax.explanation.methods import METHODS
from gimefive_jax.structs import AnyArray, Explanation, Predictions


@flax.struct.dataclass
class ExplainedBatch:
    """Explanations by (method, layer), and the mean activation of each watched layer."""

    explanations: dict[tuple[str, str], Explanation]
    activation_means: dict[str, Float[AnyArray, "batch height width"]]


ExplainStep = Callable[
    [PyTree, UInt8[AnyArray, "batch height width channel"], Int[AnyArray, " batch"] | None],
    ExplainedBatch,
]


def make_explain_step(
    model: nn.Module,
    mesh: Mesh,
    *,
    methods: tuple[str, ...],
    layers: tuple[str, ...],
    watched: tuple[str, ...] = (),
) -> ExplainStep:
    """Jitted step; target None explains the predicted category of each face."""

    def step(
        variables: PyTree,
        image: UInt8[AnyArray, "batch height width channel"],
        target: Int[AnyArray, " batch"] | None,
    ) -> ExplainedBatch:
        face = preprocess.to_input(image, channels=model.input_channels)
        found = capture(model, variables, face, target, layers=layers, watched=watched)
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
            activation_means={name: found.activations[name].mean(-1) for name in watched},
        )

    whole, rows = parallel.replicated(mesh), parallel.rows(mesh)
    return jax.jit(step, in_shardings=(whole, rows, rows), out_shardings=rows)
