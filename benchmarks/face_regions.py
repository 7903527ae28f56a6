"""In which region of the face does the evidence lie, as each map says, and as the paper says?

    python benchmarks/face_regions.py small --data-dir data [--references occlusion] [--out FILE]

For each category that the model predicts: mean share of a map's positive mass on each region, with
95 % bootstrap intervals, beside what a uniform map and a centre Gaussian put there; the share on
the regions that the paper names, over that of a uniform map; the correspondence with the category's
action units. Methods of `--references`, which ask the network many times, are measured on fewer
faces, with the rank correlation of the seven shares of a face with those of each other map.
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gimefive_jax import api, faces
from gimefive_jax.data import Split, stratified
from gimefive_jax.explanation.faithfulness.baselines import centre_gaussian
from gimefive_jax.explanation.faithfulness.correspondence import share_agreement
from gimefive_jax.inference import Driver
from gimefive_jax.statistics import bootstrap_mean_interval

Shares = dict[str, np.ndarray]
_FEW_AT_A_TIME = 20


def main() -> None:
    arguments = _parse()
    classifier = api.load(arguments.model)
    data = dataclasses.replace(classifier.config.data, directory=arguments.data_dir)
    split = classifier.open_split(arguments.split, data=data)
    landmarks = faces.split_landmarks(split, folder=faces.landmarks_folder(data))
    [rows] = np.nonzero(landmarks.found)
    points = landmarks.points[rows]
    shares, predicted = _measure(
        classifier, split, rows, points, methods=arguments.methods, layers=arguments.layers
    )
    side = split.images.shape[1]
    gaussian = np.broadcast_to(centre_gaussian(16, 16), (len(rows), 16, 16))
    shares["centre Gaussian"] = faces.region_shares(gaussian, points, side=side)
    shares["uniform"] = faces.region_areas(points, side=side)
    parts = [
        f"# Regions of the maps of `{classifier.name}`\n\n{split.data_name}/{split.name}: "
        f"{len(rows)} of {len(split)} faces have landmarks. Shares of positive mass in %, with 95 "
        "% intervals, by `benchmarks/face_regions.py`.",
        _region_table(shares, predicted, split.emotions),
        _claims_table(shares, predicted, split.emotions),
    ]
    if arguments.references:
        few = stratified(np.asarray(split.labels)[rows], arguments.num_references)
        found, _ = _measure(
            classifier,
            split,
            rows[few],
            points[few],
            methods=arguments.references,
            layers=None,
            # Every face is some hundred copies there.
            batch_size=_FEW_AT_A_TIME,
        )
        all_maps = {**{name: one[few] for name, one in shares.items()}, **found}
        parts.append(_rank_table(all_maps, list(found), num_faces=len(few)))
    text = "\n\n".join(parts)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


def _measure(
    classifier: api.Classifier,
    split: Split,
    rows: np.ndarray,
    points: np.ndarray,
    *,
    methods: Sequence[str],
    layers: Sequence[str] | None,
    batch_size: int | None = None,
) -> tuple[Shares, np.ndarray]:
    """Shares of each map, `[face, region]`, and the predicted label of each face."""
    explain = classifier.explain_function(methods, layers or classifier.default_layer)
    batch_size = batch_size or classifier.config.evaluation.batch_size
    driver = Driver(classifier.mesh, batch_size, progress="explain")
    images = split.images[rows]
    found = driver.run(explain, classifier.placed_variables, images).explanations
    side = images.shape[1]
    shares = {
        f"{method}, {layer}": faces.region_shares(one.heat_map, points, side=side)
        for (method, layer), one in found.items()
    }
    predicted = next(iter(found.values())).predictions.emotion
    return shares, np.asarray(predicted)


def _region_table(shares: Shares, predicted: np.ndarray, emotions: Sequence[str]) -> str:
    body = [
        [emotion, name, *(_interval(100 * column) for column in one[predicted == label].T)]
        for label, emotion in enumerate(emotions)
        for name, one in shares.items()
    ]
    return "## By predicted category\n\n" + _table(["category", "map", *faces.REGIONS], body)


def _claims_table(shares: Shares, predicted: np.ndarray, emotions: Sequence[str]) -> str:
    body, gaussian = [], shares["centre Gaussian"]
    for label, emotion in enumerate(emotions):
        expected = [faces.REGIONS.index(region) for region in faces.expected_regions(emotion)]
        named = " and ".join(faces.expected_regions(emotion)) if len(expected) < 6 else "the face"
        chosen = predicted == label
        uniform = shares["uniform"][chosen][:, expected].sum(1)
        for name, one in shares.items():
            share = one[chosen][:, expected].sum(1)
            units = faces.correspondence(one[chosen], emotion)
            enriched = f"{share.mean() / uniform.mean():.2f}"
            over = _interval(100 * (share - gaussian[chosen][:, expected].sum(1)))
            body.append([emotion, name, named, _interval(100 * share), enriched, over, _two(units)])
    head = ["category", "map", "the paper names", "share", "over area", "less Gaussian", "units"]
    return (
        "## What the paper says\n\nShare on the regions that it names; over that of a uniform map; "
        "less that of a centre Gaussian on the same face; cosine of the shares with the category's "
        "action units.\n\n" + _table(head, body)
    )


def _rank_table(shares: Mapping[str, np.ndarray], slow: list[str], *, num_faces: int) -> str:
    body = [
        [name, *(_two(_agreement(one, shares[other])) for other in slow)]
        for name, one in shares.items()
        if name not in slow
    ]
    body += [[f"{name}: shares", *_means(shares[name])] for name in slow]
    return (
        f"## Beside methods that perturb the pixels, {num_faces} faces\n\nMean rank correlation of "
        f"the seven shares of a face; last, their own mean shares, in the order "
        f"{', '.join(faces.REGIONS)}.\n\n" + _table(["map", *slow], body)
    )


def _means(shares: np.ndarray) -> list[str]:
    return [" ".join(f"{100 * mean:.1f}" for mean in shares.mean(0))]


def _agreement(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(share_agreement(one, other).over_regions, np.float64)


def _interval(values: np.ndarray) -> str:
    low, high = bootstrap_mean_interval(values)
    return f"{values.mean():.1f} ({low:.1f} to {high:.1f})"


def _two(values: np.ndarray) -> str:
    low, high = bootstrap_mean_interval(values)
    return f"{values.mean():.2f} ({low:.2f} to {high:.2f})"


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--split", default="test")
    parser.add_argument("--methods", nargs="+", default=["hirescam"])
    parser.add_argument("--layers", nargs="+", default=["block5/activation", "block3/activation"])
    parser.add_argument("--references", nargs="*", default=[])
    parser.add_argument("--num-references", type=int, default=100)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
