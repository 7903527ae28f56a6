"""Face records on disk while a data set is prepared; in memory only what splits are made from.

A million faces take some 60 bytes each here, whatever their images weigh.
"""

import dataclasses
import pickle
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import Int, UInt8

from data_prep.records import FaceRecord


class Words:
    """Numbers for words that come again and again, in the order of their first coming."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, word: str) -> int:
        """Number of `word`, a new one where it has not come before."""
        return self._numbers.setdefault(word, len(self._numbers))

    @property
    def words(self) -> tuple[str, ...]:
        """Every word at its number."""
        return tuple(self._numbers)


@dataclasses.dataclass(frozen=True)
class FaceTable:
    """What splits are made from, row by row; words are numbers of the lists beside them."""

    emotion: Int[np.ndarray, " face"]
    part: Int[np.ndarray, " face"]
    usage: Int[np.ndarray, " face"]
    subject: Int[np.ndarray, " face"]
    """-1 where nobody is named."""
    sha256: UInt8[np.ndarray, "face 32"]
    """Of the decoded pixels."""
    emotions: tuple[str, ...]
    parts: tuple[str, ...]
    usages: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.emotion)

    def take(self, rows: Int[np.ndarray, "_"]) -> "FaceTable":
        """The table of some rows."""
        return dataclasses.replace(
            self,
            emotion=self.emotion[rows],
            part=self.part[rows],
            usage=self.usage[rows],
            subject=self.subject[rows],
            sha256=self.sha256[rows],
        )

    def rows_of_part(self, *parts: str) -> Int[np.ndarray, "_"]:
        """Rows whose part is one of `parts`."""
        wanted = [number for number, part in enumerate(self.parts) if part in parts]
        return np.flatnonzero(np.isin(self.part, wanted))


class Spool:
    """Records appended to a file and read again in any order; a context manager."""

    def __init__(self, folder: Path) -> None:
        # Without a name in `folder`: whatever ends the process, nothing is left behind.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._offsets = array("Q")
        self._emotion, self._part, self._usage = array("h"), array("b"), array("h")
        self._subject = array("i")
        self._sha256 = bytearray()
        self._emotions, self._parts, self._usages, self._subjects = (Words() for _ in range(4))

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def append(self, record: FaceRecord) -> None:
        """Keep `record` as the next row."""
        self._offsets.append(self._file.tell())
        # Our own file, written and read by this process: what a user gives is never unpickled.
        pickle.dump(record, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self._emotion.append(self._emotions.number(record.emotion))
        self._part.append(self._parts.number(record.part))
        self._usage.append(self._usages.number(record.usage))
        subject = self._subjects.number(record.subject) if record.subject else -1
        self._subject.append(subject)
        self._sha256 += bytes.fromhex(record.pixel_sha256)

    def table(self) -> FaceTable:
        """What was appended, as arrays; nothing can be appended afterwards."""
        return FaceTable(
            # Views, not copies: a million faces take 40 MB here.
            emotion=np.frombuffer(self._emotion, np.int16),
            part=np.frombuffer(self._part, np.int8),
            usage=np.frombuffer(self._usage, np.int16),
            subject=np.frombuffer(self._subject, np.int32),
            sha256=np.frombuffer(self._sha256, np.uint8).reshape(-1, 32),
            emotions=self._emotions.words,
            parts=self._parts.words,
            usages=self._usages.words,
        )

    def read(self, rows: Iterable[int]) -> Iterator[FaceRecord]:
        """Records of `rows`, one at a time."""
        for row in rows:
            self._file.seek(self._offsets[row])
            record: FaceRecord = pickle.load(self._file)
            yield record
