"""Functions of faces as StableHLO: one artifact for CPU, CUDA and TPU, by `jax.export`."""

import contextlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree, UInt8

from gimefive_jax.errors import InputError
from gimefive_jax.interop.face_count import face_count

PLATFORMS = ("cpu", "cuda", "tpu")
_PROGRAM, _FACTS = "program", "facts.json"
_FOLDERS = "jax_hlo_source_file_canonicalization_regex"


def to_stablehlo(
    function: Callable[[PyTree, Array], Mapping[str, Array]],
    variables: PyTree,
    *,
    side: int,
    batch: int | None,
    metadata: Mapping[str, str],
    halves: bool = False,
) -> bytes:
    """Gives a function of faces as an artifact, the variables in it.

    Args:
      function: Pure `(variables, faces)`, faces uint8 `[batch, side, side, 3]`, which gives arrays
        by name, each with a row for each face.
      variables: Of the function, as numpy or jax arrays.
      side: Of the faces, in pixels.
      batch: How many faces at a time; None leaves it open.
      metadata: Words by name, which the artifact carries.
      halves: Whether kernels, which are half precision exactly, are stored so.

    Returns:
      A zip file of `program`, which `jax.export.deserialize` takes, and `facts.json`.

    Raises:
      InputError: The function needs a number of faces, and `batch` is None.
    """
    stored = jax.tree.map(_as_half, variables) if halves else variables

    def run(faces: Array) -> dict[str, Array]:
        return dict(function(jax.tree.map(_as_single, stored), faces))

    with _paths_left_out(), face_count(batch) as size:
        faces = jax.ShapeDtypeStruct((size, side, side, 3), np.uint8)
        program = jax.export.export(jax.jit(run), platforms=PLATFORMS)(faces).serialize()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        # A time of its own would make other bytes of the same model.
        for name, data in ((_PROGRAM, bytes(program)), (_FACTS, _json(metadata))):
            parts.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


class StableHloProgram:
    """Runs an artifact on this machine's devices.

    Args:
      artifact: A file that `to_stablehlo` made, or its bytes.

    Raises:
      InputError: It is no such file.
    """

    def __init__(self, artifact: Path | bytes) -> None:
        opened = io.BytesIO(artifact) if isinstance(artifact, bytes) else artifact
        try:
            with zipfile.ZipFile(opened) as parts:
                program, facts = parts.read(_PROGRAM), parts.read(_FACTS)
        except (zipfile.BadZipFile, KeyError) as error:
            raise InputError(f"{artifact!r:.80} is no exported StableHLO program") from error
        self._call = jax.export.deserialize(bytearray(program)).call
        self.metadata: dict[str, str] = json.loads(facts)
        """Words that the artifact carries, by name."""

    def __call__(self, faces: UInt8[np.ndarray, "face side side 3"]) -> dict[str, np.ndarray]:
        """Gives all outputs for some faces, by name."""
        return jax.device_get(self._call(faces))


@contextlib.contextmanager
def _paths_left_out() -> Iterator[None]:
    """Has programs name the file that an operation comes from, but no folder of this machine."""
    before = getattr(jax.config, _FOLDERS)
    jax.config.update(_FOLDERS, r".*[/\\]")
    try:
        yield
    finally:
        jax.config.update(_FOLDERS, before)


def _json(metadata: Mapping[str, str]) -> bytes:
    return json.dumps(dict(metadata), indent=1, ensure_ascii=False).encode()


def _as_half(leaf: Array) -> np.ndarray:
    array = np.asarray(leaf)
    return array.astype(np.float16) if array.ndim > 1 else array


def _as_single(leaf: np.ndarray) -> Array:
    # In two steps: of a numpy array, asarray would store the result and not the conversion.
    array = jnp.asarray(leaf)
    return array.astype(jnp.float32) if leaf.dtype == np.float16 else array
