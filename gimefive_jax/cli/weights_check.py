"""`gimefive weights check`."""

import dataclasses
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import tyro

from gimefive_jax.cli.parsing import parse

if TYPE_CHECKING:
    from gimefive_jax.interop.comparison import LayerDifference


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Compare ours with your own torch module, layer by layer, on faces of random pixels.

    Both get the same weights, in eval mode and float32. Prints the largest difference of every
    layer. The exit status is 1 if one differs, relative to its largest output, by more than the
    tolerance.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="IN")]
    """File of weights, run folder (its best checkpoint), a checkpoint folder in it, or a shipped
    name."""
    torch: Annotated[str, tyro.conf.arg(metavar="FILE.py:CLASS")]
    """Your module: its file is run, the class is called without arguments."""
    num_faces: int = 8
    """How many faces are compared."""
    seed: int = 0
    """Seed of the faces."""
    tolerance: float = 1e-5
    """Largest relative difference that counts as equal."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="weights check")
    from gimefive_jax.errors import InputError
    from gimefive_jax.interop.comparison import compare, load_module
    from gimefive_jax.recipes.weights import read_any

    if arguments.num_faces < 1:
        raise InputError(f"num_faces {arguments.num_faces} must be positive")
    if arguments.seed < 0:
        raise InputError(f"seed {arguments.seed} must not be negative")
    if not 0 < arguments.tolerance < math.inf:
        raise InputError(f"tolerance {arguments.tolerance} must be positive and finite")
    module = load_module(arguments.torch)
    weights = read_any(arguments.model)
    for note in weights.notes:
        print(f"gimefive: {note}", file=sys.stderr)
    differences = compare(weights, module, num_faces=arguments.num_faces, seed=arguments.seed)
    _print(differences)
    apart = [found for found in differences if not found.relative <= arguments.tolerance]
    if apart:
        print(
            f"\nnot equal: {len(apart)} of {len(differences)} differ by more than "
            f"{arguments.tolerance:g}, the first is {apart[0].layer} ({apart[0].torch_module})"
        )
        return 1
    print(f"\nequal within {arguments.tolerance:g} on {arguments.num_faces} faces")
    return 0


def _print(differences: Sequence["LayerDifference"]) -> None:
    from gimefive_jax.report.tables import aligned

    cells = [["layer", "torch", "shape", "largest difference", "relative"]]
    for found in differences:
        shape = "x".join(map(str, found.shape))
        numbers = [f"{found.largest:.1e}", f"{found.relative:.1e}"]
        cells.append([found.layer, found.torch_module, shape, *numbers])
    print(aligned(cells))
