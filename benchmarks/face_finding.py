"""How small a face may be, and what is taken for one where there is none.

    python benchmarks/face_finding.py --data-dir data [--out FILE]

Needs scikit-image, whose photos are used, and prepared FER2013. Prints three tables: which faces
BlazeFace finds by their width in what it sees; what it finds in views of pictures without a person,
and what of that the default detector keeps; and how many faces of FER2013, pasted into a photo of
1800 x 1200 pixels at 90 to 200 pixels, the default detector finds.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
from PIL import Image
from skimage import data as photos

from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from gimefive_jax.faces import FaceBox, make_detector
from gimefive_jax.faces.blazeface import INPUT_SIDE, load_blazeface
from gimefive_jax.faces.finding import find_in_views
from gimefive_jax.faces.views import View, cut_view, tile_views, whole_view

_SHARES = (0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
_WITHOUT_A_PERSON = (
    "coffee", "rocket", "stereo_motorcycle", "grass", "brick", "gravel", "hubble_deep_field",
    "page", "immunohistochemistry", "text", "coins", "moon", "retina", "chelsea", "logo",
)  # fmt: skip
_SAME = 0.2
# Of the astronaut's face: middle and width, as BlazeFace has them.
_MIDDLE, _WIDTH = (224.0, 128.0), 95.0


def main() -> None:
    arguments = _parse()
    split = open_split(DataConfig(name="fer2013", directory=arguments.data_dir), "validation")
    rows = np.random.default_rng(0).choice(len(split), 132, replace=False)
    faces = [np.broadcast_to(split.images[row], (64, 64, 3)) for row in np.sort(rows)]
    lines = [
        "# What BlazeFace finds",
        "",
        *_by_width(faces[:60]),
        "",
        *_without_a_person(),
        "",
        *_pasted(faces[60:]),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.out:
        arguments.out.write_text(text)


_find = jax.jit(find_in_views)
_VARIABLES = load_blazeface()


def _scores(views: list[np.ndarray], *, least: float) -> np.ndarray:
    """Scores of the finds in each view, highest first."""
    one_by_one = [
        np.asarray(_find(_VARIABLES, view[None], np.full(1, least, np.float32)).scores)
        for view in views
    ]
    return np.concatenate(one_by_one)


def _by_width(faces: list[np.ndarray]) -> Iterator[str]:
    yield "| width of the face over that of the view | astronaut: scores | FER2013: found (%) |"
    yield "|---|---|---|"
    ground = _resized(photos.coffee(), INPUT_SIDE, INPUT_SIDE)
    wide = np.pad(photos.astronaut(), ((600, 600), (600, 600), (0, 0)), constant_values=90)
    for share in _SHARES:
        side, views = round(INPUT_SIDE * share), []
        for number, face in enumerate(faces):
            left, top = np.random.default_rng(number).integers(0, INPUT_SIDE - side, 2)
            views.append(_with_face(ground, face, int(left), int(top), side))
        found = (_scores(views, least=0.5)[:, 0] > 0).mean()
        width = _WIDTH / share
        parts = [
            View(600 + _MIDDLE[0] + (shift - 0.5) * width, 600 + _MIDDLE[1] - 0.3 * width, width)
            for shift in (-0.18, -0.09, 0.0, 0.09, 0.18)
        ]
        scores = _scores([cut_view(wide, part, side=INPUT_SIDE) for part in parts], least=0.01)[
            :, 0
        ]
        yield f"| {share} | {scores.min():.2f} to {scores.max():.2f} | {100 * found:.0f} |"


def _without_a_person() -> Iterator[str]:
    yield "| picture | views | finds in views of at least 0.5 | the surest | kept |"
    yield "|---|---|---|---|---|"
    find_faces = make_detector()
    for name in _WITHOUT_A_PERSON:
        picture = getattr(photos, name)()
        picture = np.asarray(Image.fromarray(np.asarray(_first(picture))).convert("RGB"))
        for scale in (1, 3):
            image = _resized(picture, scale * picture.shape[1], scale * picture.shape[0])
            views = [whole_view(image.shape[:2]), *tile_views(image.shape[:2])]
            scores = _scores([cut_view(image, one, side=INPUT_SIDE) for one in views], least=0.5)
            kept = len(find_faces([image])[0])
            count = (scores > 0).sum()
            yield (
                f"| {name}, {image.shape[1]} x {image.shape[0]} | {len(views)} | {count} | "
                f"{scores.max():.2f} | {kept} |"
            )


def _pasted(faces: list[np.ndarray]) -> Iterator[str]:
    generator, find_faces = np.random.default_rng(1), make_detector()
    ground, found, others = _resized(photos.coffee(), 1800, 1200), 0, 0
    for start in range(0, len(faces), 6):
        image, marks = ground, list[FaceBox]()
        for number, face in enumerate(faces[start : start + 6]):
            side = int(generator.integers(90, 200))
            left = 100 + 600 * (number % 3) + int(generator.integers(200))
            top = 60 + 600 * (number // 3) + int(generator.integers(200))
            image = _with_face(image, face, left, top, side)
            marks.append(FaceBox(float(left), float(top), float(side), float(side)))
        [seen] = find_faces([image])
        overlaps = np.array([[face.box.overlap(mark) for mark in marks] for face in seen])
        # A detector's box of a face that is small in its crop overlaps the crop by a quarter.
        hits = overlaps.reshape(-1, len(marks)) > _SAME
        found, others = found + hits.any(0).sum(), others + (~hits.any(1)).sum()
    yield (
        f"Of {len(faces)} faces of FER2013 pasted into a photo {found} are found (overlap above "
        f"{_SAME}); {others} finds are elsewhere."
    )


def _first(picture: object) -> object:
    """Of the two pictures of a stereo camera the left one."""
    return picture[0] if isinstance(picture, tuple) else picture


def _resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def _with_face(image: np.ndarray, face: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """An image with a face pasted in."""
    changed = image.copy()
    changed[top : top + side, left : left + side] = _resized(np.array(face), side, side)
    return changed


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of prepared FER2013")
    parser.add_argument("--out", type=Path, help="markdown file that gets the tables too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
