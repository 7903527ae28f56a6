"""`gimefive predict`."""

import csv
import dataclasses
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import tyro

from gimefive_jax import files
from gimefive_jax.cli.parsing import parse
from gimefive_jax.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from gimefive_jax.api import Classifier
    from gimefive_jax.structs import Explanation

# Decoded at once: bounds the memory for any number of files.
_CHUNK = 256
# In pixels, and as long over short side: beyond, an image is hardly a face crop.
_LARGEST_CROP, _LONGEST_CROP = 256, 1.5


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
    """Image files, and folders that are searched for them."""
    out: Path | None = None
    """CSV file; by default standard output."""
    pictures_dir: Path | None = None
    """Folder for a panel per image: face, heat map with scale, overlay."""
    crop: tuple[int, int, int, int] | None = None
    """LEFT TOP WIDTH HEIGHT of the face in every image, in pixels; a square suits the network."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="predict")
    paths = find_images(arguments.paths, leave_out=arguments.pictures_dir)
    from gimefive_jax.api import load

    classifier = load(arguments.model)
    if classifier.notice:
        print(f"gimefive: {arguments.model}: {classifier.notice}", file=sys.stderr)
    if arguments.pictures_dir is not None:
        arguments.pictures_dir.mkdir(parents=True, exist_ok=True)
    if arguments.out is None:
        if sys.stdout is None:
            raise InputError("standard output is closed; give --out FILE")
        if isinstance(sys.stdout, io.TextIOWrapper):
            # File names are bytes to the system: give back what came in.
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        num_bad = _write(sys.stdout, classifier, paths, arguments)
    else:
        with files.replacing_text(arguments.out, errors="surrogateescape") as file:
            num_bad = _write(file, classifier, paths, arguments)
            if num_bad == len(paths):
                raise InputError(
                    f"none of the {num_bad} images can be read; {arguments.out} is not written"
                )
    if num_bad:
        print(f"gimefive: {num_bad} of {len(paths)} images left out", file=sys.stderr)
    return 2 if num_bad else 0


def find_images(paths: Sequence[Path], *, leave_out: Path | None = None) -> list[Path]:
    """Named files, and image files anywhere below named folders, sorted within each; each once.

    `leave_out` is a folder whose images are our own pictures.
    """
    from gimefive_jax.images import SUFFIXES

    if not paths:
        raise InputError("name at least one image file or folder; see gimefive predict --help")
    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            if not path.exists():
                raise InputError(f"no file or folder {path}; check the path")
            found[path] = None
            continue
        inside = [p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()]
        if leave_out is not None:
            ours = leave_out.resolve()
            inside = [p for p in inside if not p.resolve().is_relative_to(ours)]
        if not inside:
            raise InputError(f"no image in {path}; images end in {', '.join(SUFFIXES)}")
        found.update(dict.fromkeys(sorted(inside)))
    return list(found)


def _write(
    file: TextIO, classifier: "Classifier", paths: Sequence[Path], arguments: Arguments
) -> int:
    """Write the rows; returns how many images could not be read."""
    import numpy as np

    from gimefive_jax.evaluation.metrics import check_logits

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["filepath", *classifier.emotions, "predicted"])
    root = os.path.commonpath([os.path.abspath(path.parent) for path in paths])
    num_bad, whole_photos = 0, list[str]()
    for start in range(0, len(paths), _CHUNK):
        chunk = list(paths[start : start + _CHUNK])
        images = dict(_decode(chunk, arguments.crop))
        if arguments.crop is None:
            whole_photos += [
                f"{path} ({image.width} x {image.height})"
                for path, image in images.items()
                if _seems_whole(image)
            ]
        good = {path: classifier.pixels([image])[0] for path, image in images.items()}
        num_bad += len(chunk) - len(good)
        if not good:
            continue
        explanation = None
        if arguments.pictures_dir is not None:
            # Its program gives the logits too: one pass serves both.
            [((method, _), explanation)] = classifier.explain(list(good.values())).items()
        if explanation is not None and not classifier.config.evaluation.flip:
            predictions = explanation.predictions
        else:
            predictions = classifier.predict(list(good.values()))
        check_logits(np.asarray(predictions.logits), classifier.name)
        probabilities = np.asarray(predictions.probabilities)
        for path, row in zip(good, probabilities, strict=True):
            # Nine significant digits name a float32 exactly.
            emotion = classifier.emotions[int(row.argmax())]
            writer.writerow([path, *(f"{p:.9g}" for p in row), emotion])
        if explanation is not None and arguments.pictures_dir is not None:
            panels = _panels(classifier, good, explanation, method=method)
            for path, panel in panels:
                place = _picture_path(arguments.pictures_dir, path, root)
                with files.replacing(place) as partial:
                    panel.save(partial, format="PNG")
    if whole_photos:
        print(
            f"gimefive: {len(whole_photos)} of {len(paths)} images may be more than a face, as "
            f"{whole_photos[0]}; nothing looks for faces yet, so give face crops, or --crop LEFT "
            "TOP WIDTH HEIGHT",
            file=sys.stderr,
        )
    return num_bad


def _seems_whole(image: "Image.Image") -> bool:
    """Whether an image looks like a photo with a face somewhere in it, by its size and shape."""
    short, long = sorted(image.size)
    return long > _LARGEST_CROP or long > _LONGEST_CROP * short


def _decode(
    paths: Sequence[Path], crop: tuple[int, int, int, int] | None
) -> Iterator[tuple[Path, "Image.Image"]]:
    from gimefive_jax import images

    for path in paths:
        try:
            image = images.read(path)
            yield path, image if crop is None else images.Box(*crop).cut(image, name=str(path))
        except InputError as error:
            print(f"gimefive: {error}".encode("utf-8", "replace").decode(), file=sys.stderr)


def _panels(
    classifier: "Classifier",
    faces: dict[Path, "np.ndarray"],
    explanation: "Explanation",
    *,
    method: str,
) -> Iterator[tuple[Path, "Image.Image"]]:
    import numpy as np

    from gimefive_jax.explained.pictures import draw_panel

    # Of the face that is drawn, also where the table averages it with its mirror image.
    probabilities = np.asarray(explanation.predictions.probabilities)
    for i, (path, pixels) in enumerate(faces.items()):
        emotion = classifier.emotions[int(explanation.target[i])]
        share = float(probabilities[i].max())
        title = f"{method} for {emotion}   |   predicted {emotion} {share:.0%}   |   {path.name}"
        heat_map, min_max = np.asarray(explanation.heat_map[i]), classifier.config.reference
        yield path, draw_panel(pixels, heat_map, title, min_max=min_max)


def _picture_path(folder: Path, image: Path, root: str) -> Path:
    """Place of an image's picture: as the image lies below `root`, so no two images share one."""
    below = Path(os.path.abspath(image)).relative_to(root)
    return folder / below.with_name(f"{below.name}.png")
