"""`gimefive models`: the architectures, their size and what the paper reports of them."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated

import tyro

from gimefive_jax.cli.parsing import parse

_NARROW = (0.5, 0.25, 0.125)


@dataclasses.dataclass(frozen=True)
class Arguments:
    """List the architectures and the shipped weights.

    Of each architecture: parameters, work for one face, layers that can be explained, the layer
    that is explained by default, and the paper's accuracy on test sets (percent, full width, six
    categories); then the parameters of narrow variants, and the shipped weights with what was
    measured on them. With MODEL, list its layers as `gimefive explain --layers` takes them: output
    [height, width, channels], parameters.
    """

    model: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[MODEL]")] = None
    """One architecture, whose layers are listed: a name of the list, or package.module:Class."""
    width: float = 1.0
    """Multiplies the number of features of every layer, as `model.width`; 1 is the paper's."""
    image_size: int = 64
    """Side of the square input, in pixels; a multiple of 64, which all models take."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="models")
    from gimefive_jax.errors import InputError

    size, width = arguments.image_size, arguments.width
    if size <= 0 or size % 64:
        raise InputError(f"image_size {size} must be a positive multiple of 64")
    if width <= 0:
        raise InputError(f"width {width} must be positive")
    if arguments.model is not None:
        _print_layers(arguments.model, arguments)
        return 0
    _print_models(arguments)
    if width == 1:
        print()
        _print_narrow(size)
        print()
        _print_shipped()
    return 0


def _print_models(arguments: Arguments) -> None:
    from gimefive_jax.models import ARCHITECTURES
    from gimefive_jax.report.tables import aligned

    data_names = list(ARCHITECTURES["gimefive"].paper_accuracy)
    head = ["model", "parameters", "GFLOP/face", "layers", "default layer", *data_names]
    print(aligned([head, *(_row(name, arguments, data_names) for name in ARCHITECTURES)]))


def _row(name: str, arguments: Arguments, data_names: list[str]) -> list[str]:
    from gimefive_jax.config import ModelConfig
    from gimefive_jax.explanation import explainable_layers
    from gimefive_jax.models import (
        blank_face,
        default_layer,
        find_architecture,
        logits_fn,
        make_model,
    )
    from gimefive_jax.models.cost import measure_cost, variable_shapes

    size, config = arguments.image_size, ModelConfig(name=name, width=arguments.width)
    model = make_model(config)
    cost = measure_cost(model, image_size=size)
    variables, face = variable_shapes(model, image_size=size), blank_face(model, image_size=size)
    paper_accuracy = find_architecture(name).paper_accuracy
    accuracies = (paper_accuracy.get(data_name) for data_name in data_names)
    return [
        name,
        f"{cost.num_parameters:,}",
        f"{cost.flops / 1e9:.3f}",
        str(len(explainable_layers(logits_fn(model), variables, face))),
        default_layer(config),
        *("-" if accuracy is None else f"{accuracy:.1f}" for accuracy in accuracies),
    ]


def _print_narrow(size: int) -> None:
    from gimefive_jax.config import ModelConfig
    from gimefive_jax.models import ARCHITECTURES, make_model
    from gimefive_jax.models.cost import count_parameters, variable_shapes
    from gimefive_jax.report.tables import aligned

    rows = [["parameters at --width", *map(str, _NARROW)]]
    for name in ARCHITECTURES:
        models = (make_model(ModelConfig(name=name, width=width)) for width in _NARROW)
        shapes = (variable_shapes(model, image_size=size) for model in models)
        rows.append([name, *(f"{count_parameters(tree['params']):,}" for tree in shapes)])
    print(aligned(rows))


def _print_shipped() -> None:
    from gimefive_jax.interop.shipped import shipped_card, shipped_names, shipped_numbers
    from gimefive_jax.report.released import read_released
    from gimefive_jax.report.tables import aligned

    rows, lines = [["shipped", "model", "width", "parameters", "data", "split", "accuracy"]], []
    for name in shipped_names():
        found = read_released(shipped_numbers(name))
        what = [found.model, f"{found.width:g}", f"{found.num_parameters:,}", found.data]
        for split, views in found.splits.items():
            rows.append([name, *what, split, f"{views['plain'].accuracy:.2%}"])
        lines.append(f"{name}: {found.notice}; {shipped_card(name)}")
    print("\n".join([aligned(rows), "", *lines]))


def _print_layers(name: str, arguments: Arguments) -> None:
    from gimefive_jax.config import ExperimentConfig, ModelConfig
    from gimefive_jax.explanation import call_order, explainable_layers
    from gimefive_jax.explanation.defaults import layer_by_default, shown_map
    from gimefive_jax.models import blank_face, logits_fn, make_model
    from gimefive_jax.models.cost import count_parameters, variable_shapes
    from gimefive_jax.report.tables import aligned

    config, size = ModelConfig(name=name, width=arguments.width), arguments.image_size
    model = make_model(config)
    variables, face = variable_shapes(model, image_size=size), blank_face(model, image_size=size)
    shapes = call_order(logits_fn(model), variables, face)
    rows = [["layer", "output", "parameters"]]
    layers = explainable_layers(logits_fn(model), variables, face)
    for layer in layers:
        params = variables["params"]
        for part in layer.split("/"):
            # What computes without parameters has no entry.
            params = params.get(part, {})
        rows.append([layer, str(list(shapes[layer][1:])), f"{count_parameters(params):,}"])
    print(aligned(rows))
    experiment = ExperimentConfig(model=config)
    exact = layer_by_default(experiment, layers)
    shown = shown_map(experiment, {layer: shapes[layer] for layer in layers})
    print(f"\nexplained by default: {exact}; drawn: {shown or 'the same'}")
