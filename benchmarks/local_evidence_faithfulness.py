"""Faithfulness of `gimefive_local`'s maps of evidence beside the maps of `gimefive`.

    python benchmarks/local_evidence_faithfulness.py --gimefive RUNS/a-seed0 RUNS/a-seed1 \
        --local RUNS/b-seed0 RUNS/b-seed1 --split test --limit 500

Faces are chosen so that each category keeps its share; each network explains what it predicts.
Networks differ in how fast any change of a face confuses them, so what is compared is the gain of a
map over a random map of the same grid on the same network. It is averaged over seeds, and paired
over faces between the networks. Intervals are 95 %, by bootstrap over faces.
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8

import gimefive_jax
from benchmarks.local_evidence import EVIDENCE, Map, heat_maps, mean_interval, open_split_of
from gimefive_jax import preprocess
from gimefive_jax.api import Classifier
from gimefive_jax.data import Split, stratified
from gimefive_jax.explanation.faithfulness import METRIC_FACTS, measure_fn
from gimefive_jax.explanation.faithfulness.baselines import random_maps
from gimefive_jax.inference import Driver, on_pixels
from gimefive_jax.models import logits_fn

METRIC_NAMES = ("deletion", "insertion", "road")
"""Of `METRICS`; the result of the same name is compared."""
GIMEFIVE_MAPS: tuple[Map, ...] = (
    *(("hirescam", f"block{number}/activation") for number in (5, 4, 3)),
    ("gradcam", "block5/activation"),
    ("layercam", "block3/activation"),
)
LOCAL_MAPS: tuple[Map, ...] = (
    ("hirescam", EVIDENCE),
    ("hirescam", "block3/activation"),
    ("layercam", "block3/activation"),
)
# A face at a time is multiplied by some dozens of changed copies.
_BATCH = 16
Values = Mapping[str, Float[np.ndarray, " face"]]
"""By result: a number per face, the greater the better."""


def main() -> None:
    arguments = _parse()
    gimefive = [gimefive_jax.load(folder) for folder in arguments.gimefive]
    local = [gimefive_jax.load(folder) for folder in arguments.local]
    whole = open_split_of(local[0], arguments.split, arguments.data_dir)
    split = rows_of(whole, stratified(whole.labels, arguments.limit))
    print(faithfulness_table(gimefive, local, split, metrics=tuple(arguments.metrics)))


def rows_of(split: Split, rows: Int[np.ndarray, " row"]) -> Split:
    """Some faces of a split."""
    return dataclasses.replace(
        split,
        images=np.asarray(split.images[rows]),
        labels=split.labels[rows],
        extras={name: column[rows] for name, column in split.extras.items()},
        index=split.index[rows],
    )


def faithfulness_table(
    gimefive: Sequence[Classifier],
    local: Sequence[Classifier],
    split: Split,
    *,
    metrics: tuple[str, ...] = METRIC_NAMES,
) -> str:
    """A row per map and result: value, gain, and how much more the maps of evidence gain."""
    found = {
        ("gimefive_local", one): values
        for one, values in _measured(local, LOCAL_MAPS, split, metrics)
    }
    found |= {
        ("gimefive", one): values
        for one, values in _measured(gimefive, GIMEFIVE_MAPS, split, metrics)
    }
    first = found["gimefive_local", LOCAL_MAPS[0]]
    lines = [
        f"{split.data_name}, {split.name}, {len(split):,} faces, {len(local)} seeds",
        "",
        "| metric | model | map | value | gain over random | maps of evidence gain more by |",
        "|---|---|---|---|---|---|",
    ]
    for result in metrics:
        for (model, (method, layer)), one in found.items():
            less = first.gain[result] - one.gain[result]
            over = "" if one is first else mean_interval(less, digits=3, sign="+")
            value, gain = one.value[result], one.gain[result]
            lines.append(
                f"| {METRIC_FACTS[result].title} | {model} | {method} at {layer} | "
                f"{mean_interval(value, digits=3)} | {mean_interval(gain, digits=3, sign='+')} | "
                f"{over} |"
            )
    return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class Measured:
    """Means over the seeds of what a map reaches on each face, by result."""

    value: Values
    gain: Values
    """Over a random map of the same grid on the same network; positive is better."""


def _measured(
    classifiers: Sequence[Classifier],
    maps: Sequence[Map],
    split: Split,
    metrics: tuple[str, ...],
) -> list[tuple[Map, Measured]]:
    found = [_of_network(classifier, maps, split, metrics) for classifier in classifiers]
    return [(one, _mean([network[one] for network in found])) for one in maps]


def _mean(several: Sequence[Measured]) -> Measured:
    def mean(parts: Sequence[Values]) -> Values:
        return {name: np.mean([part[name] for part in parts], axis=0) for name in parts[0]}

    return Measured(mean([one.value for one in several]), mean([one.gain for one in several]))


def _of_network(
    classifier: Classifier, maps: Sequence[Map], split: Split, metrics: tuple[str, ...]
) -> Mapping[Map, Measured]:
    target = classifier.logits(split).argmax(-1).astype(np.int32)
    channels = classifier.config.model.input_channels
    measure = on_pixels(
        measure_fn(
            logits_fn(classifier.model),
            metrics,
            pixels=preprocess.pixel_scale(channels),
            mean_face=_mean_face(split.images, channels),
        ),
        channels=channels,
    )
    driver, index = Driver(classifier.mesh, _BATCH), split.index.astype(np.int32)

    def values(several: Float[np.ndarray, "face rows columns"]) -> Values:
        columns = (several.astype(np.float32), target, index)
        found = driver.run(measure, classifier.placed_variables, split.images, *columns)
        return {name: found[name] for name in metrics}

    drawn = heat_maps(classifier, maps, split)
    grids = {one.shape[1:] for one in drawn.values()}
    chance = {grid: values(random_maps(split.index, *grid)) for grid in sorted(grids)}
    measured = {}
    for one in maps:
        value = values(drawn[one])
        gain = {
            name: _sign(name) * (value[name] - chance[drawn[one].shape[1:]][name]) for name in value
        }
        measured[one] = Measured(value, gain)
    return measured


def _sign(result: str) -> int:
    return 1 if METRIC_FACTS[result].better == "higher" else -1


def _mean_face(images: UInt8[np.ndarray, "face height width c"], channels: int) -> np.ndarray:
    parts = np.array_split(np.asarray(images), max(1, len(images) // 256))
    sums = [np.asarray(preprocess.to_input(part, channels=channels)).sum(0) for part in parts]
    return np.sum(sums, axis=0) / len(images)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for model in ("gimefive", "local"):
        parser.add_argument(f"--{model}", type=Path, nargs="+", required=True, metavar="RUN")
    parser.add_argument("--split", default="test")
    parser.add_argument("--data-dir", type=Path, help="where the prepared data lies")
    parser.add_argument("--metrics", nargs="+", default=METRIC_NAMES, choices=METRIC_NAMES)
    parser.add_argument("--limit", type=int, default=500, help="faces, by default 500")
    return parser.parse_args()


if __name__ == "__main__":
    main()
