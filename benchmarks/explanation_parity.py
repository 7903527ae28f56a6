"""Our maps of real faces beside those of pytorch-grad-cam and captum, on the same weights.

    python benchmarks/explanation_parity.py --data-dir DIR [--model small] [--data fer2013]
        [--num-faces 64] [--layers block5/activation block3/activation] [--methods ...] [--float64]

Explains the predicted category of faces that are evenly spread over a test split, by each method at
each layer, with the weights of the model in Flax and, through its torch names, in PyTorch; prints
a table of the largest difference on any face, over that face's largest cell. Theirs are taken
before they scale them. In float32 a face may have a pool or a ReLU that rounding switches the
other way in the other library, which moves gradients below it from one cell to the next;
`--float64` computes both sides in float64, where none does. Needs the extras `dev` and `oracles`.
"""

import argparse
import os
from collections.abc import Iterator

import jax
import numpy as np

os.environ["TQDM_DISABLE"] = "1"

from benchmarks.processes import machine_facts
from gimefive_jax import load, preprocess
from gimefive_jax.api import Classifier
from gimefive_jax.config import DataConfig
from gimefive_jax.data import sample_faces
from gimefive_jax.explanation import explain_fn
from gimefive_jax.inference import Driver
from gimefive_jax.models import logits_fn
from gimefive_jax.structs import Explanation
from tests import oracles
from tests.explanation import theirs

# Of copies of a face there are hundreds.
BATCH_SIZE = 16
AT_INPUT = ("integrated_gradients", "occlusion")


def main() -> None:
    arguments = _parse()
    classifier = load(arguments.model)
    data = DataConfig(name=arguments.data, directory=arguments.data_dir)
    split = sample_faces(classifier.open_split("test", data=data), arguments.num_faces)
    images = np.asarray(split.images)
    x = np.asarray(preprocess.to_input(images, channels=3))
    precision = "float64" if arguments.float64 else "float32"
    print(f"{len(x)} faces of {split.data_name} test, weights `{arguments.model}`, predicted")
    print(f"category, {precision}. {machine_facts()}\n")
    print("| method | layer | largest difference / largest cell | median | faces above 1e-4 |")
    print("|---|---|---|---|---|")
    torch_network = theirs.network(classifier.variables).to(getattr(theirs.torch, precision))
    with jax.enable_x64(arguments.float64):
        x = x.astype(precision)
        for (method, layer), found in _ours(classifier, arguments, images, x):
            target = np.asarray(found.target)
            if layer == "input":
                wanted = _captum(method, torch_network, x, target)
            else:
                wanted = theirs.heat_map(method, torch_network, layer, x, target)
            wanted = theirs.in_our_units(method, wanted, found.heat_map, found.score)
            gaps = np.abs(found.heat_map - wanted).max((1, 2)) / np.abs(wanted).max((1, 2))
            row = f"{gaps.max():.1e} | {np.median(gaps):.1e} | {(gaps > 1e-4).sum()} |"
            print(f"| {method} | {layer} | {row}", flush=True)


def _ours(
    classifier: Classifier, arguments: argparse.Namespace, images: np.ndarray, x: np.ndarray
) -> Iterator[tuple[tuple[str, str], Explanation]]:
    if not arguments.float64:
        for method, layer in _keys(arguments):
            explain = classifier.explain_function(method, layer)
            driver = Driver(classifier.mesh, BATCH_SIZE)
            yield from driver.run(explain, classifier.placed_variables, images).explanations.items()
        return
    explain = explain_fn(
        logits_fn(classifier.model),
        methods=arguments.methods,
        layers=arguments.layers,
        pixels=preprocess.pixel_scale(3),
    )
    wide = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), classifier.variables)
    found = jax.device_get(jax.jit(explain)(wide, x))
    yield from found.explanations.items()


def _keys(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for method in arguments.methods:
        for layer in ("input",) if method in AT_INPUT else arguments.layers:
            yield method, layer


def _captum(method: str, network: theirs.Network, x: np.ndarray, target: np.ndarray) -> np.ndarray:
    attr, tensor = oracles.captum_attr(), theirs.to_tensor(x)
    scale = preprocess.pixel_scale(3)
    labels = theirs.torch.from_numpy(target.astype(np.int64))

    def filled(grey: float) -> "theirs.torch.Tensor":
        value = scale.to_input(np.full((1, 1, 1), grey, np.float32))
        return theirs.to_tensor(np.broadcast_to(value, x.shape).astype(x.dtype))

    if method == "integrated_gradients":
        found = attr.IntegratedGradients(network).attribute(
            tensor,
            baselines=filled(0.0),
            target=labels,
            n_steps=64,
            method="riemann_middle",
            internal_batch_size=256,
        )
        return found.sum(1).detach().numpy()
    with theirs.torch.no_grad(), oracles.warnings_ignored():
        found = attr.Occlusion(network).attribute(
            tensor,
            sliding_window_shapes=(3, 8, 8),
            strides=(3, 4, 4),
            baselines=filled(0.5),
            target=labels,
            perturbations_per_eval=4,
        )
    return found.numpy()[:, 0, ::4, ::4]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="small")
    parser.add_argument("--data", default="fer2013")
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--float64", action="store_true")
    parser.add_argument("--num-faces", type=int, default=64)
    parser.add_argument("--layers", nargs="+", default=["block5/activation", "block3/activation"])
    parser.add_argument("--methods", nargs="+", default=[*theirs.NAMES, *AT_INPUT])
    return parser.parse_args()


if __name__ == "__main__":
    main()
