"""Worker of `benchmarks/models.py` that times the PyTorch references doing the same work."""

import os
import re

import numpy as np

from benchmarks.worker import Work, serve
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.preprocess import MEAN, STD
from tests.equivalence.torch_models import functional, make_reference, torch

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def make_work(model: str, task: str, batch_size: int, variant: str) -> Work:
    """Step in the memory format `variant`: the paper's recipe, eager, from uint8 faces."""
    memory_format = FORMATS[variant]
    reference = make_reference(model, width=1.0, image_size=64).to(memory_format=memory_format)
    add_dropouts(model, reference)
    reference.train(task == "train")
    generator = np.random.default_rng(0)
    image = torch.from_numpy(generator.integers(0, 256, (batch_size, 1, 64, 64), np.uint8))
    label = torch.arange(batch_size) % 6
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))

    def faces() -> "torch.Tensor":
        return ((image.float() / 255 - mean) / std).contiguous(memory_format=memory_format)

    optimizer = torch.optim.SGD(reference.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)

    def train() -> None:
        optimizer.zero_grad()
        functional.cross_entropy(reference(faces()), label).backward()
        optimizer.step()

    def predict() -> np.ndarray:
        with torch.inference_mode():
            return reference(faces()).numpy()

    def explain() -> list[np.ndarray]:
        # What pytorch-grad-cam does at its cheapest: keep the activation, differentiate to there.
        activations: list[torch.Tensor] = []
        logits = reference(faces(), activations)
        score = logits.max(1).values.sum()
        (slope,) = torch.autograd.grad(score, activations[-1])
        grid = activations[-1].detach()
        maps = (slope * grid).sum(1), (slope.mean((2, 3), keepdim=True) * grid).sum(1).relu()
        return [logits.detach().numpy(), *(heat_map.numpy() for heat_map in maps)]

    return Work({"train": train, "predict": predict, "explain": explain}[task])


def add_dropouts(name: str, reference: "torch.nn.Module") -> None:
    """The dropouts of the recipe, which the references leave out, before the layers they feed."""
    grid, head = r"", r"fc2"
    if name == "vgg":
        grid, head = r"conv[246]", r"classifier\.(3|6)"
    elif name.startswith("resnet"):
        head = r""
    elif name not in ("gimefive_no_dropout", "gimefive_residual"):
        grid = r"conv[2-9]"
    for path, module in reference.named_modules():
        for pattern, rate in ((grid, 0.2), (head, 0.5)):
            if pattern and re.fullmatch(pattern, path):
                module.register_forward_pre_hook(_dropout(rate))


def _dropout(rate: float):
    return lambda module, inputs: functional.dropout(inputs[0], rate, module.training)


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["BENCHMARK_THREADS"]))
    if os.environ["BENCHMARK_TORCH_KEEPS_MEMORY"] == "1":
        keep_freed_memory()
    serve(make_work)
