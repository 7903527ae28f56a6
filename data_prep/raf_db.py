"""Reads RAF-DB's basic set: its own layout with annotations, or the mirror of class folders."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_prep import raf_db_mirror, tables
from data_prep.categories import RAF_DB, category
from data_prep.raw_files import RawFiles, is_image
from data_prep.records import FaceRecord, SkippedImage, make_record
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box

SOURCE = "raf_db"
NUM_LANDMARKS = 5
# The download's own spelling, and the one that people mend it to.
_LABEL_FILE = re.compile(r"list_par?tition_label\.txt", re.IGNORECASE)
_LISTED = re.compile(r"(train|test)_\d+\.jpe?g", re.IGNORECASE)
_ALIGNED = "_aligned"
_ATTRIBUTES = {
    "gender": ("male", "female", "unsure"),
    "race": ("caucasian", "african-american", "asian"),
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
}
_LAYOUTS = (
    "EmoLabel/list_patition_label.txt with Image/aligned/ or Image/original/, or class folders "
    "train/1/ to train/7/ and test/1/ to test/7/"
)


class _ManualAnnotation(NamedTuple):
    """What people noted about an original image."""

    landmarks: np.ndarray
    attributes: dict[str, str]


def read_records(raw: Path) -> Iterator[FaceRecord | SkippedImage]:
    """Reads every face of RAF-DB's basic set, neutral ones included.

    Aligned images go before original ones where both are there. Landmarks and the face's box are
    those of the original image, so faces of aligned images have neither.

    Args:
      raw: Zip or folder.

    Yields:
      Faces and images that cannot be read, in a fixed order.

    Raises:
      InputError: For another layout, and where labels, annotations and images do not fit together.
    """
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        if label_file := _find_label_file(files):
            yield from _read_labelled(files, label_file)
        elif root := raf_db_mirror.find_class_folders(files):
            yield from raf_db_mirror.read_class_folders(files, root[0], source=SOURCE)
        else:
            raise InputError(f"{raw} holds none of RAF-DB's layouts: {_LAYOUTS}")


def _find_label_file(files: RawFiles) -> str | None:
    found = [name for name in files.names if _LABEL_FILE.fullmatch(tables.base_name(name))]
    # The compound set lies beside the basic one in a folder of its own.
    basic = [name for name in found if "compound" not in name.lower().split("/")]
    if len(basic) > 1:
        raise InputError(
            f"{files.path} holds {basic[0]} and {basic[1]}; give the folder of one of them"
        )
    return next(iter(basic or found), None)


def _read_labelled(files: RawFiles, label_file: str) -> Iterator[FaceRecord | SkippedImage]:
    root = re.sub(r"(emolabel/)?[^/]+$", "", label_file, flags=re.IGNORECASE)
    labels = _read_labels(files, label_file)
    images = _find_images(files, root)
    tables.check_listed(labels, images, label_file=label_file)
    annotations = tables.index_by_stem(
        name
        for name in files.names
        if name.lower().startswith(f"{root}Annotation/".lower()) and name.lower().endswith(".txt")
    )
    for face, emotion in labels.items():
        yield _read_face(files, face, images[face], emotion=emotion, annotations=annotations)


def _read_labels(files: RawFiles, label_file: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    for where, line in tables.read_lines(files, label_file):
        words = line.split()
        if len(words) != 2 or not _LISTED.fullmatch(words[0]):
            raise InputError(f"{where} must be as `train_00001.jpg 5`, not '{line}'")
        face = tables.stem(words[0]).lower()
        tables.check_new(face, labels, what=words[0], where=where)
        labels[face] = category(words[1], RAF_DB, where=where)
    return labels


def _find_images(files: RawFiles, root: str) -> dict[str, str]:
    """Path by the name that the label file uses: of the aligned images if there are any."""
    folder = f"{root}Image/".lower()
    inside = [name for name in files.names if name.lower().startswith(folder)]
    images = tables.index_by_stem(name for name in inside if is_image(name))
    if not images:
        packed = next((name for name in inside if name.lower().endswith(".zip")), "")
        mend = f"unpack {packed} there" if packed else "add Image/aligned/ or Image/original/"
        raise InputError(f"{files.path} holds no images in {root}Image/; {mend}")
    aligned = {
        stem.removesuffix(_ALIGNED): path
        for stem, path in images.items()
        if stem.endswith(_ALIGNED)
    }
    return aligned or images


def _read_face(
    files: RawFiles, face: str, path: str, *, emotion: str, annotations: dict[str, str]
) -> FaceRecord | SkippedImage:
    is_original = tables.stem(path).lower() == face
    manual = annotations.get(f"{face}_manu_attri")
    noted = None if manual is None else _read_manual(files, manual)
    box_file = annotations.get(f"{face}_boundingbox") if is_original else None
    box = None if box_file is None else _read_box(files, box_file)
    file_name = tables.base_name(path)
    part = "train" if face.startswith("train") else "test"
    return make_record(
        files.read_image(path, file_name=file_name),
        emotion=emotion,
        file_name=file_name,
        source=SOURCE,
        usage=part,
        part="train" if part == "train" else "test",
        box=box,
        landmarks=noted.landmarks if noted and is_original else None,
        attributes=noted.attributes if noted else {},
    )


def _read_manual(files: RawFiles, name: str) -> _ManualAnnotation:
    lines = list(tables.read_lines(files, name))
    numbers: list[float] = []
    for where, line in lines[:NUM_LANDMARKS]:
        if len(words := line.split()) != 2:
            raise InputError(f"{where} must hold a landmark's `x y`, not '{line}'")
        numbers += tables.parse_numbers(words, where=where)
    landmarks = tables.parse_points(numbers, NUM_LANDMARKS, where=name)
    codes = [(where, word) for where, line in lines[NUM_LANDMARKS:] for word in line.split()]
    if len(codes) != len(_ATTRIBUTES):
        raise InputError(
            f"{name} holds {len(codes)} numbers after its landmarks, must hold "
            f"{', '.join(_ATTRIBUTES)}"
        )
    attributes = {
        attribute: category(word, words, where=f"{where} ({attribute})")
        for (attribute, words), (where, word) in zip(_ATTRIBUTES.items(), codes, strict=True)
    }
    return _ManualAnnotation(landmarks, attributes)


def _read_box(files: RawFiles, name: str) -> Box:
    words = [word for _, line in tables.read_lines(files, name) for word in line.split()]
    edges = tables.parse_numbers(words, where=name)
    if len(edges) != 4:
        raise InputError(f"{name} holds {len(edges)} numbers, must hold left, top, right, bottom")
    left, top, right, bottom = edges
    return Box.from_corners(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))
