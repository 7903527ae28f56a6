"""`gimefive weights show`."""

import dataclasses
import sys
from collections.abc import Sequence
from typing import Annotated

import tyro

from gimefive_jax.cli.parsing import parse
from gimefive_jax.config import ExperimentConfig, ModelConfig


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Say what weights are: model, width, categories in their order, input, and source."""

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="IN")]
    """File of weights, run folder (its best checkpoint), a checkpoint folder in it, or a shipped
    name."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="weights show")
    from gimefive_jax.recipes.weights import read_any

    weights = read_any(arguments.model)
    for note in weights.notes:
        print(f"gimefive: {note}", file=sys.stderr)
    model, data = weights.config.model, weights.config.data
    counted = sorted(set(weights.num_batches_tracked.values()))
    print(
        f"model        {model.name}, width {model.width:g}, {weights.num_parameters:,} parameters"
        f"{_choices(weights.config)}\n"
        f"categories   {', '.join(model.category_names)}\n"
        f"input        {data.image_size} x {data.image_size} pixels, fit by {data.fit}\n"
        f"data         {data.data_name}, unless --data says otherwise\n"
        f"steps        {', '.join(map(str, counted)) or 'unknown'} (num_batches_tracked)\n"
        f"source       {weights.source}"
    )
    if not weights.scaling.is_plain:
        print(f"calibration  {weights.scaling.describe()} makes probabilities of the logits")
    if weights.notice:
        print(f"notice       {weights.notice}")
    return 0


def _choices(config: ExperimentConfig) -> str:
    """What differs from the row of the registry, each after a comma; else nothing."""
    model, row = config.model, ModelConfig()
    parts = []
    if model.depth != row.depth:
        parts.append(f"depth {model.depth}")
    if model.squeeze_excite != row.squeeze_excite:
        parts.append(f"squeeze-excite {model.squeeze_excite}")
    if model.input_channels != row.input_channels:
        parts.append(f"{model.input_channels} input channel")
    if config.reference:
        parts.append("reference (as the paper evaluates)")
    return "".join(f", {part}" for part in parts)
