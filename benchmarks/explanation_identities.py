"""What must hold exactly of maps of a dense head on pooled features, on every face of a split.

    python benchmarks/explanation_identities.py --data-dir DIR [--model small] [--data fer2013]

For every category of every face: at the pooled output of the last block Grad-CAM, HiResCAM and
XGrad-CAM are one map; there and at the activation before the pool HiResCAM and the biases add up to
the logit, and sums of the activation's map over the pool's windows are the map behind it. Beside
them what must fail: Grad-CAM before the pool is not complete, and at the convolution HiResCAM and
the biases of the head alone are not, without the offsets of the batch norm. Complete means
`|sum - (y - b)| <= 1e-5 (|y| + |b| + sum |activation x gradient|)`.
"""

import argparse
import dataclasses
from collections.abc import Callable

import flax.struct
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from benchmarks.processes import machine_facts
from gimefive_jax import load
from gimefive_jax.config import DataConfig
from gimefive_jax.explanation import explain_fn
from gimefive_jax.inference import Driver, on_pixels
from gimefive_jax.models import logits_fn
from gimefive_jax.structs import Explanation

TOLERANCE = 1e-5


def absolute_terms(activation: Array, gradient: Array) -> Array:
    """A method: the sizes of the terms of HiResCAM, which its tolerance is measured by."""
    return jnp.abs(activation * gradient).sum(-1)


METHODS = ("hirescam", "gradcam", "xgradcam", absolute_terms)


@flax.struct.dataclass
class Facts:
    """Of each face and category."""

    complete_at_pool: Array
    complete_at_activation: Array
    complete_at_convolution_with_offsets_of_batch_norm: Array
    complete_at_convolution_with_biases_of_the_head: Array
    gradcam_at_activation: Array
    xgradcam_at_activation: Array
    """|sum - (y - b)| over the tolerance."""
    gradcam_at_pool: Array
    xgradcam_at_pool: Array
    window_sums: Array
    """Largest difference from HiResCAM at the pool over the tolerance times its largest cell."""


def make_facts(model: object, last: str) -> Callable[[PyTree, Array], Facts]:
    """Gives the facts as a function of variables and the network's input."""
    pool, activation, convolution = last, f"{last}/activation", f"{last}/conv"
    explain = explain_fn(
        logits_fn(model),
        methods=METHODS,
        layers=(pool, activation, convolution),
        every_category=True,
    )

    def facts(variables: PyTree, x: Array) -> Facts:
        found = explain(variables, x).explanations

        def gap(method: str, layer: str, biases_behind: str = "") -> Array:
            size = found["absolute_terms", layer].heat_map.sum((-2, -1))
            biases = found[method, biases_behind or layer].bias_effect
            return _over_tolerance(found[method, layer], biases, size)

        at_pool = found["hirescam", pool].heat_map
        fine = found["hirescam", activation].heat_map
        windows = fine.reshape(*at_pool.shape[:3], 2, at_pool.shape[3], 2).sum((3, 5))
        largest = found["absolute_terms", pool].heat_map.max((-2, -1))

        def off(heat_map: Array) -> Array:
            return jnp.abs(heat_map - at_pool).max((-2, -1)) / (TOLERANCE * largest)

        return Facts(
            complete_at_pool=gap("hirescam", pool),
            complete_at_activation=gap("hirescam", activation),
            complete_at_convolution_with_offsets_of_batch_norm=gap("hirescam", convolution),
            complete_at_convolution_with_biases_of_the_head=gap("hirescam", convolution, pool),
            gradcam_at_activation=gap("gradcam", activation),
            xgradcam_at_activation=gap("xgradcam", activation),
            gradcam_at_pool=off(found["gradcam", pool].heat_map),
            xgradcam_at_pool=off(found["xgradcam", pool].heat_map),
            window_sums=off(windows),
        )

    return facts


def _over_tolerance(found: Explanation, biases: Array, size: Array) -> Array:
    gap = jnp.abs(found.heat_map.sum((-2, -1)) - (found.score - biases))
    return gap / (TOLERANCE * (jnp.abs(found.score) + jnp.abs(biases) + size))


def main() -> None:
    arguments = _parse()
    classifier = load(arguments.model)
    data = DataConfig(name=arguments.data, directory=arguments.data_dir)
    split = classifier.open_split(arguments.split, data=data)
    facts = on_pixels(make_facts(classifier.model, classifier.model.last_block), channels=3)
    driver = Driver(classifier.mesh, 128)
    found: Facts = driver.run(facts, classifier.placed_variables, split.images)
    print(f"{len(split):,} faces of {split.data_name} {split.name}, six categories each, weights")
    print(f"`{arguments.model}`. {machine_facts()}\n")
    print("| fact | must hold | held by | largest gap / tolerance | median |")
    print("|---|---|---|---|---|")
    expected_to_fail = (
        "complete_at_convolution_with_biases_of_the_head",
        "gradcam_at_activation",
    )
    for field in dataclasses.fields(Facts):
        gaps = np.asarray(getattr(found, field.name))
        must = "no" if field.name in expected_to_fail else "yes"
        held = f"{(gaps <= 1).sum():,} of {gaps.size:,}"
        name = field.name.replace("_", " ")
        print(f"| {name} | {must} | {held} | {gaps.max():.2g} | {np.median(gaps):.2g} |")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="small")
    parser.add_argument("--data", default="fer2013")
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--split", default="test")
    return parser.parse_args()


if __name__ == "__main__":
    main()
