from collections.abc import Sequence
from types import TracebackType

import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.live.camera import CameraFrame
from gimefive_jax.live.follower import FollowedFace
from gimefive_jax.live.watching import watch
from tests.live.made_up_faces import OneFace, frames_of, interrupted_by


class _Seen:
    """A sink that remembers."""

    needs_picture = True

    def __init__(self, stop_after: int = 10**6) -> None:
        self.numbers, self.pictures = list[int](), list[np.ndarray]()
        self.ended_with: object = "not at all"
        self._stop_after = stop_after

    def take(self, frame: CameraFrame, faces: Sequence[FollowedFace], picture: np.ndarray) -> bool:
        self.numbers.append(frame.number)
        self.pictures.append(picture)
        return len(self.numbers) < self._stop_after

    def __enter__(self) -> object:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ended_with = kind


def test_every_frame_is_read_and_drawn_at_its_own_size():
    seen = _Seen()
    frames = frames_of(0.0, 0.1, 0.2, width=320, height=240)
    assert watch(frames, OneFace(), [seen]) == 3
    assert seen.numbers == [0, 1, 2]
    assert all(picture.shape == (240, 320, 3) for picture in seen.pictures)
    # The first frame has no face.
    changed = [(p != f.image).any() for p, f in zip(seen.pictures, frames, strict=True)]
    assert changed == [False, True, True]
    assert seen.ended_with is None


def test_it_ends_after_so_many_frames_or_when_a_sink_wants_no_more():
    frames = frames_of(*np.arange(10) / 10)
    assert watch(frames, OneFace(), [_Seen()], max_frames=4) == 4
    assert watch(frames, OneFace(), [_Seen(), _Seen(stop_after=2)]) == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt(), InputError("the camera is gone")])
def test_sinks_finish_what_they_have_before_an_early_end_is_told(error: BaseException):
    seen = _Seen()
    with pytest.raises(type(error)):
        watch(interrupted_by(error, frames_of(0.0, 0.1)), OneFace(), [seen])
    assert seen.numbers == [0, 1]
    assert seen.ended_with is None


def test_a_fault_of_ours_is_no_good_end():
    seen = _Seen()
    with pytest.raises(RuntimeError):
        watch(interrupted_by(RuntimeError(), frames_of(0.0)), OneFace(), [seen])
    assert seen.ended_with is RuntimeError
