"""RAF-DB's mirror of class folders: `train/5/train_00001_aligned.jpg`, 5 as RAF-DB numbers it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from data_prep import tables
from data_prep.categories import RAF_DB, category
from data_prep.raw_files import RawFiles, is_image
from data_prep.records import FaceRecord, Part, SkippedImage, make_record
from gimefive_jax.errors import InputError

PARTS: tuple[Part, Part] = ("train", "test")
_CLASS_FOLDER = re.compile(r"(?P<root>(?:.*/)?)(?:train|test)/[1-7]/[^/]+", re.IGNORECASE)


class _Face(NamedTuple):
    """An image in its class folder, before it is read."""

    path: str
    part: Part
    emotion: str


def find_class_folders(files: RawFiles) -> list[str]:
    """The folder above `train/1/` and its like, in a list; empty if there is none."""
    matches = (_CLASS_FOLDER.fullmatch(name) for name in files.names if is_image(name))
    # In a list, as "" is a folder too.
    return sorted({match["root"] for match in matches if match}, key=len)[:1]


def read_class_folders(
    files: RawFiles, root: str, *, source: str
) -> Iterator[FaceRecord | SkippedImage]:
    """Every face of the class folders below `root`, in the order of their paths.

    The folders are the labels. Where `train_labels.csv` or `test_labels.csv` is there too, it must
    list the same images with the same labels.
    """
    faces = [
        _parse_path(name, root) for name in files.names if is_image(name) and name.startswith(root)
    ]
    _check_label_files(files, faces)
    base_names = Counter(tables.base_name(face.path) for face in faces)
    for face in faces:
        name = tables.base_name(face.path)
        # Results are written under this name, so two faces may not share one.
        file_name = name if base_names[name] == 1 else face.path.removeprefix(root)
        yield make_record(
            files.read_image(face.path, file_name=file_name),
            emotion=face.emotion,
            file_name=file_name,
            source=source,
            usage=str(face.part),
            part=face.part,
        )


def _parse_path(path: str, root: str) -> _Face:
    part, *folders, _ = path.removeprefix(root).split("/")
    if part.lower() not in PARTS or len(folders) != 1:
        raise InputError(
            f"{path} is in none of the folders train/1/ to train/7/ and test/1/ to test/7/; move "
            "it out of the download"
        )
    emotion = category(folders[0], RAF_DB, where=f"folder {path.rpartition('/')[0]}")
    return _Face(path, "train" if part.lower() == "train" else "test", emotion)


def _check_label_files(files: RawFiles, faces: list[_Face]) -> None:
    for part in PARTS:
        for name in files.names:
            if tables.base_name(name).lower() == f"{part}_labels.csv":
                _check_label_file(files, name, [face for face in faces if face.part == part])


def _check_label_file(files: RawFiles, label_file: str, faces: list[_Face]) -> None:
    present: dict[str, dict[str, str]] = defaultdict(dict)
    for face in faces:
        present[tables.base_name(face.path)][face.emotion] = face.path
    listed: set[str] = set()
    for where, row in tables.read_rows(files, label_file):
        if len(row) != 2:
            raise InputError(f"{where} must hold `image,label`, not {','.join(row)}")
        name, label = row
        if not listed and (name.lower(), label.lower()) == ("image", "label"):
            continue
        tables.check_new(name, listed, what=name, where=where)
        listed.add(name)
        emotion = category(label, RAF_DB, where=where)
        if name in present and emotion not in present[name]:
            [path, *_] = present[name].values()
            raise InputError(
                f"{where}: label '{label}' ({emotion}) contradicts the folder of {path}; mend "
                "either"
            )
    paths = {name: next(iter(by_emotion.values())) for name, by_emotion in present.items()}
    tables.check_listed(listed, paths, label_file=label_file)
