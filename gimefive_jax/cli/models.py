"""`gimefive models`: the architectures, their size and what the paper reports of them."""

import dataclasses
from collections.abc import Sequence

from gimefive_jax.cli.parsing import parse


@dataclasses.dataclass(frozen=True)
class Arguments:
    """List the architectures: parameters, work for one face, layers that can be explained, the
    layer that is explained by default, and the paper's accuracy on test sets (percent, full
    width, six categories)."""

    width: float = 1.0
    """Multiplies the number of features of every layer, as `model.width`; 1 is the paper's."""
    image_size: int = 64
    """Side of the square input, in pixels; a multiple of 64, which all models take."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="models")
    from gimefive_jax.cli.output import table
    from gimefive_jax.errors import InputError

    size, width = arguments.image_size, arguments.width
    if size <= 0 or size % 64:
        raise InputError(f"image_size {size} must be a positive multiple of 64")
    if width <= 0:
        raise InputError(f"width {width} must be positive")
    from gimefive_jax.models import ARCHITECTURES

    data_names = list(ARCHITECTURES["gimefive"].paper_accuracy)
    head = ["model", "parameters", "GFLOP/face", "layers", "default layer", *data_names]
    rows = [_row(name, arguments, data_names) for name in ARCHITECTURES]
    print(table([head, *rows]))
    return 0


def _row(name: str, arguments: Arguments, data_names: list[str]) -> list[str]:
    import jax
    import jax.numpy as jnp

    from gimefive_jax.config import ModelConfig
    from gimefive_jax.explanation.capture import explainable_layers
    from gimefive_jax.models import find_architecture, make_model
    from gimefive_jax.models.cost import measure_cost, variable_shapes

    size, architecture = arguments.image_size, find_architecture(name)
    model = make_model(ModelConfig(name=name, width=arguments.width))
    cost = measure_cost(model, image_size=size)
    face = jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)
    layers = explainable_layers(model, variable_shapes(model, image_size=size), face)
    accuracies = (architecture.paper_accuracy.get(data_name) for data_name in data_names)
    return [
        name,
        f"{cost.num_parameters:,}",
        f"{cost.flops / 1e9:.3f}",
        str(len(layers)),
        architecture.default_layer,
        *("-" if accuracy is None else f"{accuracy:.1f}" for accuracy in accuracies),
    ]
