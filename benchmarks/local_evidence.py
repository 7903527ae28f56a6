"""`gimefive_local` beside `gimefive`: accuracy, planted evidence, and its logits as sums of maps.

    python benchmarks/local_evidence.py accuracy --gimefive RUNS/a-seed0 RUNS/a-seed1 \
        --local RUNS/b-seed0 RUNS/b-seed1 --split test
    python benchmarks/local_evidence.py planted --gimefive ... --local ...
    python benchmarks/local_evidence.py identity --local ... --split test

Run folders are given in the order of their seeds, trained by one recipe; `--data-dir` is where the
prepared data lies, by default where they were trained. `planted` needs runs of drawn faces, whose
evidence is known. Each verb prints a Markdown table; intervals are 95 %, by bootstrap over faces.
Faithfulness has a file of its own, `local_evidence_faithfulness.py`.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import flax.linen as nn
import jax
import numpy as np
from jaxtyping import Array, Float, PyTree

import gimefive_jax
from gimefive_jax import statistics
from gimefive_jax.api import Classifier
from gimefive_jax.data import Split
from gimefive_jax.explanation.faithfulness.baselines import centre_gaussian, edges
from gimefive_jax.explanation.faithfulness.mass import mass_on
from gimefive_jax.inference import Driver, FaceFunction, on_pixels

EVIDENCE = "evidence"
# What of gimefive is compared: its default map, and those that show more of the place.
GIMEFIVE_MAPS = tuple(
    (method, f"block{number}/activation")
    for number in (5, 4, 3)
    for method in ("hirescam", "gradcam")
)
# The map that the logit is made of comes first.
LOCAL_MAPS = tuple(
    ("hirescam", layer) for layer in (EVIDENCE, "block4/activation", "block3/activation")
)
Map = tuple[str, str]


def main() -> None:
    arguments = _parse()
    local = [gimefive_jax.load(folder) for folder in arguments.local]
    split = open_split_of(local[0], arguments.split, arguments.data_dir)
    if arguments.verb == "identity":
        print(identity_table(local, split))
        return
    gimefive = [gimefive_jax.load(folder) for folder in arguments.gimefive]
    table = accuracy_table if arguments.verb == "accuracy" else planted_table
    print(table(gimefive, local, split))


def open_split_of(classifier: Classifier, name: str, data_dir: Path | None) -> Split:
    """A split of what the model was trained on, prepared in `data_dir` or where it was."""
    data = classifier.config.data
    if data_dir is not None:
        data = dataclasses.replace(data, directory=str(data_dir))
    return classifier.open_split(name, data=data)


def accuracy_table(
    gimefive: Sequence[Classifier], local: Sequence[Classifier], split: Split
) -> str:
    """A row per seed, and a last one of the means."""
    hits = [
        [one.logits(split).argmax(-1) == split.labels for one in several]
        for several in (gimefive, local)
    ]
    lines = [
        f"{split.data_name}, {split.name}, {len(split):,} faces, accuracy in %",
        "",
        "| seed | gimefive | gimefive_local | difference (paired over faces) |",
        "|---|---|---|---|",
    ]
    for seed, (a, b) in enumerate(zip(*hits, strict=True)):
        difference = 100 * (b.astype(np.float64) - a)
        lines.append(
            f"| {seed} | {_share(a)} | {_share(b)} | {mean_interval(difference, sign='+')} |"
        )
    if len(local) > 1:
        means = [[100 * float(one.mean()) for one in several] for several in hits]
        welch = statistics.welch_interval(means[1], means[0])
        between = "-" if welch is None else f"{welch[0]:+.2f} to {welch[1]:+.2f}"
        gap = np.mean(means[1]) - np.mean(means[0])
        lines.append(
            f"| mean | {_spread(means[0])} | {_spread(means[1])} | {gap:+.2f} "
            f"({between}, Welch over seeds) |"
        )
    return "\n".join(lines)


def planted_table(gimefive: Sequence[Classifier], local: Sequence[Classifier], split: Split) -> str:
    """A row per map: its share on the planted evidence, and what it is compared with."""
    shares = {("gimefive_local", *one): found for one, found in _shares(local, LOCAL_MAPS, split)}
    reference = shares["gimefive_local", *LOCAL_MAPS[0]].mean(0)
    shares |= {("gimefive", *one): found for one, found in _shares(gimefive, GIMEFIVE_MAPS, split)}
    lines = [
        f"{split.data_name}, {split.name}, {len(split):,} faces, share of the positive mass on the "
        f"planted evidence in %, mean over {len(local)} seeds",
        "",
        "| model | map | share | seeds | above centre Gaussian | above edges | "
        "maps of evidence above it |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, ((model, method, layer), found) in enumerate(shares.items()):
        mean = found.mean(0)
        gaussian, contrast = _baselines(split, _grid(layer, split))
        seeds = ", ".join(f"{100 * one.mean():.1f}" for one in found)
        over = mean_interval(reference - mean, 100, sign="+") if number else ""
        lines.append(
            f"| {model} | {method} at {layer} | {mean_interval(mean, 100)} | {seeds} | "
            f"{mean_interval(mean - gaussian, 100, sign='+')} | "
            f"{mean_interval(mean - contrast, 100, sign='+')} | {over} |"
        )
    return "\n".join(lines)


def identity_table(local: Sequence[Classifier], split: Split) -> str:
    """A row per run: how far its logits are from the sums of their maps, over all faces."""
    lines = [
        f"{split.data_name}, {split.name}, {len(split):,} faces, all categories; size = sum of a "
        "map's absolute cells",
        "",
        "| run | largest gap | largest gap / size | HiResCAM at evidence: largest gap / size |",
        "|---|---|---|---|",
    ]
    for classifier in local:
        driver = Driver(classifier.mesh, classifier.config.evaluation.batch_size)
        variables = classifier.placed_variables
        logits, maps = driver.run(evidence_function(classifier), variables, split.images)
        maps = maps.astype(np.float64) / (maps.shape[1] * maps.shape[2])
        gap, size = np.abs(logits - maps.sum((1, 2))), np.abs(maps).sum((1, 2))
        explain = classifier.explain_function("hirescam", EVIDENCE)
        found = driver.run(explain, variables, split.images).explanations["hirescam", EVIDENCE]
        drawn = found.heat_map.astype(np.float64)
        again = np.abs(drawn.sum((1, 2)) - found.score) / np.abs(drawn).sum((1, 2))
        cells = [f"{worst:.1e}" for worst in (gap.max(), (gap / size).max(), again.max())]
        lines.append(f"| {' | '.join([classifier.name, *cells])} |")
    return "\n".join(lines)


def evidence_function(classifier: Classifier) -> FaceFunction[tuple[Array, Array]]:
    """`(variables, faces) -> (logits, maps)`: the maps of all categories, by one prediction."""

    def is_evidence(module: nn.Module, _: str) -> bool:
        return module.name == EVIDENCE

    def predict(variables: PyTree, x: Array) -> tuple[Array, Array]:
        logits, state = classifier.model.apply(
            variables,
            x,
            train=False,
            capture_intermediates=is_evidence,
            mutable="intermediates",
        )
        [maps] = jax.tree.leaves(state["intermediates"])
        return logits, maps

    return on_pixels(predict, channels=classifier.config.model.input_channels)


def heat_maps(
    classifier: Classifier, maps: Sequence[Map], split: Split
) -> dict[Map, Float[np.ndarray, "face rows columns"]]:
    """Maps of the predicted category by method and layer."""
    methods = tuple(dict.fromkeys(method for method, _ in maps))
    layers = tuple(dict.fromkeys(layer for _, layer in maps))
    driver = Driver(classifier.mesh, classifier.config.evaluation.batch_size)
    explain = classifier.explain_function(methods, layers)
    found = driver.run(explain, classifier.placed_variables, split.images).explanations
    return {one: found[one].heat_map for one in maps}


def _shares(
    classifiers: Sequence[Classifier], maps: Sequence[Map], split: Split
) -> list[tuple[Map, Float[np.ndarray, "seed face"]]]:
    found = [heat_maps(classifier, maps, split) for classifier in classifiers]
    mask = split.extras["evidence"]
    return [(one, np.stack([mass_on(seed[one], mask) for seed in found])) for one in maps]


def _grid(layer: str, split: Split) -> tuple[int, int]:
    pools = 3 if layer == EVIDENCE else int(layer.removeprefix("block")[0]) - 1
    side = split.images.shape[1] >> pools
    return side, side


def _baselines(
    split: Split, grid: tuple[int, int]
) -> tuple[Float[np.ndarray, " face"], Float[np.ndarray, " face"]]:
    mask, images = split.extras["evidence"], np.asarray(split.images)
    gaussian = np.broadcast_to(centre_gaussian(*grid), (len(split), *grid))
    return mass_on(gaussian, mask), mass_on(edges(images, *grid), mask)


def _share(hits: np.ndarray) -> str:
    low, high = statistics.wilson_interval(int(hits.sum()), len(hits))
    return f"{100 * hits.mean():.2f} ({100 * low:.2f} to {100 * high:.2f})"


def mean_interval(values: np.ndarray, factor: float = 1, *, sign: str = "", digits: int = 1) -> str:
    """Mean and 95 % bootstrap interval, times `factor`, in words."""
    low, high = statistics.bootstrap_mean_interval(np.asarray(values, np.float64))
    mean, low, high = (
        f"{factor * value:{sign}.{digits}f}" for value in (float(np.mean(values)), low, high)
    )
    return f"{mean} ({low} to {high})"


def _spread(values: Sequence[float]) -> str:
    found = statistics.spread(values)
    assert found is not None
    return f"{found.mean:.2f}" + ("" if found.deviation is None else f" ± {found.deviation:.2f}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("accuracy", "planted", "identity"):
        one = verbs.add_parser(verb)
        one.add_argument("--local", type=Path, nargs="+", required=True, metavar="RUN")
        if verb != "identity":
            one.add_argument("--gimefive", type=Path, nargs="+", required=True, metavar="RUN")
        one.add_argument("--split", default="test")
        one.add_argument("--data-dir", type=Path, help="where the prepared data lies")
    return parser.parse_args()


if __name__ == "__main__":
    main()
