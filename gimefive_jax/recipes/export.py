"""A trained model as one file that predicts and explains without this package."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import jax
import numpy as np
from jaxtyping import PyTree, UInt8

from data_prep.drawn_faces.dataset import draw_split
from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError, missing_extra
from gimefive_jax.files import replacing
from gimefive_jax.inference import Driver
from gimefive_jax.interop.stablehlo import StableHloProgram, to_stablehlo
from gimefive_jax.models.convolution import plain_convolutions
from gimefive_jax.recipes.exported_function import ExportedFunction, Precision
from gimefive_jax.structs import AnyArray

TOLERANCE = 1e-4
"""How far an output of the file may lie from ours, over its largest value or 1."""
_NUM_FACES = 64
Form = Literal["onnx", "stablehlo"]
Outputs = Mapping[str, AnyArray]


@dataclasses.dataclass(frozen=True)
class ExportedFile:
    """What was written."""

    path: Path
    num_bytes: int
    differences: Mapping[str, float]
    """By output: the largest difference from ours on 64 faces, over the largest value or 1."""
    rounding: Mapping[str, float]
    """The same for what float16 weights change; empty in float32."""


def export_model(
    classifier: Classifier,
    out: str | Path,
    *,
    to: Form = "onnx",
    explain: str = "",
    batch: int | None = None,
    precision: Precision = "float32",
) -> ExportedFile:
    """Writes a model as one file that predicts and explains, and checks it before.

    The file takes uint8 faces `[batch, side, side, 3]`, preprocesses them itself, and gives
    `logits`, `probabilities` (calibrated), `predicted`, and where it explains `heat_map`,
    `heat_maps` and `b_eff`.

    Args:
      classifier: The model.
      out: The file, written once it gives for 64 drawn faces what the model gives.
      to: `onnx`, or `stablehlo`: see `interop.stablehlo.to_stablehlo`.
      explain: `METHOD@LAYER`, a method alone, or `none`; by default the map that is drawn.
      batch: How many faces at a time; None leaves it open.
      precision: Of the weights in the file; it computes in float32.

    Returns:
      What was written, and how far it is from the model.

    Raises:
      InputError: A method or layer is unknown or cannot be expressed, a package is missing, or the
        file differs from the model; nothing is written then.
    """
    write, run = _form(to)
    if batch is not None and batch < 1:
        raise InputError(f"batch {batch} must be at least 1")
    path = Path(out)
    _check_place(path)
    made = ExportedFunction.of(classifier, explain)
    variables = jax.device_get(classifier.variables)
    stored = _halved(variables) if precision == "float16" else variables
    with plain_convolutions():
        data = write(
            made.outputs,
            stored,
            side=classifier.config.data.image_size,
            batch=batch,
            metadata=made.facts(classifier, precision).words(),
            halves=precision == "float16",
        )
    faces = _drawn_faces(classifier)
    ours = _ours(classifier, made, stored, faces)
    theirs = in_batches(run(data), faces, batch)
    differences = compare(theirs, ours)
    _check_same(differences)
    rounding = dict[str, float]()
    if precision == "float16":
        rounding = compare(ours, _ours(classifier, made, variables, faces))
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return ExportedFile(path, len(data), differences, rounding)


def _form(to: Form) -> tuple[Callable[..., bytes], Callable[[bytes], Callable[..., Outputs]]]:
    """What writes a form of file, and what runs one."""
    if to == "stablehlo":
        return to_stablehlo, StableHloProgram
    try:
        from gimefive_jax.interop.onnx import OnnxSession, to_onnx
    except ImportError as error:
        raise missing_extra("writing ONNX", "onnx", "export") from error
    return to_onnx, OnnxSession


def _check_same(differences: Mapping[str, float]) -> None:
    # Also where it is no number.
    wrong = [name for name, difference in differences.items() if not difference <= TOLERANCE]
    for worst in wrong:
        raise InputError(
            f"{worst} of the exported file differs from the model's by {differences[worst]:.1e}, "
            f"more than {TOLERANCE:.0e}; nothing is written; another --explain may serve"
        )


def _check_place(path: Path) -> None:
    """Tells before the work whether a file can be written."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{path} cannot be written; name a file in a folder that can, with --out")


def compare(theirs: Outputs, ours: Outputs) -> dict[str, float]:
    """Computes by output the largest difference, over the largest value or 1."""
    return {
        name: float(np.abs(theirs[name] - wanted).max() / max(1.0, np.abs(wanted).max()))
        for name, wanted in ours.items()
    }


def in_batches(
    run: Callable[[np.ndarray], Outputs],
    faces: UInt8[np.ndarray, "face side side 3"],
    batch: int | None,
) -> Outputs:
    """Gives the outputs for all faces of what takes `batch` at a time, or any number."""
    size = batch or len(faces) - 3
    parts = list[Outputs]()
    for first in range(0, len(faces), size):
        part = faces[first : first + size]
        filled = np.resize(part, (batch or len(part), *part.shape[1:]))
        parts.append({name: rows[: len(part)] for name, rows in run(filled).items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _ours(
    classifier: Classifier,
    made: ExportedFunction,
    variables: PyTree,
    faces: UInt8[np.ndarray, "face side side 3"],
) -> Outputs:
    driver = Driver(classifier.mesh, classifier.config.evaluation.batch_size)
    return driver.run(made.outputs, variables, faces)


def _drawn_faces(classifier: Classifier) -> UInt8[np.ndarray, "face side side 3"]:
    """Drawn faces in noise.

    Where a picture is flat, several values of a pooling window are the largest and share the
    gradient; which are equal is then left to the rounding of whoever computes them.
    """
    random = np.random.default_rng(0)
    drawn = classifier.pixels([face.pixels for face in draw_split("test", _NUM_FACES, seed=0)])
    noise = random.integers(-8, 9, (*drawn.shape[:3], 1))
    return (np.clip(drawn, 8, 247) + noise).astype(np.uint8)


def _halved(variables: PyTree) -> PyTree:
    """Kernels rounded to half precision, as float32; biases and statistics as they are."""

    def rounded(leaf: np.ndarray) -> np.ndarray:
        leaf = np.asarray(leaf)
        is_kernel = leaf.ndim > 1 and leaf.dtype == np.float32
        return leaf.astype(np.float16).astype(np.float32) if is_kernel else leaf

    return jax.tree.map(rounded, variables)
