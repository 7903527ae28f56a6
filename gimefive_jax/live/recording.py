"""A camera's annotated pictures as a clip."""

import contextlib
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.errors import InputError
from gimefive_jax.live.camera import CameraFrame
from gimefive_jax.live.follower import FollowedFace
from gimefive_jax.video.reading import ClipFacts
from gimefive_jax.video.writing import SegmentWriter, container_format, join_segments

# What a clip says of itself; each picture has a time of its own.
_USUAL_RATE, _TIME_BASE, _UNSPECIFIED = Fraction(15), Fraction(1, 1000), 2


class Recording:
    """A clip of the annotated pictures, with the times at which they came; a sink.

    Args:
      out: File to write, which appears when it is whole; its suffix names the format.

    Raises:
      InputError: The suffix is of no format.
    """

    needs_picture = True

    def __init__(self, out: Path) -> None:
        container_format(out)
        self._out, self._last = out, -1
        self._writer: SegmentWriter | None = None
        self._size = (0, 0)

    def take(
        self,
        frame: CameraFrame,
        faces: Sequence[FollowedFace],
        picture: UInt8[np.ndarray, "height width 3"],
    ) -> bool:
        """Adds a picture.

        Raises:
          InputError: It has another size than the first one.
        """
        height, width = picture.shape[:2]
        if self._writer is None:
            facts = ClipFacts(width, height, _USUAL_RATE, _TIME_BASE, _UNSPECIFIED, None)
            self._size = (width, height)
            self._writer = self._stack.enter_context(SegmentWriter(self._part, facts))
        if self._size != (width, height):
            raise InputError(
                f"the camera now gives {width} x {height} pixels, no longer {self._size[0]} x "
                f"{self._size[1]}; {self._out} ends before that, so begin another recording"
            )
        # Of two frames within a millisecond the later one comes a millisecond later.
        self._last = max(self._last + 1, round(frame.time / _TIME_BASE))
        self._writer.write(picture, self._last)
        return True

    def __enter__(self) -> "Recording":
        self._out.parent.mkdir(parents=True, exist_ok=True)
        # Beside the clip: where that has room, its parts have.
        self._folder = tempfile.TemporaryDirectory(
            dir=self._out.parent, prefix=f".{self._out.name}.", suffix=".parts"
        )
        self._part = Path(self._folder.name) / "part.nut"
        self._stack = contextlib.ExitStack()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._folder:
            self._stack.__exit__(kind, error, trace)
            if kind is None and self._writer is not None:
                join_segments([self._part], self._out, time_base=_TIME_BASE)
