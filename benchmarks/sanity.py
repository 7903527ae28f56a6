"""Sanity of heat maps: do they depend on what the network learned, and on the category explained?

    python benchmarks/sanity.py small --data-dir data [--num-faces 100] [--methods ...] [--out FILE]

Initialises the layers of a model anew from the head down and compares the absolute values of the
maps with those of the trained model, face by face (rank correlation and structural similarity).
Then compares each map with those of the other categories. `edges` is a control that knows nothing
of the network: the face's own Sobel edges, which must stay at 1. Prints two tables in Markdown.
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gimefive_jax import api
from gimefive_jax.data import stratified
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.explanation.faithfulness.baselines import edges
from gimefive_jax.explanation.faithfulness.maps import MapKey, maps_of
from gimefive_jax.explanation.faithfulness.sanity import (
    RandomisedMaps,
    random_logit,
    randomisation_test,
    randomised,
)
from gimefive_jax.explanation.faithfulness.similarity import Similarity, similarity
from gimefive_jax.inference import Driver
from gimefive_jax.models import blank_face
from gimefive_jax.statistics import bootstrap_mean_interval

METHODS = ("hirescam", "gradcam", "gradcam_plus_plus", "layercam", "xgradcam", "eigencam")
LAYERS = ("block5/activation", "block3/activation")
CONTROL_GRID = (16, 16)


def main() -> None:
    arguments = _parse()
    classifier = api.load(arguments.model)
    data = dataclasses.replace(classifier.config.data, directory=arguments.data_dir)
    split = classifier.open_split(arguments.split, data=data)
    rows = stratified(np.asarray(split.labels), arguments.num_faces)
    faces = split.images[rows]
    driver = Driver(classifier.mesh, arguments.batch_size)
    # The face as it is: explained is never the average with its mirror image.
    predicted = driver.run(predict_fn(classifier.model), classifier.variables, faces)
    target = np.asarray(predicted.emotion, np.int32)
    maps = maps_of(classifier.explain_function(arguments.methods, arguments.layers))
    stages = randomised(
        classifier.model,
        classifier.variables,
        blank_face(classifier.model, image_size=faces.shape[1]),
        call={"train": False},
        seed=arguments.seed,
    )
    found = randomisation_test(maps, classifier.variables, stages, faces, target, driver=driver)
    of_others = random_logit(maps, num_categories=len(split.emotions))
    others = driver.run(of_others, classifier.variables, faces, target)
    text = "\n\n".join(
        [
            _heading(arguments, split.data_name, len(faces)),
            _randomisation_table(found, _control(faces, found)),
            _random_logit_table(others),
        ]
    )
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


def _control(faces: np.ndarray, found: Sequence[RandomisedMaps]) -> list[Similarity]:
    """Of the face's edges: with another face's first, then with themselves at every stage."""
    maps = edges(faces, *CONTROL_GRID)
    other = similarity(maps, np.roll(maps, -1, axis=0))
    return [other, *[similarity(maps, maps)] * (len(found) - 1)]


def _heading(arguments: argparse.Namespace, data_name: str, num_faces: int) -> str:
    methods = tuple(arguments.methods)
    named = "" if methods == METHODS else f" --methods {' '.join(methods)}"
    return (
        f"# Sanity of the maps of `{arguments.model}`\n\n"
        f"{num_faces} faces of {data_name}/{arguments.split}, each category with "
        "its share; explained is the category that the trained network predicts. Written by\n"
        f"`python benchmarks/sanity.py {arguments.model} --split {arguments.split} "
        f"--num-faces {arguments.num_faces} --seed {arguments.seed}{named}`."
    )


def _randomisation_table(found: Sequence[RandomisedMaps], control: Sequence[Similarity]) -> str:
    rows: dict[str, list[Similarity]] = {
        _name(key): [stage.similarities[key] for stage in found] for key in found[0].similarities
    }
    rows["edges of the face (control)"] = list(control)
    head = ["map", *(stage.layer for stage in found)]
    body = [[name, *(_pair(one) for one in stages)] for name, stages in rows.items()]
    return (
        "## Layers initialised anew, from the head down\n\n"
        "Mean rank correlation / structural similarity of |map| with the trained network's. A "
        "column names the last layer that was initialised anew; all behind it are as well. "
        "`another face` compares the trained network's maps of two different faces: what maps have "
        "in common whatever they show.\n\n" + _table(head, body)
    )


def _pair(found: Similarity) -> str:
    return f"{np.mean(found.spearman):.2f} / {np.mean(found.ssim):.2f}"


def _random_logit_table(others: Mapping[MapKey, np.ndarray]) -> str:
    body = []
    for key, values in others.items():
        values = np.asarray(values, np.float64)
        low, high = bootstrap_mean_interval(values)
        verdict = "fails: one map for every category" if values.min() > 1 - 1e-4 else ""
        body.append([_name(key), f"{values.mean():.3f}", f"{low:.3f} to {high:.3f}", verdict])
    head = ["map", "mean rank correlation", "95 % interval", "verdict"]
    return (
        "## Other categories\n\n"
        "Rank correlation of the map of the predicted category with that of each other category, "
        "signed where the method is.\n\n" + _table(head, body)
    )


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _name(key: MapKey) -> str:
    return f"{key[0]}, {key[1]}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--split", default="test")
    parser.add_argument("--num-faces", type=int, default=100)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--layers", nargs="+", default=LAYERS)
    parser.add_argument("--batch-size", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
