"""Golden files: what torch answered for every narrow case, a few numbers per tensor.

A file per model. For each rung, a row per tensor: mean, root mean square, largest magnitude and 32
entries. The weights and faces are no part of it: both sides draw them, by numpy's
`default_rng(seed).normal`, whose stream numpy does not promise for ever, and clear them of switches
in float64. Their sha256 is kept, to tell other weights from other answers.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
from jaxtyping import Float

from tests.equivalence import rungs
from tests.equivalence.case import LABELS, Case, faces, variables

FOLDER = Path(__file__).parent / "golden"
NUM_STEPS = 10
_NUM_ENTRIES = 32
_LARGEST = 2  # column


@dataclasses.dataclass(frozen=True)
class Golden:
    """What a file holds."""

    drawn: str
    """sha256 over weights, faces and labels."""
    rows: Mapping[str, Mapping[str, Float[np.ndarray, " column"]]]
    """By rung, then by tensor."""


def eval_mode(case: Case, side: ModuleType) -> dict[str, rungs.Tensors]:
    """Rungs of eval mode, by `ours` or `theirs`."""
    return rungs.of_explained(case, side.explained(case))


def one_step(case: Case, side: ModuleType) -> dict[str, rungs.Tensors]:
    """Rungs of a step in float32."""
    return rungs.of_step(side.trained(case, "float32", 1)[0])


def ten_steps(case: Case, side: ModuleType) -> dict[str, rungs.Tensors]:
    """Every step's loss, and what the last step left behind."""
    steps = side.trained(case, "float64", NUM_STEPS)
    [(rung, tensors)] = rungs.of_steps(steps, variables(case)["params"]).items()
    kept = (f"{NUM_STEPS}/parameters/", f"{NUM_STEPS}/statistics/")
    return {
        rung: {
            name: tensor
            for name, tensor in tensors.items()
            if name.startswith(kept) or name.endswith("/loss")
        }
    }


def rows_of(answers: Mapping[str, rungs.Tensors]) -> dict[str, dict[str, np.ndarray]]:
    """Rows of the tensors in `answers`."""
    return {
        rung: {name: _row(tensor) for name, tensor in tensors.items()}
        for rung, tensors in answers.items()
    }


def differences(
    rung: str, found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Largest difference between two rows, by the largest magnitude in the whole tensor."""
    assert found.keys() == wanted.keys()
    return {
        name: float(
            np.abs(found[name] - wanted[name]).max()
            / max(wanted[rungs.scale_of(rung, name)][_LARGEST], 1e-30)
        )
        for name in wanted
    }


def hash_drawn(case: Case) -> str:
    """sha256 over the weights, faces and labels of `case` as they are drawn here."""
    digest = hashlib.sha256(LABELS.astype("<i8").tobytes())
    for array in [*jax.tree.leaves(variables(case)), *map(faces, range(NUM_STEPS))]:
        digest.update(np.asarray(array).astype("<f4").tobytes())
    return digest.hexdigest()


def path_of(case: Case) -> Path:
    """File of `case`."""
    return FOLDER / f"{case.name}.npz"


def write(case: Case, golden: Golden) -> None:
    """Write the file of `case`."""
    arrays = {"drawn": np.array(golden.drawn)}
    for rung, rows in golden.rows.items():
        arrays[f"{rung}/names"] = np.array("\n".join(rows))
        arrays[f"{rung}/rows"] = np.stack(list(rows.values())).astype("<f4")
    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(path_of(case), **arrays)


def read(case: Case) -> Golden:
    """The file of `case`."""
    with np.load(path_of(case)) as file:
        return Golden(
            drawn=str(file["drawn"]),
            rows={
                rung: dict(zip(str(names).split("\n"), file[f"{rung}/rows"], strict=True))
                for rung, names in (
                    (key.removesuffix("/names"), file[key])
                    for key in file.files
                    if key.endswith("/names")
                )
            },
        )


def _row(tensor: np.ndarray) -> Float[np.ndarray, " column"]:
    values = np.asarray(tensor, np.float64).ravel()
    # The multiples of the golden ratio spread evenly over any range, and need no random numbers.
    places = (np.arange(1, _NUM_ENTRIES + 1) * ((5**0.5 - 1) / 2) % 1 * values.size).astype(int)
    mean, square = values.mean(), (values**2).mean()
    return np.array([mean, square**0.5, np.abs(values).max(), *values[places]])
