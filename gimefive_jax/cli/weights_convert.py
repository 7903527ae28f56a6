"""`gimefive weights convert`."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from gimefive_jax import config as configs
from gimefive_jax.cli.parsing import parse
from gimefive_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Convert weights between torch's .pth and .pt, .safetensors, and run folders.

    A torch file holds a state dict, bare or under "state_dict", with the names of the paper's
    checkpoints; it is read without running anything in it. Nothing is lost on the way back: the
    tensors, num_batches_tracked included, are the same bit for bit.
    """

    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="IN")]
    """File of weights, run folder (its best checkpoint), a checkpoint folder in it, or a shipped
    name."""
    target: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """File ending in .safetensors, .pth or .pt, or a new run folder; must not exist."""
    model: str | None = None
    """Row of `gimefive models`; by default the one whose tensors have these names and shapes."""
    image_size: int | None = None
    """Side of the faces that a torch file was trained on, in pixels; by default 64, or what the
    shapes say."""
    key: str | None = None
    """Where in a torch file the state dict lies, keys joined by dots, such as model_ema, or how the
    names of its tensors begin where several networks share one; by default a bare one, or that
    under a usual key such as state_dict or model, not the averaged one."""
    config: str | None = None
    """Config whose recipe OUT, a run folder, gets to train on with: name or file, as in `gimefive
    train`. Its model must be the weights' own; without it the recipe is the schema's defaults."""
    precision: Literal["float32", "float16"] = "float32"
    """Numbers in a .safetensors file: float16 halves its size and rounds the kernels."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="weights convert")
    from gimefive_jax.emotions import VARIANTS
    from gimefive_jax.interop import is_weight_file
    from gimefive_jax.recipes.weights import read_any, with_recipe, write_any

    weights = read_any(
        arguments.source,
        name=arguments.model,
        image_size=arguments.image_size,
        key=arguments.key,
    )
    for note in weights.notes:
        print(f"gimefive: {note}", file=sys.stderr)
    if arguments.config is not None:
        if is_weight_file(arguments.target):
            raise InputError(f"{arguments.target} is a file; only run folders take a --config")
        weights = with_recipe(weights, configs.load_config(arguments.config))
    write_any(arguments.target, weights, precision=arguments.precision)
    if not weights.scaling.is_plain and arguments.target.suffix.lower() != ".safetensors":
        print(
            f"gimefive: {arguments.target} has no place for the calibration "
            f"{weights.scaling.describe()}; its probabilities are raw",
            file=sys.stderr,
        )
    model = weights.config.model
    if (
        arguments.target.suffix.lower() in (".pth", ".pt")
        and model.category_names not in VARIANTS.values()
    ):
        print(
            f"gimefive: {arguments.target} has no place for the names of the categories "
            f"({', '.join(model.category_names)}); a .safetensors file has",
            file=sys.stderr,
        )
    print(
        f"{arguments.source} -> {arguments.target}: {model.name}, width {model.width:g}, "
        f"{weights.num_parameters:,} parameters"
    )
    return 0
