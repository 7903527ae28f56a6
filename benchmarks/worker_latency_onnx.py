"""Worker of `benchmarks/latency.py` that times onnxruntime."""

import os
from pathlib import Path

import numpy as np
import onnxruntime

from benchmarks.same_logits import check_logits
from benchmarks.worker import Work, serve
from gimefive_jax.cli.memory import keep_freed_memory


def make_work(folder: str, batch_size: int, variant: str) -> Work:
    """A call of the file `variant`."""
    place = Path(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["BENCHMARK_THREADS"])
    session = onnxruntime.InferenceSession(
        place / variant, options, providers=["CPUExecutionProvider"]
    )
    faces = np.load(place / "faces.npy")
    faces = np.resize(faces, (batch_size, *faces.shape[1:]))
    names = [session.get_inputs()[0].name, *(one.name for one in session.get_outputs())]

    def predict() -> list[np.ndarray]:
        return session.run(["logits"], {names[0]: faces})

    check_logits(predict()[0], place, of=f"{variant} ({', '.join(names)})")
    return Work(predict)


if __name__ == "__main__":
    keep_freed_memory()
    serve(make_work)
