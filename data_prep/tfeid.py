"""Reads TFEID: one image per person and category, labelled by its name."""

import re
from collections.abc import Iterator
from pathlib import Path

from data_prep import tables
from data_prep.categories import TFEID
from data_prep.raw_files import RawFiles, is_image
from data_prep.records import FaceRecord, SkippedImage, make_record
from gimefive_jax.errors import InputError

SOURCE = "tfeid"
_NAME = re.compile(rf"(?P<subject>[fm]\d+)_dfh_(?P<letter>[{''.join(TFEID)}])x", re.IGNORECASE)
_GENDERS = {"f": "female", "m": "male"}


def read_records(raw: Path) -> Iterator[FaceRecord | SkippedImage]:
    """Reads every face of TFEID, contempt and neutral included, by name.

    The download has no parts, so `part` is `whole`; `subject` tells the people apart.

    Args:
      raw: Zip or folder.

    Yields:
      Faces and images that cannot be read, in the order of their names.

    Raises:
      InputError: For an image that is not named as TFEID names its images.
    """
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        images = [name for name in files.names if is_image(name)]
        if not images:
            raise InputError(f"{raw} holds no image of TFEID, such as f02_dfh_ax.jpg")
        faces = {path: _parse_name(path) for path in images}
        tables.index_by_stem(images)
        for path, name in faces.items():
            yield _read_face(files, path, name)


def _parse_name(path: str) -> re.Match[str]:
    match = _NAME.fullmatch(tables.stem(path))
    if match is None:
        letters = ", ".join(f"{letter} {emotion}" for letter, emotion in TFEID.items())
        raise InputError(
            f"{path} is not named as TFEID names its images: f or m, a number, _dfh_, a letter of "
            f"{letters}, and x, as in f02_dfh_ax.jpg; move it out of the download"
        )
    return match


def _read_face(files: RawFiles, path: str, name: re.Match[str]) -> FaceRecord | SkippedImage:
    file_name = tables.base_name(path)
    subject = name["subject"].lower()
    return make_record(
        files.read_image(path, file_name=file_name),
        emotion=TFEID[name["letter"].lower()],
        file_name=file_name,
        source=SOURCE,
        usage="",
        part="whole",
        subject=subject,
        attributes={"gender": _GENDERS[subject[0]]},
    )
