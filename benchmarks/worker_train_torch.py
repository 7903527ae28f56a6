"""Worker of `benchmarks/train.py`: a PyTorch loop of the paper's recipe, written for speed.

Its variants: `contiguous` or `channels_last`, perhaps followed by ` compiled`. The faces lie as one
uint8 tensor where the model is; batches are gathered, flipped and normalised there; nothing is read
back before a group of steps ends.
"""

import os

import numpy as np

from benchmarks.noise import make_noise
from benchmarks.worker import Work, serve
from benchmarks.worker_torch import FORMATS, add_dropouts
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.preprocess import MEAN, STD
from tests.equivalence.torch_models import functional, make_reference, torch

# As our run does by default.
_STEPS_OF_A_GROUP = 8
_DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Loop:
    """A training loop that is under way."""

    def __init__(
        self,
        *,
        model: str,
        width: float,
        batch_size: int,
        precision: str,
        num_train: int,
        image_size: int,
        variant: str,
    ) -> None:
        name, _, compiled = variant.partition(" ")
        self._format, self._batch_size, self._precision = FORMATS[name], batch_size, precision
        noise = make_noise(num_train, image_size=image_size)
        self._faces = torch.from_numpy(noise.images.transpose(0, 3, 1, 2).copy()).to(_DEVICE)
        self._labels = torch.from_numpy(noise.labels.astype(np.int64)).to(_DEVICE)
        mean, std = (torch.tensor(v, device=_DEVICE)[:, None, None] for v in (MEAN, STD))
        self._scale, self._offset = 1 / (255 * std), -mean / std
        reference = make_reference(model, width=width, image_size=image_size)
        add_dropouts(model, reference)
        self._model = reference.to(_DEVICE, memory_format=self._format).train()
        self._optimizer = torch.optim.SGD(
            self._model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4, fused=True
        )
        self._forward = torch.compile(self._model) if compiled else self._model
        self._order, self._place = self._shuffled(), 0
        self._sums = torch.zeros(2, device=_DEVICE)
        self._waiting: torch.cuda.Event | None = None

    def group(self) -> None:
        """Some steps; waits for those before them, as ours does."""
        for _ in range(_STEPS_OF_A_GROUP):
            self._step()
        if _DEVICE.type == "cuda":
            event = torch.cuda.Event()
            event.record()
            if self._waiting is not None:
                self._waiting.synchronize()
            self._waiting = event

    def finish(self) -> None:
        """Wait for what is under way."""
        loss = float(self._sums[0])
        if loss != loss:
            raise SystemExit("the loss of the torch loop is not a number")
        self._waiting = None

    def _step(self) -> None:
        face, label = self._batch()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(_DEVICE.type, torch.bfloat16, enabled=self._precision == "bfloat16"):
            logits = self._forward(face)
            loss = functional.cross_entropy(logits, label)
        loss.backward()
        self._optimizer.step()
        with torch.no_grad():
            self._sums += torch.stack([loss, (logits.argmax(1) == label).sum().float()])

    def _batch(self) -> "tuple[torch.Tensor, torch.Tensor]":
        if self._place + self._batch_size > len(self._order):
            self._order, self._place = self._shuffled(), 0
        rows = self._order[self._place : self._place + self._batch_size]
        self._place += self._batch_size
        face = self._faces[rows]
        mirrored = torch.rand(len(rows), 1, 1, 1, device=_DEVICE) < 0.5
        face = torch.where(mirrored, face.flip(3), face)
        shown = (face.float() * self._scale).add_(self._offset)
        return shown.contiguous(memory_format=self._format), self._labels[rows]

    def _shuffled(self) -> "torch.Tensor":
        return torch.randperm(len(self._faces), device=_DEVICE)


def make_work(*, precision: str, **settings: object) -> Work:
    """Groups of steps of a fresh loop."""
    tensor_cores = precision != "highest"
    torch.backends.cuda.matmul.allow_tf32 = tensor_cores
    torch.backends.cudnn.allow_tf32 = tensor_cores
    torch.backends.cudnn.benchmark = True
    loop = Loop(precision=precision, **settings)  # type: ignore[arg-type]
    return Work(loop.group, loop.finish)


def _facts() -> dict[str, str]:
    if _DEVICE.type == "cpu":
        return {"platform": "cpu", "device": "cpu"}
    return {"platform": "gpu", "device": torch.cuda.get_device_name()}


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["BENCHMARK_THREADS"]))
    if _DEVICE.type == "cpu" and os.environ.get("BENCHMARK_TORCH_KEEPS_MEMORY") == "1":
        keep_freed_memory()
    serve(make_work, {"steps": lambda: _STEPS_OF_A_GROUP, "facts": _facts})
