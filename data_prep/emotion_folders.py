"""Reads faces that lie in one folder per category, with or without folders for their parts."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from data_prep.part_names import is_part, official_parts
from data_prep.raw_files import RawFiles, folders_of, is_image
from data_prep.records import FaceRecord, SkippedImage, make_record
from gimefive_jax.emotions import parse_category
from gimefive_jax.errors import InputError

SOURCE = "folders"
_LAYOUTS = "<emotion>/<image> or <part>/<emotion>/<image>, such as train/happy/1.jpg"
# Of many wrong folders the first ones tell what is wrong.
_NUM_NAMED = 10


class _Layout(NamedTuple):
    """Where the folders of the categories lie: below `root`, or below its folders of parts."""

    root: str
    has_parts: bool


class _ListedFace(NamedTuple):
    """An image, before it is read."""

    name: str
    emotion: str
    usage: str


def read_records(
    raw: Path, *, source: str = SOURCE, own: bool = False
) -> Iterator[FaceRecord | SkippedImage]:
    """Every image of a zip or folder, below however many top folders, named by its path in there.

    Parts are `train`, `test` and `validation`, or words like them: images for validation join
    `train`, from which validation is carved for every set alike, and are the `test` of a set that
    has no other. Without such folders all is part `whole`.

    Args:
      raw: Zip or folder.
      source: Name of the set.
      own: Whether the names of the folders are the categories as they are; else they are our
        categories or synonyms of them.

    Yields:
      A face, or for a broken image a SkippedImage.

    Raises:
      InputError: For folders that lie otherwise, or whose name is no known category.
    """
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        images = [name for name in files.names if is_image(name)]
        layout = _find_own_layout(images) if own else _find_layout(images)
        if layout is None:
            known = ": give at least two folders" if own else _unknown(images)
            raise InputError(f"{raw} holds no images in folders {_LAYOUTS}{known}")
        # All names first: a wrong folder should not be found after minutes of reading.
        listed = [_list_face(name, layout, own=own) for name in images]
        parts = official_parts({face.usage for face in listed if face.usage})
        for face in listed:
            yield make_record(
                files.read_image(layout.root + face.name, file_name=face.name),
                emotion=face.emotion,
                file_name=face.name,
                source=source,
                usage=face.usage,
                part=parts.get(face.usage, "whole"),
            )


def _find_layout(images: list[str]) -> _Layout | None:
    for root in folders_of(images):
        below = [name.removeprefix(root).split("/") for name in images if name.startswith(root)]
        if any(len(path) > 1 and _is_category(path[0]) for path in below):
            return _Layout(root, has_parts=False)
        if any(len(path) > 2 and is_part(path[0]) and _is_category(path[1]) for path in below):
            return _Layout(root, has_parts=True)
    return None


def _find_own_layout(images: list[str]) -> _Layout | None:
    """Where folders of any names lie: below the folder that all images share."""
    folders = [name.split("/")[:-1] for name in images]
    pairs = zip(min(folders, default=[]), max(folders, default=[]), strict=False)
    shared = [one for one, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)]
    # Of parts there may be one alone, such as test.
    while shared and is_part(shared[-1]):
        shared.pop()
    below = [folder[len(shared) :] for folder in folders]
    if not any(below):
        return None
    has_parts = all(len(folder) > 1 and is_part(folder[0]) for folder in below)
    return _Layout("".join(f"{name}/" for name in shared), has_parts=has_parts)


def _unknown(images: list[str]) -> str:
    """Words for folders that hold images and are no known category; empty where none do."""
    names = list(dict.fromkeys(folder for name in images for folder in name.split("/")[-2:-1]))
    if not names:
        return ""
    more = f" and {len(names) - _NUM_NAMED} more" if len(names) > _NUM_NAMED else ""
    return (
        f": {', '.join(names[:_NUM_NAMED])}{more} name no known category; rename them, or keep "
        "them as they are with --categories own"
    )


def _is_category(folder: str) -> bool:
    try:
        parse_category(folder)
    except InputError:
        return False
    return True


def _list_face(path: str, layout: _Layout, *, own: bool) -> _ListedFace:
    if not path.startswith(layout.root):
        raise InputError(
            f"{path} lies outside the folder {layout.root}, whose folders are categories; give one "
            "such folder at a time"
        )
    name = path.removeprefix(layout.root)
    *folders, _ = name.split("/")
    if layout.has_parts and folders and not is_part(folders[0]):
        raise InputError(
            f"folder {layout.root}{folders[0]} holds images, but its name is no part such as train "
            "or test; rename it or move it away"
        )
    if len(folders) != 1 + layout.has_parts:
        raise InputError(f"{path} lies in none of the folders {_LAYOUTS}; move it there or away")
    try:
        emotion = folders[-1].strip() if own else parse_category(folders[-1])
    except InputError as error:
        where = layout.root + "/".join(folders)
        raise InputError(
            f"folder {where}: {error}; rename it, move it away, or keep all names as they are with "
            "--categories own"
        ) from error
    return _ListedFace(name, emotion, usage=folders[0] if layout.has_parts else "")
