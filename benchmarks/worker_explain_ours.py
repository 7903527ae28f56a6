"""Worker of `benchmarks/explain.py` that times our predictions and explanations."""

import ctypes
import statistics
import tempfile
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Array, PyTree

from benchmarks.explain_subject import LAST, LAYERS, subject
from benchmarks.noise import make_noise
from benchmarks.worker import Work, serve
from gimefive_jax import parallel
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.explanation import ExplainedBatch, ExplainFunction, explain_fn
from gimefive_jax.inference import Driver, FaceFunction, make_step, on_pixels
from gimefive_jax.models import logits_fn
from gimefive_jax.models.gimefive import GiMeFive

SIX = ("hirescam", "gradcam", "gradcam_plus_plus", "layercam", "xgradcam", "eigencam")
_CHUNK = 1000


def _function(model: GiMeFive, variant: str) -> FaceFunction:
    network = logits_fn(model)
    match variant:
        case "predict":
            return predict_fn(model)
        case "all_categories":
            explain = explain_fn(network, layers=LAST, every_category=True)
        case "six_by_five":
            explain = explain_fn(network, methods=SIX, layers=LAYERS)
        case _:
            explain = explain_fn(network, methods=variant, layers=LAST)
    return on_pixels(explain, channels=3)


def make_work(model: str, batch_size: int, variant: str) -> Work:
    """Step from uint8 faces to results on the host."""
    module, variables = subject(model)
    mesh = parallel.make_mesh()
    step = make_step(_function(module, variant), mesh)
    placed = parallel.put_replicated(variables, mesh)
    images = make_noise(batch_size, image_size=64).images
    return Work(lambda: jax.device_get(step(placed, parallel.put_rows(images, mesh))))


def count_traces(model: str, num_batches: int) -> dict[str, int]:
    """How often six methods at five layers are traced over some batches, and the maps they give."""
    module, variables = subject(model)
    traces = 0
    explain: ExplainFunction = explain_fn(logits_fn(module), methods=SIX, layers=LAYERS)

    def counted(variables: PyTree, x: Array) -> ExplainedBatch:
        nonlocal traces
        traces += 1
        return explain(variables, x)

    images = make_noise(16 * num_batches, image_size=64).images
    driver = Driver(parallel.make_mesh(), 16)
    found = driver.run(on_pixels(counted, channels=3), variables, images)
    return {"traces": traces, "maps": len(found.explanations)}


def memory(model: str, num_faces: int, batch_size: int) -> list[list[float]]:
    """Faces explained so far and MB in use by then, the median of each chunk's batches.

    What malloc has handed out, not what the process holds: freed blocks are kept for the next step,
    and once in a while two steps overlap and leave a second block behind.
    """
    module, variables = subject(model)
    explain = _function(module, "hirescam")
    seen: list[list[float]] = []
    in_use: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        faces = _mapped_faces(Path(folder) / "faces.npy", num_faces)
        stream = Driver(parallel.make_mesh(), batch_size).stream(explain, variables, faces)
        for rows, _ in stream:
            in_use.append(_in_use_mb())
            if rows.stop // _CHUNK > rows.start // _CHUNK or rows.stop == num_faces:
                seen.append([rows.stop, statistics.median(in_use)])
                in_use.clear()
    return seen


def _mapped_faces(path: Path, num_faces: int) -> np.ndarray:
    faces = np.lib.format.open_memmap(path, "w+", np.uint8, (num_faces, 64, 64, 1))
    generator = np.random.default_rng(0)
    for start in range(0, num_faces, _CHUNK):
        part = faces[start : start + _CHUNK]
        part[:] = generator.integers(0, 256, part.shape, np.uint8)
    faces.flush()
    return np.load(path, mmap_mode="r")


class _MallInfo2(ctypes.Structure):
    """What glibc's malloc.h says of its heap."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


def _in_use_mb() -> float:
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _MallInfo2
    info = mallinfo2()
    return (info.uordblks + info.hblkhd) / 1e6


if __name__ == "__main__":
    keep_freed_memory()
    serve(make_work, {"traces": count_traces, "memory": memory})
