"""The face networks as LiteRT runs them; what they give for a few inputs is kept beside this file.

    python -m tests.faces.litert

writes these golden outputs again, from the two .tflite files that the package carries; it needs the
PyPI package ai-edge-litert.
"""

from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Float

from data_prep.drawn_faces.dataset import draw_face
from gimefive_jax.interop.shipped import ASSETS

GOLDEN_MESH = Path(__file__).parent / "golden_mesh.npz"
GOLDEN_BLAZEFACE = Path(__file__).parent / "golden_blazeface.npz"
_MESH, _BLAZEFACE = "face_landmark.tflite", "face_detection_short_range.tflite"

Pixels = Float[np.ndarray, "side side 3"]


def mesh_inputs() -> dict[str, Pixels]:
    """Noise, and a face that is drawn, from 0 to 1: inputs that follow from numbers alone."""
    noise = np.random.default_rng(0).random((192, 192, 3), np.float32)
    drawn = draw_face("surprise", seed=3, size=192).pixels.astype(np.float32) / 255
    return {"noise": noise, "drawn": drawn}


def blazeface_inputs() -> dict[str, Pixels]:
    """The same from -1 to 1, the face in the middle of an even ground."""
    noise = np.random.default_rng(0).random((128, 128, 3), np.float32)
    drawn = np.full((128, 128, 3), 0.4, np.float32)
    drawn[32:96, 40:104] = draw_face("surprise", seed=3, size=64).pixels / np.float32(255)
    return {"noise": 2 * noise - 1, "drawn": 2 * drawn - 1}


def run_mesh(x: Pixels) -> tuple[Float[np.ndarray, "468 3"], float]:
    """Points and presence of one input."""
    points, presence = sorted(_run(_MESH, x), key=np.size, reverse=True)
    return points.reshape(468, 3), presence.item()


def run_blazeface(x: Pixels) -> tuple[Float[np.ndarray, " 896"], Float[np.ndarray, "896 16"]]:
    """Logits and values at the anchors of one input."""
    logits, values = sorted(_run(_BLAZEFACE, x), key=np.size)
    return logits.reshape(-1), values[0]


def _run(name: str, x: Pixels) -> list[Float[np.ndarray, "..."]]:
    """Outputs of a network; skips the test where LiteRT is missing."""
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = interpreters.Interpreter(str(ASSETS / "faces" / name), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x[None])
    interpreter.invoke()
    return [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]


def main() -> None:
    arrays = {}
    for name, x in mesh_inputs().items():
        arrays[f"{name}_points"], arrays[f"{name}_presence"] = run_mesh(x)
    np.savez_compressed(GOLDEN_MESH, **{name: np.float32(array) for name, array in arrays.items()})
    arrays = {}
    for name, x in blazeface_inputs().items():
        found = run_blazeface(x)
        arrays[f"{name}_logits"], arrays[f"{name}_values"] = found
    np.savez_compressed(GOLDEN_BLAZEFACE, **arrays)


if __name__ == "__main__":
    main()
