"""Which square around BlazeFace's box shows of a face what FER2013's crops show of it?

    python benchmarks/face_crops.py small --data-dir data [--num-faces 2000]

The faces of FER2013's validation split are given a border of their own edge, so that the detector
sees a face in an image; where its box lies in the crop tells where the crop lies around the box.
Prints medians of that for several widths of the border, and the accuracy of the model on the same
faces as they are and as `crop_of` with several constants cuts them out of the bordered image again.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gimefive_jax import api
from gimefive_jax.api import Classifier
from gimefive_jax.faces import FaceBox, FoundFace, cut_face, make_detector
from gimefive_jax.faces.crops import CENTRE_UP, SCALE

# Width of the border on each side, over that of the face; the last one is cut from.
_BORDERS = (0.4, 1.0, 0.7)
_UPS = (0.0, 0.04, 0.08)
_SCALES = (1.0, 1.1, 1.2, 1.3)


def main() -> None:
    arguments = _parse()
    classifier = api.load(arguments.model)
    data = dataclasses.replace(classifier.config.data, directory=arguments.data_dir)
    split = classifier.open_split(arguments.split, data=data)
    rows = np.random.default_rng(0).choice(len(split), arguments.num_faces, replace=False)
    faces = np.asarray(split.images)[np.sort(rows)]
    labels = np.asarray(split.labels)[np.sort(rows)]
    faces = np.broadcast_to(faces, (*faces.shape[:3], 3))
    for border in _BORDERS:
        images, found = _found(faces, border)
        _print_geometry(border, found, faces.shape[1])
    kept = [row for row, face in enumerate(found) if face is not None]
    print(f"accuracy of {classifier.name} on the {len(kept)} faces found with the last border, %:")
    print(f"  as they are {_accuracy(classifier, faces[kept], labels[kept]):.1f}")
    boxes = [(images[row], found[row]) for row in kept]
    _print_accuracy(classifier, boxes, labels[kept], CENTRE_UP, SCALE, " (crop_of)")
    for up in _UPS:
        for scale in _SCALES:
            _print_accuracy(classifier, boxes, labels[kept], up, scale)


def _found(faces: np.ndarray, border: float) -> tuple[list[np.ndarray], list[FoundFace | None]]:
    """The bordered faces, and the surest find on each."""
    width = round(border * faces.shape[1])
    margins = ((0, 0), (width, width), (width, width), (0, 0))
    images = list(np.pad(faces, margins, mode="edge"))
    find_faces = make_detector(tiles=False)
    return images, [found[0] if found else None for found in find_faces(images)]


def _print_geometry(border: float, found: Sequence[FoundFace | None], side: int) -> None:
    """Where the crop lies around the box, over the box's side."""
    boxes = [face.box for face in found if face is not None]
    middle = side * (0.5 + border)
    across = [(middle - box.centre[0]) / box.width for box in boxes]
    up = [(box.centre[1] - middle) / box.height for box in boxes]
    scale = [side / max(box.width, box.height) for box in boxes]
    words = ", ".join(
        f"{name} {np.median(values):+.3f} (quartiles {np.quantile(values, 0.25):+.3f} to "
        f"{np.quantile(values, 0.75):+.3f})"
        for name, values in (("centre right", across), ("centre up", up), ("scale", scale))
    )
    print(f"border {border}: {len(boxes)} of {len(found)} found; {words}")


def _print_accuracy(
    classifier: Classifier,
    boxes: Sequence[tuple[np.ndarray, FoundFace]],
    labels: np.ndarray,
    up: float,
    scale: float,
    words: str = "",
) -> None:
    crops = []
    for image, face in boxes:
        x, y = face.box.centre
        side = scale * max(face.box.width, face.box.height)
        y -= up * face.box.height
        crop = FaceBox(x - side / 2, y - side / 2, side, side)
        crops.append(cut_face(image, crop, classifier.config.data.image_size))
    accuracy = _accuracy(classifier, np.stack(crops), labels)
    print(f"  up {up:.3f}, scale {scale:.2f}{words}: {accuracy:.1f}", flush=True)


def _accuracy(classifier: Classifier, faces: np.ndarray, labels: np.ndarray) -> float:
    predictions = classifier.predict(list(faces))
    return 100 * float((np.asarray(predictions.probabilities).argmax(-1) == labels).mean())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="run folder, file of weights or shipped name")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of prepared data")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--num-faces", type=int, default=2000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
