"""The data sets that can be prepared: who reads each, and what it needs."""

import dataclasses
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from data_prep.raw_files import fingerprint as fingerprint_files
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError, nearest

Labels = Literal["original", "votes"]


@dataclasses.dataclass(frozen=True)
class DrawnNumbers:
    """How many faces are drawn for each split, and from which seed."""

    train: int = 3000
    validation: int = 500
    test: int = 1000
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Request:
    """A data set as a user asks for it."""

    name: str
    """One of `SOURCES`."""
    variant: str = "six"
    raw: Path | None = None
    """The download."""
    set_name: str = ""
    """Name of the prepared set, where it is not that of its source."""
    ferplus: Path | None = None
    """FER+'s table of votes, for fer2013."""
    labels: Labels = "original"
    """Whose labels fer2013 gets: its own, or the most votes of FER+."""
    members: tuple[str, ...] = ()
    """Prepared sets that gimefive joins; empty means all of the paper's that are there."""
    exclude: Path | None = None
    """An audit's list of faces to leave out."""
    drawn: DrawnNumbers = DrawnNumbers()

    @property
    def prepared_name(self) -> str:
        """Folder of the prepared set."""
        return self.set_name or self.name


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the faces of a data set come from."""

    description: str
    """What the set is, for those who open it with TFDS."""
    reader: str = ""
    """Module of `data_prep` with `read_records(raw)`; empty where nothing is downloaded."""
    raw: str = ""
    """What --raw takes, in words."""
    variants: tuple[str, ...] = ("six", "seven")
    is_anyones: bool = False
    """Whether the set is the user's own, with a name of its own."""

    def read(self, request: Request) -> Iterator[FaceRecord | SkippedImage]:
        """Records of the download that `request` names."""
        read_records = importlib.import_module(f"data_prep.{self.reader}").read_records
        choices: dict[str, object] = {}
        if request.ferplus is not None:
            choices |= {"ferplus": request.ferplus, "labels": request.labels}
        if request.set_name and self.is_anyones:
            choices["source"] = request.set_name
        return read_records(request.raw, **choices)

    def fingerprint(self, raw: Path) -> str:
        """Changes with whatever changes the records of the download."""
        if self.reader == "label_table":
            # A csv's images lie beside it.
            return importlib.import_module("data_prep.label_table").fingerprint(raw)
        return fingerprint_files(raw)


SOURCES: Mapping[str, Source] = {
    "fer2013": Source(
        "FER2013: faces found by an image search, 48x48 grey, labelled by one person each.",
        "fer2013",
        "zip, folder or csv",
    ),
    "raf_db": Source(
        "RAF-DB, basic emotions: faces from the web, labelled by about 40 people each.",
        "raf_db",
        "zip or folder",
    ),
    "affectnet": Source(
        "AffectNet: faces from the web, labelled by one person each.", "affectnet", "zip or folder"
    ),
    "ck_plus": Source(
        "CK+: the last frame of each posed sequence with an emotion.", "ck_plus", "zip or folder"
    ),
    "tfeid": Source(
        "TFEID: posed faces of 40 actors, photographed in a studio.", "tfeid", "zip or folder"
    ),
    "expw": Source(
        "ExpW: faces with boxes in photos from an image search.", "expw", "zip or folder"
    ),
    "folders": Source(
        "A folder of folders named after expression categories.",
        "emotion_folders",
        "zip or folder",
        is_anyones=True,
    ),
    "table": Source(
        "A table of files and labels.", "label_table", "zip, folder or csv", is_anyones=True
    ),
    "gimefive": Source("The paper's aggregate of the data sets prepared before."),
    "drawn_faces": Source(
        "Drawn faces whose expression, landmarks and decisive pixels are known exactly.",
        variants=("six",),
    ),
}


def find_source(request: Request) -> Source:
    """The source that `request` names; raises InputError for what does not go together."""
    name = request.name
    if name not in SOURCES:
        known = list(SOURCES)
        raise InputError(
            f"no data set '{name}'{nearest(name, known)}; known are {', '.join(known)}"
        )
    source = SOURCES[name]
    if request.variant not in source.variants:
        raise InputError(
            f"{name} has no variant '{request.variant}'"
            f"{nearest(request.variant, source.variants)}; it has {', '.join(source.variants)}"
        )
    if source.reader and request.raw is None:
        raise InputError(
            f"{name} is read from your own download: give its {source.raw} with --raw PATH"
        )
    if not source.reader and request.raw is not None:
        raise InputError(f"{name} is read from no download; leave --raw out")
    if request.ferplus is not None and name != "fer2013":
        raise InputError(f"FER+ has votes for fer2013, not for {name}; leave --ferplus out")
    if request.labels != "original" and request.ferplus is None:
        raise InputError("labels by votes need FER+'s fer2013new.csv; give it with --ferplus PATH")
    if request.members and name != "gimefive":
        raise InputError(f"{name} has no members; leave --members out")
    if request.exclude is not None and name == "drawn_faces":
        raise InputError("drawn_faces takes no exclusion list; leave --exclude out")
    if request.set_name and not is_name(request.set_name):
        raise InputError(
            f"name '{request.set_name}' must be of small letters, digits and _, and begin with a "
            "letter"
        )
    if request.set_name in SOURCES and request.set_name != name:
        raise InputError(f"name '{request.set_name}' is another data set's; choose your own")
    return source


def is_name(word: str) -> bool:
    """Whether a prepared set can have this name."""
    return word.isascii() and word.isidentifier() and word == word.lower() and word[0] != "_"
