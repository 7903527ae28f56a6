"""Worker of `benchmarks/latency.py` that times torch's eager model, and exports it to ONNX."""

import os
import warnings
from pathlib import Path

import numpy as np

from benchmarks.same_logits import check_logits
from benchmarks.worker import Work, serve
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.preprocess import MEAN, STD
from tests.equivalence.torch_models import make_reference, torch

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class OfPixels(torch.nn.Module):
    """Logits of uint8 faces `[batch, height, width, 3]`, whose three channels are equal."""

    def __init__(self, model: "torch.nn.Module", layout: "torch.memory_format") -> None:
        super().__init__()
        self.model, self.layout = model, layout
        self.mean, self.std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))

    def forward(self, faces: "torch.Tensor") -> "torch.Tensor":
        """Logits of the paper's references."""
        x = (faces.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std
        return self.model(x.contiguous(memory_format=self.layout))


def write(model: str, folder: str, width: float) -> None:
    """Writes `torch.onnx` of the weights in the folder; `model` and `width` are in it too."""
    faces = torch.from_numpy(np.load(Path(folder) / "faces.npy")[:2])
    with warnings.catch_warnings():
        # The exporter that needs no further package is the older one, and says so.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _model(folder, torch.contiguous_format),
            (faces,),
            Path(folder) / "torch.onnx",
            dynamo=False,
            input_names=["faces"],
            output_names=["logits"],
            dynamic_axes={"faces": {0: "batch"}, "logits": {0: "batch"}},
        )


def make_work(folder: str, batch_size: int, variant: str) -> Work:
    """A call in the memory format `variant`."""
    model, place = _model(folder, FORMATS[variant]), Path(folder)
    faces = np.resize(np.load(place / "faces.npy"), (batch_size, model.side, model.side, 3))

    def predict() -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(faces)).numpy()

    check_logits(predict(), place, of=variant)
    return Work(predict)


def _model(folder: str, layout: "torch.memory_format") -> OfPixels:
    with np.load(Path(folder) / "model.npz") as facts:
        name, width, side = str(facts["name"]), float(facts["width"]), int(facts["side"])
    reference = make_reference(name, width=width, image_size=side).eval()
    with np.load(Path(folder) / "weights.npz") as weights:
        # Counters of batches are no weights.
        reference.load_state_dict(
            {key: torch.from_numpy(weights[key]) for key in weights}, strict=False
        )
    model = OfPixels(reference.to(memory_format=layout), layout)
    model.side = side
    return model


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["BENCHMARK_THREADS"]))
    keep_freed_memory()
    serve(make_work, {"write": write})
