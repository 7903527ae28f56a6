"""The two face networks run by LiteRT, which takes less time than XLA on a CPU."""

import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import jax
import numpy as np
from jaxtyping import Float, UInt8

from gimefive_jax.errors import missing_extra
from gimefive_jax.faces import blazeface, mesh
from gimefive_jax.faces.anchors import Detections
from gimefive_jax.faces.finding import BlazeFaceDetector, faces_at_anchors
from gimefive_jax.faces.found import FaceDetector
from gimefive_jax.faces.mesh_landmarks import Located, Look, in_image
from gimefive_jax.faces.squares import Squares, cut_squares
from gimefive_jax.interop.shipped import ASSETS

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

BLAZEFACE, MESH = "face_detection_short_range", "face_landmark"
_THREADS = 2
# What is computed around the networks is that of the Linen modules, compiled without them.
_faces_at_anchors = jax.jit(faces_at_anchors)
_in_image = jax.jit(in_image)
_cut_squares = jax.jit(functools.partial(cut_squares, side=mesh.INPUT_SIDE))


class LiteRtNetwork:
    """A shipped network, run on two threads; several threads may call it, one after the other.

    Args:
      name: Of the `.tflite` file.

    Raises:
      InputError: LiteRT is missing.
    """

    def __init__(self, name: str) -> None:
        self._lock = threading.Lock()
        self._interpreter = _interpreter(name)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [one["index"] for one in self._interpreter.get_output_details()]

    def __call__(
        self, x: Float[np.ndarray, "1 side side 3"]
    ) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
        """Gives both outputs for an image, the smaller one first."""
        with self._lock:
            self._interpreter.set_tensor(self._input, x)
            self._interpreter.invoke()
            outputs = [self._interpreter.get_tensor(one) for one in self._outputs]
        small, large = sorted(outputs, key=np.size)
        return small, large


def make_litert(*, min_score: float, max_faces: int, tiles: bool) -> BlazeFaceDetector:
    """Gives the detector whose networks LiteRT runs, on this machine's CPU; see `make_detector`.

    Raises:
      InputError: LiteRT is missing.
    """
    for name in (BLAZEFACE, MESH):
        _network(name)
    return BlazeFaceDetector(find_by_litert, look_by_litert, min_score, max_faces, tiles)


def look_of(detector: FaceDetector) -> Look | None:
    """Gives what runs the face mesh beside a detector.

    Args:
      detector: What finds the faces.

    Returns:
      LiteRT, where it runs the detector too; else None, as any devices may run the mesh.
    """
    by_litert = isinstance(detector, BlazeFaceDetector) and detector.look is look_by_litert
    return look_by_litert if by_litert else None


def find_by_litert(
    views: UInt8[np.ndarray, "view 128 128 3"], min_score: Float[np.ndarray, " view"]
) -> Detections:
    """Does what `finding.find_in_views` does, the network by LiteRT.

    Args:
      views: Red, green and blue, at least one.
      min_score: That a face needs, for each view.

    Returns:
      At most 32 faces of each view, as numpy arrays.
    """
    found = []
    for view, least in zip(views, min_score, strict=True):
        logits, values = _network(BLAZEFACE)(view[None] / np.float32(127.5) - 1)
        outputs = blazeface.AnchorOutputs(logits[..., 0], values)
        found.append(jax.device_get(_faces_at_anchors(outputs, least[None])))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *found)


def look_by_litert(
    images: UInt8[np.ndarray, "face height width channel"], squares: Squares
) -> Located:
    """Does one look of the face mesh, the network by LiteRT.

    Args:
      images: uint8 grey or colour, all of one size, at least one.
      squares: Where to look.

    Returns:
      What the look gave, as numpy arrays.
    """
    located = []
    for row in range(len(images)):
        square = jax.tree.map(lambda leaf, row=row: leaf[row : row + 1], squares)
        x = np.asarray(_cut_squares(images[row : row + 1], square))
        presence, points = _network(MESH)(x)
        found = mesh.Mesh(points.reshape(1, mesh.NUM_POINTS, 3), presence.reshape(1))
        located.append(jax.device_get(_in_image(found, square)))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *located)


@functools.cache
def _network(name: str) -> LiteRtNetwork:
    return LiteRtNetwork(name)


def _interpreter(name: str) -> "Interpreter":
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise missing_extra("the detector litert", "ai-edge-litert", "litert") from error
    with _silent():
        path = ASSETS / "faces" / f"{name}.tflite"
        interpreter = Interpreter(str(path), num_threads=_THREADS)
        interpreter.allocate_tensors()
    return interpreter


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keeps from standard error the line that LiteRT's native code writes as it starts."""
    try:
        kept = os.dup(2)
    except OSError:
        # It is closed: nothing is written.
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
