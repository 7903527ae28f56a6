"""A trained model as one file that predicts and explains without this package."""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError, missing_extra
from gimefive_jax.files import replacing
from gimefive_jax.inference import Driver
from gimefive_jax.interop.stablehlo import StableHloProgram, to_stablehlo
from gimefive_jax.models.convolution import plain_convolutions
from gimefive_jax.recipes.export_check import (
    Agreement,
    Outputs,
    by_face,
    check_same,
    drawn_faces,
    in_batches,
    moved_by_rounding,
)
from gimefive_jax.recipes.exported_function import ExportedFunction, Precision

_NUM_FACES = 64
Form = Literal["onnx", "stablehlo"]


@dataclasses.dataclass(frozen=True)
class ExportedFile:
    """What was written."""

    path: Path
    num_bytes: int
    agreement: Agreement
    """How far it lies from the model on 64 faces."""
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
    every_category: bool = True,
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
      every_category: Whether each category is explained; else the predicted one alone, at half the
        cost, without `heat_maps` and `b_eff`.

    Returns:
      What was written, and how far it is from the model.

    Raises:
      InputError: A method or layer is unknown or cannot be expressed, a package is missing, or the
        file differs from the model; nothing is written then.
    """
    _, run = _form(to)
    if batch is not None and batch < 1:
        raise InputError(f"batch {batch} must be at least 1")
    path = Path(out)
    _check_place(path)
    made = ExportedFunction.of(classifier, explain, every_category=every_category)
    data = exported_bytes(classifier, made, to=to, batch=batch, precision=precision)
    stored = _stored(classifier, precision)
    faces = drawn_faces(classifier, _NUM_FACES)
    driver = Driver(classifier.mesh, classifier.config.evaluation.batch_size)
    ours = driver.run(made.outputs, stored, faces)
    agreement = check_same(
        in_batches(run(data), faces, batch),
        ours,
        functools.partial(
            moved_by_rounding,
            function=made.outputs,
            variables=stored,
            faces=faces,
            driver=driver,
            ours=ours,
        ),
    )
    rounding = dict[str, float]()
    if precision == "float16":
        found = by_face(ours, driver.run(made.outputs, classifier.variables, faces))
        rounding = {name: float(values.max()) for name, values in found.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return ExportedFile(path, len(data), agreement, rounding)


def exported_bytes(
    classifier: Classifier,
    made: ExportedFunction,
    *,
    to: Form,
    batch: int | None,
    precision: Precision,
) -> bytes:
    """Gives the content of a file, unchecked; arguments and errors as of `export_model`."""
    write, _ = _form(to)
    with plain_convolutions():
        return write(
            made.outputs,
            _stored(classifier, precision),
            side=classifier.config.data.image_size,
            batch=batch,
            metadata=made.facts(classifier, precision).words(),
            halves=precision == "float16",
        )


def _form(to: Form) -> tuple[Callable[..., bytes], Callable[[bytes], Callable[..., Outputs]]]:
    """What writes a form of file, and what runs one."""
    if to == "stablehlo":
        return to_stablehlo, StableHloProgram
    try:
        from gimefive_jax.interop.onnx import OnnxSession, to_onnx
    except ImportError as error:
        raise missing_extra("writing ONNX", "onnx", "export") from error
    return to_onnx, OnnxSession


def _check_place(path: Path) -> None:
    """Tells before the work whether a file can be written."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{path} cannot be written; name a file in a folder that can, with --out")


def _stored(classifier: Classifier, precision: Precision) -> PyTree:
    """Variables as the file has them, in float32: kernels rounded to half precision or not."""
    variables = jax.device_get(classifier.variables)
    if precision == "float32":
        return variables

    def rounded(leaf: np.ndarray) -> np.ndarray:
        leaf = np.asarray(leaf)
        is_kernel = leaf.ndim > 1 and leaf.dtype == np.float32
        return leaf.astype(np.float16).astype(np.float32) if is_kernel else leaf

    return jax.tree.map(rounded, variables)
