"""AffectNet's re-pack at 96x96: class folders with a `labels.csv` that goes before them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from data_prep import tables
from data_prep.raw_files import RawFiles, is_image
from data_prep.records import FaceRecord, Part, SkippedImage, make_record
from gimefive_jax.emotions import parse_emotion
from gimefive_jax.errors import InputError

_LABEL_FILE = "labels.csv"
_PATH, _LABEL, _CONFIDENCE = "pth", "label", "relFCs"
_PARTS: dict[str, Part] = {"train": "train", "test": "test"}


class _Face(NamedTuple):
    """A labelled image, before it is read."""

    path: str
    emotion: str
    attributes: dict[str, str]


def find_label_files(files: RawFiles) -> list[str]:
    """Every `labels.csv`: one, or one each below Train and Test."""
    return [name for name in files.names if tables.base_name(name).lower() == _LABEL_FILE]


def read_label_files(
    files: RawFiles, label_files: Sequence[str], *, source: str
) -> Iterator[FaceRecord | SkippedImage]:
    """A face per row of the label files, in the order of the rows.

    The label is the one of the csv, whose authors labelled the images again: it often disagrees
    with the folder that an image lies in, and the folder only says where the file is. `part` is
    `whole`, but `train` or `test` below a folder of that name.
    """
    taken: dict[str, str] = {}
    for label_file in label_files:
        images = _find_images(files, label_file)
        faces, absent = _read_labels(files, label_file, images)
        if not faces:
            raise InputError(
                f"{files.path} holds none of the {len(absent)} images that {label_file} lists; put "
                "their class folders beside it"
            )
        for face in faces:
            if other := taken.get(face.path):
                raise InputError(f"{label_file} lists {face.path} again, after {other}; keep one")
            taken[face.path] = label_file
            yield _read_face(files, face, source=source)
        yield from absent
    for path in files.names:
        if is_image(path) and path not in taken:
            yield SkippedImage(_file_name(path), reason=f"{path} is not listed in {_LABEL_FILE}")


def _find_images(files: RawFiles, label_file: str) -> dict[str, str]:
    """Path by `class/file`, in lower case, of the images below the folder of the label file."""
    folder = label_file.removesuffix(tables.base_name(label_file))
    return tables.index_paths(
        (_key(path), path) for path in files.names if is_image(path) and path.startswith(folder)
    )


def _key(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-2:]).lower()


def _read_labels(
    files: RawFiles, label_file: str, images: dict[str, str]
) -> tuple[list[_Face], list[SkippedImage]]:
    """The labelled images, and what is listed but not there."""
    faces: list[_Face] = []
    absent: list[SkippedImage] = []
    listed: set[str] = set()
    columns: dict[str, int] = {}
    num_columns = 0
    for where, cells in tables.read_rows(files, label_file):
        if not columns:
            columns = tables.find_columns(cells, (_PATH, _LABEL), where=where)
            num_columns = len(cells)
            continue
        if len(cells) != num_columns:
            raise InputError(f"{where} holds {len(cells)} columns, the header holds {num_columns}")
        name = cells[columns[_PATH]]
        key = _key(name)
        tables.check_new(key, listed, what=name, where=where)
        listed.add(key)
        emotion = _parse_label(cells[columns[_LABEL]], where=where)
        if path := images.get(key):
            confidence = columns.get(_CONFIDENCE.lower())
            given = {} if confidence is None else {_CONFIDENCE: cells[confidence]}
            tables.parse_numbers(list(given.values()), where=where)
            faces.append(_Face(path, emotion, given))
        else:
            reason = f"{where} lists {name}, which the download does not hold"
            absent.append(SkippedImage(name, reason=reason, absent=True))
    return faces, absent


def _parse_label(word: str, *, where: str) -> str:
    # No variant holds contempt, and "none" is no word for neutral in AffectNet.
    if word.lower() == "contempt":
        return "contempt"
    try:
        return parse_emotion("" if word.lower() == "none" else word)
    except InputError as error:
        raise InputError(
            f"{where}: label '{word}' must be contempt or one of ours: {error}"
        ) from error


def _read_face(files: RawFiles, face: _Face, *, source: str) -> FaceRecord | SkippedImage:
    file_name = _file_name(face.path)
    usage = _usage(face.path)
    return make_record(
        files.read_image(face.path, file_name=file_name),
        emotion=face.emotion,
        file_name=file_name,
        source=source,
        usage=usage,
        part=_PARTS.get(usage.lower(), "whole"),
        attributes=face.attributes,
    )


def _usage(path: str) -> str:
    """`Train` or `Test` where the class folder lies in one of these, else nothing."""
    above = path.split("/")[-3:-2]
    return above[0] if above and above[0].lower() in _PARTS else ""


def _file_name(path: str) -> str:
    return "/".join(path.split("/")[-3 if _usage(path) else -2 :])
