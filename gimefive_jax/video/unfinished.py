"""A clip that is not finished yet: its folder, what is done of it, and how it goes on."""

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from gimefive_jax import files
from gimefive_jax.errors import InputError
from gimefive_jax.json_records import read_json, to_json
from gimefive_jax.video.labels import LabelRules, TrackLabel
from gimefive_jax.video.tracks import Tracks

Record = TypeVar("Record")
_SUFFIX, _PLAN = ".unfinished", "plan.json"


@dataclasses.dataclass(frozen=True)
class ClipPlan:
    """Everything that decides the frames and the rows."""

    source: str
    source_bytes: int
    source_modified: int
    """In nanoseconds since 1970."""
    weights_sha256: str
    finder: str
    """What finds faces, with what decides how."""
    labels: LabelRules
    draws: bool
    """Whether frames are drawn; else there are only rows."""
    version: str
    """Of the product."""


@dataclasses.dataclass(frozen=True)
class ClipState:
    """What the next frame needs to know of those before it."""

    num_frames: int = 0
    """So many frames are done."""
    num_faces: int = 0
    """So many faces were found in them."""
    tracks: Tracks = dataclasses.field(default_factory=Tracks)
    labels: dict[str, TrackLabel] = dataclasses.field(default_factory=dict)
    """By the number of the track, as a word."""
    last_duration: int = 0
    """Of the last frame, in units of the clip's time base."""


class UnfinishedClip:
    """The folder `NAME.unfinished` beside the first file that will be written.

    It holds segments: so many frames each, encoded, their rows, and the state behind them. A
    segment counts once its state is written.

    Args:
      folder: The folder, which exists.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.num_segments = 0
        """Segments that are finished."""
        self.state = ClipState()
        """Behind the last finished segment."""
        self._tell: Callable[[str], None] | None = None

    def begin(self, plan: ClipPlan, tell: Callable[[str], None]) -> None:
        """Keeps what was done of the same plan, and removes what was of another.

        Args:
          plan: Everything that decides the results.
          tell: Gets a line where there is something to go on with, or to remove, now or after an
            interruption.
        """
        path = self.folder / _PLAN
        before = _read(ClipPlan, path)
        if before == plan:
            while (state := _read(ClipState, self._state(self.num_segments))) is not None:
                self.state = state
                self.num_segments += 1
            if self.num_segments:
                tell(f"goes on behind the {self.state.num_frames} frames that were done before")
        elif before is not None:
            tell(f"{self.folder} held the unfinished work of another command; it begins anew")
        for one in self.folder.iterdir():
            if not self._is_finished(one):
                one.unlink()
        files.write_json(path, to_json(plan))
        self._tell = tell

    def leave(self) -> None:
        """Keeps what is done for the next time; nothing is left where nothing is done."""
        if self._tell is not None and not self.num_segments:
            shutil.rmtree(self.folder)
        elif self._tell is not None:
            self._tell(
                f"{self.state.num_frames} frames are done; the same command goes on behind them"
            )
        elif not any(self.folder.iterdir()):
            self.folder.rmdir()

    def pictures(self, segment: int) -> Path:
        """File with the encoded frames of a segment."""
        return self.folder / f"{segment:06}.nut"

    def rows(self, segment: int) -> Path:
        """File with the rows of a segment."""
        return self.folder / f"{segment:06}.parquet"

    def finish(self, state: ClipState) -> None:
        """Says that the next segment is whole: its pictures and rows are written.

        Args:
          state: Behind the segment.
        """
        files.write_json(self._state(self.num_segments), to_json(state))
        self.num_segments += 1
        self.state = state

    def _state(self, segment: int) -> Path:
        return self.folder / f"{segment:06}.json"

    def _is_finished(self, path: Path) -> bool:
        return path.stem.isdecimal() and int(path.stem) < self.num_segments


@contextlib.contextmanager
def unfinished_clip(beside: Path) -> Iterator[UnfinishedClip]:
    """Yields the unfinished work for a file; it is removed once the block ends without an error.

    Args:
      beside: The file that will be written.

    Yields:
      The work, of which `begin` has to be called. After an error, what is done stays.

    Raises:
      InputError: Another process is at this work, or something else has the folder's name.
      OSError: The system refuses.
    """
    folder = files.resting_place(beside, _SUFFIX)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is in the way of unfinished work; move it away")
    with files.only_one(folder, doing="written"):
        if any(folder.iterdir()) and not (folder / _PLAN).is_file():
            raise InputError(f"{folder} holds other files than unfinished work; move it away")
        work = UnfinishedClip(folder)
        try:
            yield work
        except BaseException:
            work.leave()
            raise
        shutil.rmtree(folder)


def _read(kind: type[Record], path: Path) -> Record | None:
    """What a file holds; None where it is missing or damaged."""
    try:
        return read_json(kind, path, mend="")
    except (InputError, OSError):
        return None
