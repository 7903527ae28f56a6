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

    from gimefive_jax.api import Classifier
    from gimefive_jax.images import Box

# Decoded at once: bounds the memory for any number of files.
_CHUNK = 256
# An image of more times the network's side is rarely of a face alone.
_LARGEST_CROP = 4


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Classify image files and folders; each image, or the --box in it, is taken as one face.

    Prints CSV: filepath, a probability for each expression category, predicted. An image that
    cannot be read is named on standard error, the others go on, and the exit status is 2.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or the name of weights that come with the package: small."""
    paths: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PATH...")]
    """Image files, and folders that are searched for them."""
    out: Path | None = None
    """CSV file; by default standard output."""
    pictures_dir: Path | None = None
    """Folder for a panel per image: face, heat map with scale, overlay."""
    box: tuple[int, int, int, int] | None = None
    """Where the face is in every image: left, top, width and height in pixels."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="predict")
    paths = find_images(arguments.paths, leave_out=arguments.pictures_dir)
    from gimefive_jax.api import load

    classifier = load(arguments.model)
    if arguments.pictures_dir is not None:
        arguments.pictures_dir.mkdir(parents=True, exist_ok=True)
    if arguments.out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # File names are bytes to the system: give back what came in.
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        num_bad = _write(sys.stdout, classifier, paths, arguments)
    else:
        with (
            files.replacing(arguments.out) as partial,
            partial.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
        ):
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
    """Write the rows, and panels if asked; returns how many images could not be read."""
    import numpy as np

    from gimefive_jax.evaluation.results import check_logits

    faces = _Faces(classifier, arguments.box)

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["filepath", *classifier.emotions, "predicted"])
    root = os.path.commonpath([os.path.abspath(path.parent) for path in paths])
    num_bad = 0
    for start in range(0, len(paths), _CHUNK):
        chunk = list(paths[start : start + _CHUNK])
        good = dict(faces.decode(chunk))
        num_bad += len(chunk) - len(good)
        if not good:
            continue
        if arguments.pictures_dir is None:
            predictions = classifier.predict(list(good.values()))
        else:
            # Its program gives the predictions as well.
            [((method, _), explanation)] = classifier.explain(list(good.values())).items()
            predictions = explanation.predictions
        check_logits(np.asarray(predictions.logits), classifier.name)
        probabilities = predictions.probabilities
        for path, row in zip(good, probabilities, strict=True):
            # Nine significant digits name a float32 exactly.
            emotion = classifier.emotions[int(row.argmax())]
            writer.writerow([path, *(f"{p:.9g}" for p in row), emotion])
        if arguments.pictures_dir is not None:
            for i, (path, pixels) in enumerate(good.items()):
                picture = _picture_path(arguments.pictures_dir, path, root)
                emotion = classifier.emotions[int(explanation.target[i])]
                title = (
                    f"{method} for {emotion}   |   predicted {emotion} {probabilities[i].max():.0%}"
                )
                _draw(
                    picture,
                    pixels,
                    np.asarray(explanation.heat_map[i]),
                    title=f"{title}   |   {path.name}",
                    min_max=classifier.config.reference,
                )
    return num_bad


class _Faces:
    """Reads images as the network's input, and says once where one may be no face."""

    def __init__(self, classifier: "Classifier", box: "Box | None") -> None:
        self._classifier, self._box, self._said = classifier, box, False

    def decode(self, paths: Sequence[Path]) -> "Iterator[tuple[Path, np.ndarray]]":
        """Readable ones; of the others the reason is printed."""
        from gimefive_jax import images

        for path in paths:
            try:
                image = images.read(path)
                if self._box is not None:
                    image = images.cut(image, self._box, name=str(path))
                self._hint(path, image.size)
                yield path, self._classifier.pixels([image])[0]
            except InputError as error:
                _say(str(error))

    def _hint(self, path: Path, size: tuple[int, int]) -> None:
        large = min(size) > _LARGEST_CROP * self._classifier.config.data.image_size
        if large and self._box is None and not self._said:
            self._said = True
            _say(
                f"{path} is {size[0]} x {size[1]} pixels and taken as one face, whole; faces are "
                "not searched for, so give images of faces, or --box LEFT TOP WIDTH HEIGHT"
            )


def _say(line: str) -> None:
    print(f"gimefive: {line}".encode("utf-8", "replace").decode(), file=sys.stderr)


def _draw(
    path: Path, pixels: "np.ndarray", heat_map: "np.ndarray", *, title: str, min_max: bool
) -> None:
    from gimefive_jax.explanation.pictures import draw_panel

    panel = draw_panel(pixels, heat_map, title, min_max=min_max)
    with files.replacing(path) as partial:
        panel.save(partial, format="PNG")


def _picture_path(folder: Path, image: Path, root: str) -> Path:
    """Place of an image's picture: as the image lies below `root`, so no two images share one."""
    below = Path(os.path.abspath(image)).relative_to(root)
    return folder / below.with_name(f"{below.name}.png")
