"""Reads ExpW: photographs with one or more faces each, boxes and categories in `label.lst`."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from data_prep import categories, tables
from data_prep.raw_files import BrokenFileError, RawFiles
from data_prep.records import FaceRecord, SkippedImage, make_record
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box

SOURCE = "expw"
_LABEL_FILE = "label.lst"
_COLUMNS = "image_name face_id top left right bottom confidence label"
# Where the images lie, from the folder of the label file or the one above it.
_IMAGE_FOLDERS = ("origin/", "image/origin/", "image/", "")


class _ListedFace(NamedTuple):
    """A line of the label file."""

    image_name: str
    face_id: int
    box: Box
    confidence: str
    emotion: str


def read_records(raw: Path) -> Iterator[FaceRecord | SkippedImage]:
    """Reads every face of ExpW in the order of its label file, all in part `whole`.

    Each is named `<image>#<face id>`, has the box of the face and the attribute `confidence` of its
    detection.

    Args:
      raw: Zip or folder.

    Yields:
      Faces; an absent image as one SkippedImage, a broken one as one for each face.

    Raises:
      InputError: If all images are absent, or if the label file breaks its own rules.
    """
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        label_file = _find_label_file(files)
        faces = _read_faces(files, label_file)
        paths = _find_images(files, label_file, [face.image_name for face in faces])
        skipped: set[str] = set()
        opened, image = "", b""
        for face in faces:
            name = face.image_name
            # The faces of one image follow each other: its file is read once.
            if name != opened and name not in skipped:
                try:
                    opened, image = name, _read(files, paths, name)
                except BrokenFileError as error:
                    skipped.add(name)
                    yield SkippedImage(name, reason=str(error))
            if name not in skipped:
                yield make_record(
                    image,
                    emotion=face.emotion,
                    file_name=f"{name}#{face.face_id}",
                    source=SOURCE,
                    usage="",
                    part="whole",
                    box=face.box,
                    attributes={"confidence": face.confidence},
                )


def _find_label_file(files: RawFiles) -> str:
    found = [name for name in files.names if PurePosixPath(name).name.lower() == _LABEL_FILE]
    return tables.only_file(files, found, kind=f"{_LABEL_FILE} file", mend="ExpW has exactly one")


def _read_faces(files: RawFiles, label_file: str) -> list[_ListedFace]:
    faces: dict[tuple[str, int], _ListedFace] = {}
    for where, line in tables.read_lines(files, label_file):
        face = _parse(line, where)
        key = (face.image_name, face.face_id)
        tables.check_new(key, faces, what=f"face {key[1]} of {key[0]}", where=where)
        faces[key] = face
    if not faces:
        raise InputError(f"{label_file} in {files.path} lists no faces; download it again")
    return list(faces.values())


def _parse(row: str, where: str) -> _ListedFace:
    # From the right, because an image's name may hold spaces.
    words = row.strip().rsplit(maxsplit=_COLUMNS.count(" "))
    if len(words) != _COLUMNS.count(" ") + 1:
        raise InputError(f"{where} must hold `{_COLUMNS}`, not `{row.strip()}`")
    name, *numbers, confidence, label = words
    try:
        face_id, top, left, right, bottom = map(int, numbers)
        float(confidence)
    except ValueError as error:
        raise InputError(f"{where} must hold numbers for all but the image: {error}") from error
    return _ListedFace(
        name,
        face_id,
        Box.from_corners(left, top, right, bottom),
        confidence,
        categories.category(label, categories.EXPW, where=where),
    )


def _find_images(files: RawFiles, label_file: str, names: list[str]) -> dict[str, str]:
    folder = PurePosixPath(label_file).parent
    roots = [
        "" if str(parent) == "." else f"{parent}/"
        for parent in dict.fromkeys((folder, folder.parent))
    ]
    present = set(files.names)
    for inside in _IMAGE_FOLDERS:
        for root in roots:
            found = {name: f"{root}{inside}{name}" for name in names}
            if found := {name: path for name, path in found.items() if path in present}:
                return found
    raise InputError(
        f"{files.path} holds none of the {len(set(names))} images that {label_file} lists, such as "
        f"{names[0]}; unpack ExpW's image archives into the folder origin/ beside it"
    )


def _read(files: RawFiles, paths: dict[str, str], name: str) -> bytes:
    if name not in paths:
        raise BrokenFileError(
            f"{name} is listed in {_LABEL_FILE}, but {files.path} has no such file"
        )
    return files.read(paths[name])
