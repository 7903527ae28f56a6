"""Rows of a camera's faces: as a table, or printed while they come."""

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.live.camera import CameraFrame
from gimefive_jax.live.follower import FollowedFace
from gimefive_jax.video.table import (
    ClipRow,
    check_table_suffix,
    csv_text,
    join_rows,
    write_rows,
)

_ROWS_AT_A_TIME = 4096


class Table:
    """A table with a row for each face of each frame; a sink.

    Args:
      out: `.csv`, `.jsonl` or `.parquet`, which appears when it is whole.
      emotions: The model's categories.

    Raises:
      InputError: The suffix is another one.
    """

    needs_picture = False

    def __init__(self, out: Path, emotions: Sequence[str]) -> None:
        check_table_suffix(out)
        self._out, self._emotions = out, emotions
        self._rows, self._parts = list[ClipRow](), list[Path]()

    def take(
        self,
        frame: CameraFrame,
        faces: Sequence[FollowedFace],
        picture: UInt8[np.ndarray, "height width 3"],
    ) -> bool:
        """Adds the rows of a frame."""
        self._rows += face_rows(frame, faces) or [ClipRow(frame.number, frame.time)]
        if len(self._rows) >= _ROWS_AT_A_TIME:
            self._write_part()
        return True

    def __enter__(self) -> "Table":
        self._folder = tempfile.TemporaryDirectory()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._folder:
            if kind is None and (self._rows or self._parts):
                self._write_part()
                join_rows(self._parts, self._out)

    def _write_part(self) -> None:
        path = Path(self._folder.name) / f"{len(self._parts)}.parquet"
        write_rows(path, self._rows, self._emotions)
        self._parts.append(path)
        self._rows = []


class PrintedRows(contextlib.nullcontext[None]):
    """Rows as CSV, each as soon as it is known; a sink.

    Args:
      write: Prints a text at once.
      emotions: The model's categories.
    """

    needs_picture = False

    def __init__(self, write: Callable[[str], object], emotions: Sequence[str]) -> None:
        super().__init__()
        self._write, self._emotions, self._begun = write, emotions, False

    def take(
        self,
        frame: CameraFrame,
        faces: Sequence[FollowedFace],
        picture: UInt8[np.ndarray, "height width 3"],
    ) -> bool:
        """Prints a row for each face."""
        rows = face_rows(frame, faces)
        if rows or not self._begun:
            self._write(csv_text(rows, self._emotions, header=not self._begun))
            self._begun = True
        return True


def face_rows(frame: CameraFrame, faces: Sequence[FollowedFace]) -> list[ClipRow]:
    """Makes a row for each face of a frame.

    Args:
      frame: The frame.
      faces: Its faces.
    """
    return [
        ClipRow(frame.number, frame.time, face.track, face.read, face.label.smooth)
        for face in faces
    ]
