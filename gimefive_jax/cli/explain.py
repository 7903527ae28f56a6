"""`gimefive explain`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gimefive_jax.cli.face_options import FaceOptions
from gimefive_jax.cli.options import DataOptions, ProcessOptions
from gimefive_jax.cli.parsing import parse
from gimefive_jax.cli.telling import (
    tell,
    tell_meaning,
    tell_notice,
    tell_passed_over,
    tell_without_faces,
)
from gimefive_jax.errors import InputError
from gimefive_jax.files import check_replaceable

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier
    from gimefive_jax.data import Split
    from gimefive_jax.explained.faces import ExplainedFaces
    from gimefive_jax.explained.plan import MapMeasure

# They name a prepared split, of which photos are none.
_OF_SPLITS = ("--data", "--data-dir", "--split", "--limit")


@dataclasses.dataclass(frozen=True)
class Arguments(FaceOptions, DataOptions, ProcessOptions):
    """Export explanation maps of a split, or of photos: raw arrays, a manifest and pictures.

    heat_maps/METHOD.LAYER.zarr is float32 [face, rows, columns] on the layer's own grid, in units
    of the explained logit; manifest.csv and manifest.parquet say what is known of each face.
    Killed at any moment, the same command goes on where it was and leaves the same bytes.
    Explained is the face as it is, also where evaluation.flip averages it with its mirror image.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")] = tyro.MISSING
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small, small_local."""
    paths: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[PATH...]")
    ] = ()
    """Image files, and folders that are searched for them, instead of a split. Each face that is
    found in them is a row, named FILE#NUMBER with the number that gimefive predict gives it. A file
    that cannot be read is named, the others go on, and the exit status is 2."""
    methods: tuple[str, ...] = ()
    """The first one is drawn; by default layercam@block3/activation, which measured best, then
    hirescam and gradcam. Of a layer: hirescam, gradcam, gradcam_plus_plus, layercam, xgradcam,
    eigencam, ablationcam, scorecam. Of the pixels, with many passes for each face:
    integrated_gradients, integrated_gradients_blurred, smoothgrad, occlusion. METHOD@LAYER gives
    a method of a layer its own."""
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
    regions: bool = False
    """Find the landmarks of each face and write which share of each map lies on brows, eyes, nose,
    mouth, cheeks, forehead and the rest into the manifest; landmarks of a split are kept."""
    pictures: Literal["none", "sample", "all"] | None = None
    """Panels (face, heat map with scale, overlay): none, hits and misses of each category, all; by
    default a sample of a split, and all photos."""
    out: Path | None = None
    """Folder for the results; by default RUN/explanations/DATA-SPLIT, for a chosen checkpoint
    DATA-SPLIT-step-N, for a file gimefive-out/FILE/explanations/DATA-SPLIT. Photos need one.
    Earlier results in it are replaced once all is done; until then the work lies in
    OUT.unfinished."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="explain")
    if arguments.paths:
        _check_photos(arguments, words)
    elif arguments.named:
        raise InputError(
            f"{arguments.named[0]} is for photos, and none are named; leave it out, or name some"
        )
    return arguments.run(lambda: _explain(arguments))


def _check_photos(arguments: Arguments, words: Sequence[str]) -> None:
    named = [word for word in words if word.split("=")[0].replace("_", "-") in _OF_SPLITS]
    if named:
        raise InputError(
            f"{named[0]} is for a split, and {arguments.paths[0]} is a photo or a folder of them; "
            "leave one of the two out"
        )
    if arguments.out is None:
        raise InputError("photos need a folder for the results; give --out DIR")


def _explain(arguments: Arguments) -> int:
    from gimefive_jax import parallel

    with parallel.mistakes_shared():
        opened = _open_photos(arguments) if arguments.paths else _open_split(arguments)
    classifier, faces, folder = opened.classifier, opened.faces, opened.folder
    classifier.check_same_work(faces)
    classifier.export_explanations(
        faces,
        folder,
        methods=arguments.methods,
        layers=arguments.layers,
        targets=arguments.targets,
        activations=arguments.activations,
        pictures=arguments.pictures or ("all" if arguments.paths else "sample"),
        measures=_regions(arguments, opened) if arguments.regions else (),
        progress=True,
    )
    if parallel.is_first():
        if opened.num_unreadable:
            tell(f"{opened.num_unreadable} of {opened.num_images} images left out")
        if opened.split is None:
            tell_meaning()
        named = f"{len(faces):,} faces of {faces.data_name} {faces.name}".rstrip()
        print(f"{named} explained in {folder}")
    return 2 if opened.num_unreadable else 0


@dataclasses.dataclass(frozen=True)
class _Opened:
    """The model, the faces, and where the results go."""

    classifier: "Classifier"
    faces: "ExplainedFaces"
    folder: Path
    split: "Split | None" = None
    """None for photos."""
    num_images: int = 0
    """Of photos, those that could not be read among them."""
    num_unreadable: int = 0


def _regions(arguments: Arguments, opened: _Opened) -> tuple["MapMeasure", ...]:
    from gimefive_jax import faces, parallel

    images = opened.faces.images
    if opened.split is None:
        found = faces.landmarks(images)
    else:
        data = arguments.config(opened.classifier.config)
        found = faces.split_landmarks(opened.split, folder=faces.landmarks_folder(data))
    if parallel.is_first():
        tell(f"landmarks found on {int(found.found.sum()):,} of {len(images):,} faces")
    return (faces.RegionColumns(found, images.shape[1]),)


def _open_split(arguments: Arguments) -> _Opened:
    from gimefive_jax.api import load
    from gimefive_jax.explained.faces import ExplainedFaces
    from gimefive_jax.explained.layout import SUMMARY

    classifier = load(arguments.model)
    split = arguments.open(classifier, limit=arguments.limit)
    folder = arguments.out or classifier.results_folder("explanations", split)
    check_replaceable(folder, marker=SUMMARY)
    return _Opened(classifier, ExplainedFaces.of(split), folder, split)


def _open_photos(arguments: Arguments) -> _Opened:
    from gimefive_jax import files, parallel
    from gimefive_jax.api import load
    from gimefive_jax.explained.layout import SUMMARY, UNFINISHED
    from gimefive_jax.predicting import find_images, read_faces

    folder, search = arguments.out or Path(), arguments.search()
    check_replaceable(folder, marker=SUMMARY)
    ours = (folder, files.resting_place(folder, UNFINISHED))
    found = find_images(arguments.paths, leave_out=ours)
    classifier = load(arguments.model)
    read = read_faces(classifier, found.paths, search=search)
    if parallel.is_first():
        tell_passed_over(found)
        for one in read.unreadable:
            tell(one.reason)
        tell_without_faces(read.without_faces, len(found.paths))
        tell_notice(arguments.model, classifier)
    return _Opened(
        classifier,
        read.faces,
        folder,
        num_images=len(found.paths),
        num_unreadable=len(read.unreadable),
    )
