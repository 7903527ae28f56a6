"""Reads faces that lie in one folder per category, with or without folders for their parts."""

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


class _Layout(NamedTuple):
    """Where the folders of the categories lie: below `root`, or below its folders of parts."""

    root: str
    has_parts: bool


class _ListedFace(NamedTuple):
    """An image, before it is read."""

    name: str
    emotion: str
    usage: str


def read_records(raw: Path, *, source: str = SOURCE) -> Iterator[FaceRecord | SkippedImage]:
    """Every image of a zip or folder, below however many top folders, named by its path in there.

    Parts are `train`, `test` and `validation`, or words like them: images for validation join
    `train`, from which validation is carved for every set alike, and are the `test` of a set that
    has no other. Without such folders all is part `whole`. Raises InputError, in one line, for a
    folder beside the others whose name is no category; a broken image is yielded as a SkippedImage.
    """
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        images = [name for name in files.names if is_image(name)]
        layout = _find_layout(images)
        if layout is None:
            raise InputError(f"{raw} holds no images in folders {_LAYOUTS}")
        # All names first: a wrong folder should not be found after minutes of reading.
        listed = [_list_face(name, layout) for name in images]
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


def _is_category(folder: str) -> bool:
    try:
        parse_category(folder)
    except InputError:
        return False
    return True


def _list_face(path: str, layout: _Layout) -> _ListedFace:
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
        emotion = parse_category(folders[-1])
    except InputError as error:
        where = layout.root + "/".join(folders)
        raise InputError(f"folder {where}: {error}; rename it or move it away") from error
    return _ListedFace(name, emotion, usage=folders[0] if layout.has_parts else "")
