"""`gimefive predict`."""

import contextlib
import dataclasses
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gimefive_jax import files
from gimefive_jax.cli.face_options import FaceOptions
from gimefive_jax.cli.parsing import parse
from gimefive_jax.cli.telling import (
    tell,
    tell_meaning,
    tell_notice,
    tell_passed_over,
    tell_without_faces,
)
from gimefive_jax.errors import InputError

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier
    from gimefive_jax.predicting import PredictedImage
    from gimefive_jax.predicting.looking import FaceSearch
    from gimefive_jax.predicting.rows import RowWriter

# Devices and pipes have none, and get CSV.
_SUFFIXES = ("", ".csv", ".json", ".jsonl")


@dataclasses.dataclass(frozen=True)
class Arguments(FaceOptions):
    """Classify the faces of image files and folders.

    Prints CSV, a row per face: filepath, face (its number in the image), left, top, width and
    height of its box in pixels, detector_score, a probability for each expression category,
    probabilities (whether these are calibrated or raw), predicted, note. An image without a face
    has a row with face 0 whose note says so. An image that cannot be read is named on standard
    error, the others go on, and the exit status is 2.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small, small_local."""
    paths: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PATH...")]
    """Image files, and folders that are searched for them. The content tells a picture, not the
    name: JPEG, PNG, BMP, WebP, TIFF, GIF, PPM, AVIF, and HEIC with gimefive-jax[heic]."""
    out: Path | None = None
    """Where the rows go, by its suffix: .csv, .json (one list) or .jsonl (a row per line); by
    default CSV on standard output. JSON also holds the crop, and where the evidence lies: the share
    of each region of the face, and a sentence."""
    pictures_dir: Path | None = None
    """Folder for a picture per image, at the image's own resolution: each face with the number of
    its row, box, heat map, landmarks and scores. Where the image is the face: face, heat map with
    scale, overlay."""
    abstain_below: float = 0.0
    """Confidence from 0 to 1 below which a face gets no category: predicted is then empty, the note
    says so, and pictures say unsure. The share of faces that are left, and how many of these are
    wrong, stands in the metrics.json of `gimefive evaluate` and in a model's card."""
    crops_dir: Path | None = None
    """Folder for what was classified of each face, as the network saw it: IMAGE.NUMBER.png."""


def run(words: Sequence[str]) -> int:
    """Runs the verb; see `Arguments`."""
    arguments = parse(Arguments, words, verb="predict")
    _check(arguments)
    from gimefive_jax.api import load
    from gimefive_jax.predicting import find_images

    search = arguments.search()
    ours = [one for one in (arguments.pictures_dir, arguments.crops_dir) if one is not None]
    found = find_images(arguments.paths, leave_out=ours)
    if search.boxes is not None:
        search.boxes.check_names(found.paths)
    tell_passed_over(found)
    classifier = load(arguments.model)
    tell_notice(arguments.model, classifier)
    for folder in ours:
        folder.mkdir(parents=True, exist_ok=True)
    with _writing(arguments.out, classifier) as write:
        num_bad = _predict(write, classifier, found.paths, search, arguments)
        if num_bad == len(found.paths) and arguments.out is not None:
            raise InputError(
                f"none of the {num_bad} images can be read; {arguments.out} is not written"
            )
    if num_bad:
        tell(f"{num_bad} of {len(found.paths)} images left out")
    if num_bad < len(found.paths):
        tell_meaning()
    return 2 if num_bad else 0


def _check(arguments: Arguments) -> None:
    if not arguments.paths:
        raise InputError("name at least one image file or folder; see gimefive predict --help")
    if not 0 <= arguments.abstain_below <= 1:
        raise InputError(
            f"--abstain-below {arguments.abstain_below:g} must be a probability, from 0 to 1"
        )
    if arguments.out is None:
        if sys.stdout is None:
            raise InputError("standard output is closed; give --out FILE")
    elif arguments.out.suffix not in _SUFFIXES:
        raise InputError(
            f"--out {arguments.out} must end in .csv, .json or .jsonl, which says what is written"
        )


@contextlib.contextmanager
def _writing(out: Path | None, classifier: "Classifier") -> Iterator["RowWriter"]:
    """What writes a row to the file, which appears once it is whole, or to standard output."""
    from gimefive_jax.predicting.rows import csv_writer, json_writer

    if out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # File names are bytes to the system: give back what came in.
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        yield csv_writer(sys.stdout, classifier.emotions)
        return
    with files.replacing_text(out, errors="surrogateescape") as file:
        if out.suffix in (".json", ".jsonl"):
            write, end = json_writer(file, lines=out.suffix == ".jsonl")
            yield write
            end()
        else:
            yield csv_writer(file, classifier.emotions)


def _predict(
    write: "RowWriter",
    classifier: "Classifier",
    paths: Sequence[Path],
    search: "FaceSearch",
    arguments: Arguments,
) -> int:
    """Writes rows and pictures; returns how many images could not be read."""
    from gimefive_jax.predicting import UnreadableImage, predict_files
    from gimefive_jax.predicting.rows import rows_of

    root = os.path.commonpath([os.path.abspath(path.parent) for path in paths])
    is_json = arguments.out is not None and arguments.out.suffix in (".json", ".jsonl")
    explain = is_json or arguments.pictures_dir is not None
    num_bad, without = 0, list[Path]()
    predicted = predict_files(
        classifier, paths, search=search, explain=explain, abstain_below=arguments.abstain_below
    )
    for image in predicted:
        if isinstance(image, UnreadableImage):
            num_bad += 1
            tell(image.reason)
            continue
        for row in rows_of(image):
            write(row)
        if image.way == "found" and not image.faces:
            without.append(image.path)
        _draw(classifier, image, root, arguments)
    tell_without_faces(without, len(paths))
    return num_bad


def _draw(
    classifier: "Classifier", image: "PredictedImage", root: str, arguments: Arguments
) -> None:
    """Writes the picture of an image, and the crops of its faces, where they are asked for."""
    from PIL import Image

    from gimefive_jax.predicting import draw_prediction

    if arguments.pictures_dir is not None:
        place = _place(arguments.pictures_dir, image.path, root, ".png")
        with files.replacing(place) as partial:
            draw_prediction(classifier, image).save(partial, format="PNG")
    if arguments.crops_dir is not None:
        for number, face in enumerate(image.faces, start=1):
            place = _place(arguments.crops_dir, image.path, root, f".{number}.png")
            with files.replacing(place) as partial:
                Image.fromarray(face.pixels).save(partial, format="PNG")


def _place(folder: Path, image: Path, root: str, ending: str) -> Path:
    """Place of an image's picture: as the image lies below `root`, so no two images share one."""
    below = Path(os.path.abspath(image)).relative_to(root)
    return folder / below.with_name(f"{below.name}{ending}")
