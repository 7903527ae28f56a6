"""What an explanation costs beside a prediction of the same images.

    python benchmarks/explain_cost.py [--width 1.0] [--num-faces 1024] [--batch-size 256]

Times, in turn, the jitted prediction of a set of random faces and the jitted explanation of the
same faces (both methods at the last block's activation, activation maps of every block, b_eff),
results fetched to the host; prints medians and the median of the pairwise ratios. The time does not
depend on the pixels, so no data set is needed. `--run RUN --split test` measures a trained model on
a prepared split instead; `--no-activations` leaves the activation maps out.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import jax
import numpy as np

from gimefive_jax import parallel
from gimefive_jax.config import ModelConfig
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.explanation import explain_fn
from gimefive_jax.inference import make_step, on_pixels
from gimefive_jax.models import default_layer, logits_fn, make_model


def main() -> None:
    arguments = _parse()
    model, variables, config, images = _subject(arguments)
    mesh = parallel.make_mesh()
    size = parallel.round_up(arguments.batch_size, mesh)
    batches = [images[i : i + size] for i in range(0, len(images) - size + 1, size)]
    num_blocks = 0 if arguments.no_activations else 5
    blocks = tuple(f"block{i + 1}/activation" for i in range(num_blocks))
    predict = make_step(predict_fn(model), mesh)
    explanation = explain_fn(
        logits_fn(model),
        methods=("hirescam", "gradcam"),
        layers=(default_layer(config),),
        recorded=blocks,
    )
    explain = make_step(on_pixels(explanation, channels=model.input_channels), mesh)
    variables = parallel.put_replicated(variables, mesh)

    def run(step: Callable[[np.ndarray], object]) -> float:
        started = time.perf_counter()
        for batch in batches:
            jax.device_get(step(parallel.put_rows(batch, mesh)))
        return time.perf_counter() - started

    steps = (
        lambda batch: predict(variables, batch),
        lambda batch: explain(variables, batch),
    )
    for step in steps:
        run(step)
    pairs = [tuple(run(step) for step in steps) for _ in range(arguments.repeats)]
    faces = len(batches) * size
    for name, times in zip(("predict", "explain"), zip(*pairs, strict=True), strict=True):
        print(f"{name:8} {faces / statistics.median(times):8.1f} faces/s (median of {len(pairs)})")
    ratios = sorted(explain / predict for predict, explain in pairs)
    print(
        f"explain / predict: {statistics.median(ratios):.3f} (pairs {ratios[0]:.3f} to "
        f"{ratios[-1]:.3f}; width {config.width}, {faces} faces, batch {size}, "
        f"{jax.devices()[0].device_kind} x {mesh.size})"
    )


def _subject(arguments: argparse.Namespace) -> tuple:
    if arguments.run:
        from gimefive_jax import load

        classifier = load(arguments.run)
        images = np.asarray(classifier.open_split(arguments.split).images)
        return classifier.model, classifier.variables, classifier.config.model, images
    config = ModelConfig(width=arguments.width)
    model = make_model(config)
    images = np.random.default_rng(0).integers(0, 256, (arguments.num_faces, 64, 64, 1), np.uint8)
    face = np.zeros((1, 64, 64, 3), np.float32)
    variables = jax.jit(lambda key: model.init(key, face, train=False))(jax.random.key(0))
    return model, variables, config, images


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--num-faces", type=int, default=1024)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--run", help="run folder of a trained model, instead of random weights")
    parser.add_argument("--split", default="test")
    parser.add_argument("--no-activations", action="store_true", help="heat maps alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
