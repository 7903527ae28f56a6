"""Worker of `benchmarks/explain.py` that times pytorch-grad-cam on the same network."""

import os

import numpy as np

from benchmarks.explain_subject import LAST, subject
from benchmarks.noise import make_noise
from benchmarks.worker import Work, serve
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.preprocess import MEAN, STD
from tests import oracles
from tests.explanation import theirs


def make_work(model: str, batch_size: int, variant: str) -> Work:
    """Step from uint8 faces to scaled maps, as its users call it; the predicted category."""
    torch = theirs.torch
    _, variables = subject(model)
    network = theirs.network(variables, fast_pool=True)
    package = oracles.pytorch_grad_cam()
    cam = getattr(package, theirs.NAMES[variant])(
        model=network, target_layers=[network.layer(LAST)]
    )
    images = make_noise(batch_size, image_size=64).images
    pixels = torch.from_numpy(np.ascontiguousarray(np.transpose(images, (0, 3, 1, 2))))
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    return Work(lambda: cam(input_tensor=(pixels.float() / 255 - mean) / std, targets=None))


if __name__ == "__main__":
    keep_freed_memory()
    theirs.torch.set_num_threads(int(os.environ["BENCHMARK_THREADS"]))
    serve(make_work)
