"""Explains the faces of a camera until it ends, and gives each frame to whoever wants it."""

import contextlib
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.errors import InputError
from gimefive_jax.live.camera import CameraFrame
from gimefive_jax.live.follower import FollowedFace, Follower
from gimefive_jax.predicting.drawing import draw_scene


@runtime_checkable
class Sink(Protocol):
    """What becomes of frames; a context manager that finishes its work at the end."""

    needs_picture: bool
    """Whether frames have to be drawn for it."""

    def take(
        self,
        frame: CameraFrame,
        faces: Sequence[FollowedFace],
        picture: UInt8[np.ndarray, "height width 3"],
    ) -> bool:
        """Takes a frame, its faces and the annotated picture; returns whether to go on."""

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def watch(
    frames: Iterable[CameraFrame],
    follower: Follower,
    sinks: Sequence[Sink],
    *,
    max_frames: int | None = None,
) -> int:
    """Reads the faces of a camera's frames, the newest each time.

    However it ends, also by Ctrl-C or because the camera was lost, the sinks finish what they have.

    Args:
      frames: An open camera.
      follower: Reads its faces.
      sinks: Take the frames, in their order.
      max_frames: Ends after so many; None goes on.

    Returns:
      How many frames were read.

    Raises:
      InputError: The camera gives no more pictures.
      KeyboardInterrupt: The user has ended it.
    """
    needs_picture = any(sink.needs_picture for sink in sinks)
    count, ending = 0, None
    with contextlib.ExitStack() as stack:
        for sink in sinks:
            stack.enter_context(sink)
        try:
            for frame in frames:
                faces = follower.read(frame.image, frame.time)
                picture = _draw(frame, faces) if needs_picture else frame.image
                count += 1
                goes_on = [sink.take(frame, faces, picture) for sink in sinks]
                if not all(goes_on) or count == max_frames:
                    break
        except (KeyboardInterrupt, InputError) as error:
            # A recording ends as a whole file, then the command.
            ending = error
    if ending is not None:
        raise ending
    return count


def _draw(frame: CameraFrame, faces: Sequence[FollowedFace]) -> UInt8[np.ndarray, "height width 3"]:
    numbers = [face.track for face in faces]
    return draw_scene(frame.image, [face.face for face in faces], numbers=numbers)
