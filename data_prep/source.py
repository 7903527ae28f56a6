"""The type `Source`: where the faces of a data set come from, and its options."""

import abc
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from data_prep import exclusions, splits
from data_prep.cropping import FaceCropper
from data_prep.raw_files import fingerprint as fingerprint_files
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from gimefive_jax.known_sets import KnownSet
from gimefive_jax.set_metadata import Joined

Records = Iterator[FaceRecord | SkippedImage]


@dataclasses.dataclass(frozen=True)
class Options:
    """Choices that one source alone knows; this one knows none."""


Chosen = TypeVar("Chosen", bound=Options)


@dataclasses.dataclass(frozen=True)
class Request:
    """A data set as a user asks for it."""

    name: str
    """One of `sources.SOURCES`."""
    variant: str = "six"
    raw: Path | None = None
    """The download."""
    set_name: str = ""
    """Name of the prepared set, where it is not that of its source."""
    exclude: Path | None = None
    """An audit's list of faces to leave out."""
    options: Options | None = None
    """Choices of the source; None takes its defaults."""
    cropper: FaceCropper | None = None
    """What finds the face of each picture whose source gives no box; None takes pictures whole."""

    @property
    def prepared_name(self) -> str:
        """Folder of the prepared set."""
        return self.set_name or self.name

    def options_as(self, kind: type[Chosen]) -> Chosen:
        """The choices of the source, by default where none are given."""
        return self.options if isinstance(self.options, kind) else kind()


class Source(abc.ABC):
    """Where the faces of a data set come from.

    Args:
      known: Its name and what it is prepared from.
      description: What the set is, for those who open it with TFDS.
    """

    variants: Sequence[str] = ("six", "seven")
    """Choices of categories that it can be prepared with."""
    options: type[Options] = Options
    """What may be chosen of this source alone."""
    is_divided = False
    """Whether the records' `usage` is the split already; else splits are made from them."""
    may_lack_train = False
    """Whether a download of test faces alone is a whole one."""

    def __init__(self, known: KnownSet, description: str) -> None:
        self.known, self.description = known, description

    def check(self, request: Request) -> None:  # noqa: B027 - most have nothing to refuse
        """Raise InputError for choices that do not go together."""

    @abc.abstractmethod
    def fingerprint(self, request: Request, *, data_dir: Path) -> list[object]:
        """Values for JSON that change with whatever changes the prepared set."""

    @abc.abstractmethod
    def records(self, request: Request, *, data_dir: Path) -> Records:
        """Every face, and every image that cannot be read, in a fixed order."""

    def describe(self, request: Request, *, data_dir: Path) -> str:
        """What the records are read from, as messages name it."""
        return str(request.raw)

    def categories(self, request: Request) -> tuple[str, ...]:
        """Names that the user gave for the variant `own`; empty where the records say them."""
        return ()

    def joined(self, request: Request, *, data_dir: Path) -> Mapping[str, Joined]:
        """The members of an aggregate."""
        return {}


class Download(Source):
    """A data set that is read from the user's own download.

    Args:
      known: Its name and what `--raw` takes.
      description: What the set is, for those who open it with TFDS.
      read_records: Gives its records from the path of the download.
      variants: Choices of categories that it can be prepared with.
    """

    def __init__(
        self,
        known: KnownSet,
        description: str,
        read_records: Callable[[Path], Records],
        *,
        variants: Sequence[str] = ("six", "seven"),
    ) -> None:
        super().__init__(known, description)
        self.read_records, self.variants = read_records, variants

    def fingerprint(self, request: Request, *, data_dir: Path) -> list[object]:
        """Of how splits are made, the files of the download, and the list of exclusions."""
        return fingerprint_values(request, raw=fingerprint_files(raw_of(request)))

    def records(self, request: Request, *, data_dir: Path) -> Records:
        """Records of the download."""
        return self.read_records(raw_of(request))


def fingerprint_values(
    request: Request, *, raw: str, labels: str = "original", votes: str = ""
) -> list[object]:
    """Fingerprint of a download; each value keeps its place, or every prepared set would change."""
    return [*splits.SETTINGS, labels, raw, votes, exclusions.fingerprint(request.exclude)]


def raw_of(request: Request) -> Path:
    """Path of the download; InputError where none is given."""
    if request.raw is None:
        raise InputError(f"{request.name} is read from your own download: give it with --raw PATH")
    return request.raw


def is_name(word: str) -> bool:
    """Whether a prepared set can have this name."""
    return word.isascii() and word.isidentifier() and word == word.lower() and word[0] != "_"
