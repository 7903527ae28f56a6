"""AffectNet's smaller release: `images/ID.jpg` with `annotations/ID_exp.npy` and its like."""

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from data_prep import tables
from data_prep.categories import AFFECTNET, category
from data_prep.raw_files import BrokenFileError, RawFiles, is_image
from data_prep.records import FaceRecord, Part, SkippedImage, make_record
from gimefive_jax.errors import InputError

NUM_LANDMARKS = 68
_SET = r"(?P<folder>(?:.*/)?(?P<usage>train_set|val_set)/)"
_IMAGE = re.compile(rf"{_SET}images/[^/]+", re.IGNORECASE)
_LABEL = re.compile(rf"{_SET}annotations/(?P<face>[^/]+)(?-i:_exp\.npy)", re.IGNORECASE)
_PARTS: dict[str, Part] = {"train_set": "train", "val_set": "test"}
_AFFECT = {"valence": "val", "arousal": "aro"}
_BROKEN_ARRAY = (
    ValueError, TypeError, EOFError, OSError, SyntaxError, MemoryError, OverflowError,
    zipfile.BadZipFile,
)  # fmt: skip


class SetFolder(NamedTuple):
    """One of the two parts, with its images and annotations by the number of the face."""

    usage: str
    images: dict[str, str]
    annotations: dict[str, str]
    """What comes before `_exp.npy`, `_lnd.npy` and so on."""


def find_folders(files: RawFiles) -> list[SetFolder]:
    """`train_set` and `val_set`, one of them, or nothing; InputError if one is there twice."""
    images: dict[tuple[str, str], list[str]] = defaultdict(list)
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    for name in files.names:
        if match := _IMAGE.fullmatch(name):
            if is_image(name):
                images[match["usage"].lower(), match["folder"]].append(name)
        elif match := _LABEL.fullmatch(name):
            labels[match["folder"]][match["face"].lower()] = name[: -len("_exp.npy")]
    # Refuses a part that lies in two folders.
    tables.index_paths(images)
    return [
        SetFolder(usage, tables.index_by_stem(paths), labels[folder])
        for (usage, folder), paths in images.items()
    ]


def read_folders(
    files: RawFiles, folders: Sequence[SetFolder], *, source: str
) -> Iterator[FaceRecord | SkippedImage]:
    """A face per image, in the order of their paths; landmarks in pixels of the image."""
    names = set(files.names)
    for folder in folders:
        if folder.images.keys().isdisjoint(folder.annotations):
            path = next(iter(folder.images.values()))
            raise InputError(
                f"{path} ({len(folder.images)} such images) has no annotation; add "
                f"annotations/{tables.stem(path)}_exp.npy and its like to {folder.usage}"
            )
        for face, path in folder.images.items():
            file_name = f"{folder.usage}/{tables.base_name(path)}"
            if face not in folder.annotations:
                reason = f"{path} has no annotation {tables.stem(path)}_exp.npy"
                yield SkippedImage(file_name, reason=reason)
            else:
                yield _read_face(
                    files,
                    path,
                    file_name=file_name,
                    annotation=folder.annotations[face],
                    names=names,
                    usage=folder.usage,
                    source=source,
                )
        for face, base in folder.annotations.items():
            if face not in folder.images:
                reason = f"{base}_exp.npy has no image, which the download does not hold"
                name = f"{folder.usage}/{tables.base_name(base)}"
                yield SkippedImage(name, reason=reason, absent=True)


def _read_face(
    files: RawFiles,
    path: str,
    *,
    file_name: str,
    annotation: str,
    names: set[str],
    usage: str,
    source: str,
) -> FaceRecord | SkippedImage:
    label_file = f"{annotation}_exp.npy"
    emotion = category(_read_word(files, label_file), AFFECTNET, where=label_file)
    affect = {}
    for attribute, kind in _AFFECT.items():
        if (affect_file := f"{annotation}_{kind}.npy") in names:
            affect[attribute] = _read_word(files, affect_file)
            tables.parse_numbers([affect[attribute]], where=affect_file)
    landmark_file = f"{annotation}_lnd.npy"
    landmarks = _read_landmarks(files, landmark_file) if landmark_file in names else None
    return make_record(
        files.read_image(path, file_name=file_name),
        emotion=emotion,
        file_name=file_name,
        source=source,
        usage=usage,
        part=_PARTS[usage],
        landmarks=landmarks,
        attributes=affect,
    )


def _read_word(files: RawFiles, name: str) -> str:
    """The one value of an array: AffectNet saved its numbers as strings, others as numbers."""
    words = _read_words(files, name)
    if len(words) != 1:
        raise InputError(f"{name} holds {len(words)} values, must hold one number")
    return words[0]


def _read_landmarks(files: RawFiles, name: str) -> np.ndarray:
    numbers = tables.parse_numbers(_read_words(files, name), where=name)
    return tables.parse_points(numbers, NUM_LANDMARKS, where=name)


def _read_words(files: RawFiles, name: str) -> list[str]:
    try:
        # Never pickled: a download must not run code.
        array = np.load(io.BytesIO(files.read(name)), allow_pickle=False)
    except BrokenFileError as error:
        raise InputError(f"{error}; download it again") from error
    except _BROKEN_ARRAY as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{name} is no whole array ({reason}); download it again") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iufU":
        raise InputError(f"{name} must hold an array of numbers or of their digits")
    return [str(value).strip() for value in array.ravel().tolist()]
