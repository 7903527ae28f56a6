"""`gimefive explain`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gimefive_jax.cli.options import DataOptions, ProcessOptions, check_same_work
from gimefive_jax.cli.parsing import parse
from gimefive_jax.files import check_replaceable

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier
    from gimefive_jax.data import Split


@dataclasses.dataclass(frozen=True)
class Arguments(DataOptions, ProcessOptions):
    """Export explanation maps of a split: raw arrays, activations, a manifest and pictures.

    heat_maps/METHOD.LAYER.zarr is float32 [face, rows, columns] on the layer's own grid, in units
    of the explained logit; manifest.csv and manifest.parquet say what is known of each face.
    Killed at any moment, the same command goes on where it was and leaves the same bytes.
    Explained is the face as it is, also where evaluation.flip averages it with its mirror image.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")] = tyro.MISSING
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small."""
    methods: tuple[str, ...] = ()
    """The first one is drawn; by default the config's: hirescam and gradcam. Of a layer: hirescam,
    gradcam, gradcam_plus_plus, layercam, xgradcam, eigencam, ablationcam, scorecam. Of the pixels,
    with many passes for each face: integrated_gradients, integrated_gradients_blurred, smoothgrad,
    occlusion."""
    layers: tuple[str, ...] = ()
    """Layers such as block5/activation, block3/conv, block4, as `gimefive models NAME` lists
    them; by default the last activation."""
    targets: str = "predicted"
    """Whose logit is explained: predicted, label, all, one category for all faces, or the
    difference of two as CLASS-CLASS."""
    activations: bool = False
    """Also write the mean activation of every block, and each face's strongest channels."""
    limit: int | None = None
    """Only so many faces, evenly spread over the split."""
    pictures: Literal["none", "sample", "all"] = "sample"
    """Panels (face, heat map with scale, overlay): none, hits and misses of each category, all."""
    out: Path | None = None
    """Folder for the results; by default RUN/explanations/DATA-SPLIT, for a chosen checkpoint
    DATA-SPLIT-step-N, for a file gimefive-out/FILE/explanations/DATA-SPLIT. Earlier results in it
    are replaced."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="explain")
    return arguments.run(lambda: _explain(arguments))


def _explain(arguments: Arguments) -> int:
    from gimefive_jax import parallel

    with parallel.mistakes_shared():
        classifier, split, folder = _open(arguments)
    check_same_work(classifier, split)
    classifier.export_explanations(
        split,
        folder,
        methods=arguments.methods,
        layers=arguments.layers,
        targets=arguments.targets,
        activations=arguments.activations,
        pictures=arguments.pictures,
        progress=True,
    )
    if parallel.is_first():
        print(f"{len(split):,} faces of {split.data_name} {split.name} explained in {folder}")
    return 0


def _open(arguments: Arguments) -> tuple["Classifier", "Split", Path]:
    """The model, the faces, and where the results go."""
    from gimefive_jax.api import load
    from gimefive_jax.data import sample_faces
    from gimefive_jax.explained.layout import SUMMARY
    from gimefive_jax.runs import results_folder

    classifier = load(arguments.model)
    split = classifier.open_split(arguments.split, data=arguments.config(classifier.config))
    if arguments.limit is not None:
        split = sample_faces(split, arguments.limit)
    folder = arguments.out or results_folder(
        classifier.run_folder,
        classifier.name,
        "explanations",
        step=classifier.step,
        data_name=split.data_name,
        split=split.name,
    )
    check_replaceable(folder, marker=SUMMARY)
    return classifier, split, folder
