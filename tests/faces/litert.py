"""The face mesh as LiteRT runs it; what it gives for a few inputs is kept beside this file.

    python -m tests.faces.litert face_landmark.tflite

writes these golden outputs again; it needs the PyPI package ai-edge-litert.
"""

import sys
from pathlib import Path

import numpy as np
from jaxtyping import Float

from data_prep.drawn_faces.dataset import draw_face

GOLDEN = Path(__file__).parent / "golden_mesh.npz"


def mesh_inputs() -> dict[str, Float[np.ndarray, "192 192 3"]]:
    """Noise, and a face that is drawn: inputs that follow from numbers alone."""
    noise = np.random.default_rng(0).random((192, 192, 3), np.float32)
    drawn = draw_face("surprise", seed=3, size=192).pixels.astype(np.float32) / 255
    return {"noise": noise, "drawn": drawn}


def run_mesh(
    network: Path, x: Float[np.ndarray, "192 192 3"]
) -> tuple[Float[np.ndarray, "468 3"], float]:
    """Points and presence of one input."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(network), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x[None])
    interpreter.invoke()
    outputs = [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]
    points, presence = sorted(outputs, key=np.size, reverse=True)
    return points.reshape(468, 3), presence.item()


def main() -> None:
    arrays = {}
    for name, x in mesh_inputs().items():
        arrays[f"{name}_points"], arrays[f"{name}_presence"] = run_mesh(Path(sys.argv[1]), x)
    np.savez_compressed(GOLDEN, **{name: np.float32(array) for name, array in arrays.items()})


if __name__ == "__main__":
    main()
