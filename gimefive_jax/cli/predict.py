"""`gimefive predict`."""

import csv
import dataclasses
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import tyro

from gimefive_jax import files
from gimefive_jax.cli.parsing import parse
from gimefive_jax.cli.telling import tell, tell_passed_over, tell_whole_photos
from gimefive_jax.errors import InputError

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Classify image files and folders.

    Each image is taken as one face, as nothing looks for faces yet: give face crops, or --crop.
    Prints CSV: filepath, a probability for each expression category, predicted. An image that
    cannot be read is named on standard error, the others go on, and the exit status is 2.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small."""
    paths: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PATH...")]
    """Image files, and folders that are searched for them. The content tells a picture, not the
    name: JPEG, PNG, BMP, WebP, TIFF, GIF, PPM, AVIF, and HEIC with gimefive-jax[heic]."""
    out: Path | None = None
    """CSV file; by default standard output."""
    pictures_dir: Path | None = None
    """Folder for a panel per image: face, heat map with scale, overlay."""
    crop: tuple[int, int, int, int] | None = None
    """LEFT TOP WIDTH HEIGHT of the face in every image, in pixels; a square suits the network."""


def run(words: Sequence[str]) -> int:
    """Runs the verb; see `Arguments`."""
    arguments = parse(Arguments, words, verb="predict")
    if not arguments.paths:
        raise InputError("name at least one image file or folder; see gimefive predict --help")
    if arguments.out is None and sys.stdout is None:
        raise InputError("standard output is closed; give --out FILE")
    from gimefive_jax.api import load
    from gimefive_jax.predicting import find_images

    ours = () if arguments.pictures_dir is None else (arguments.pictures_dir,)
    found = find_images(arguments.paths, leave_out=ours)
    tell_passed_over(found)
    classifier = load(arguments.model)
    if classifier.notice:
        tell(f"{arguments.model}: {classifier.notice}")
    if arguments.pictures_dir is not None:
        arguments.pictures_dir.mkdir(parents=True, exist_ok=True)
    if arguments.out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # File names are bytes to the system: give back what came in.
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        num_bad = _write(sys.stdout, classifier, found.paths, arguments)
    else:
        with files.replacing_text(arguments.out, errors="surrogateescape") as file:
            num_bad = _write(file, classifier, found.paths, arguments)
            if num_bad == len(found.paths):
                raise InputError(
                    f"none of the {num_bad} images can be read; {arguments.out} is not written"
                )
    if num_bad:
        tell(f"{num_bad} of {len(found.paths)} images left out")
    return 2 if num_bad else 0


def _write(
    file: TextIO, classifier: "Classifier", paths: Sequence[Path], arguments: Arguments
) -> int:
    """Writes rows and pictures; returns how many images could not be read."""
    from gimefive_jax.images import Box
    from gimefive_jax.predicting import UnreadableImage, draw_prediction, predict_files

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["filepath", *classifier.emotions, "predicted"])
    root = os.path.commonpath([os.path.abspath(path.parent) for path in paths])
    crop = None if arguments.crop is None else Box(*arguments.crop)
    num_bad, whole_photos = 0, list[tuple[Path, tuple[int, int]]]()
    for row in predict_files(
        classifier, paths, crop=crop, explain=arguments.pictures_dir is not None
    ):
        if isinstance(row, UnreadableImage):
            num_bad += 1
            tell(row.reason)
            continue
        # Nine significant digits name a float32 exactly.
        writer.writerow([row.path, *(f"{p:.9g}" for p in row.probabilities), row.predicted])
        if crop is None and row.may_be_a_whole_photo:
            whole_photos.append((row.path, row.size))
        if arguments.pictures_dir is not None:
            place = _picture_path(arguments.pictures_dir, row.path, root)
            with files.replacing(place) as partial:
                draw_prediction(classifier, row).save(partial, format="PNG")
    tell_whole_photos(whole_photos, len(paths))
    return num_bad


def _picture_path(folder: Path, image: Path, root: str) -> Path:
    """Place of an image's picture: as the image lies below `root`, so no two images share one."""
    below = Path(os.path.abspath(image)).relative_to(root)
    return folder / below.with_name(f"{below.name}.png")
