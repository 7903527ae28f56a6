from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.live.camera import CameraFrame
from gimefive_jax.live.watching import watch
from tests.live.made_up_faces import OneFace, frames_of, interrupted_by

av = pytest.importorskip("av", reason="pip install 'gimefive-jax[video]'")
from gimefive_jax.live.recording import Recording  # noqa: E402 - needs PyAV

_TIMES = (0.0, 0.033, 0.2, 0.21, 0.7, 0.7001, 1.5)


def _times(path: Path) -> list[float]:
    with av.open(str(path)) as clip:
        return [float(frame.pts * frame.time_base) for frame in clip.decode(video=0)]


def test_a_recording_has_the_frames_with_the_times_at_which_they_came(tmp_path: Path):
    out = tmp_path / "new" / "out.mp4"
    assert watch(frames_of(*_TIMES), OneFace(), [Recording(out)]) == len(_TIMES)
    found = _times(out)
    assert np.abs(np.array(found) - found[0] - _TIMES).max() <= 0.0011
    assert [path.name for path in out.parent.iterdir()] == ["out.mp4"]


def test_a_recording_that_is_interrupted_is_whole(tmp_path: Path):
    out, frames = tmp_path / "out.mkv", frames_of(*_TIMES, width=63, height=47)
    with pytest.raises(KeyboardInterrupt):
        watch(interrupted_by(KeyboardInterrupt(), frames), OneFace(), [Recording(out)])
    assert len(_times(out)) == len(_TIMES)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]


def test_a_fault_leaves_nothing_that_looks_whole(tmp_path: Path):
    recording = Recording(tmp_path / "out.mp4")
    with pytest.raises(RuntimeError):
        watch(interrupted_by(RuntimeError(), frames_of(*_TIMES)), OneFace(), [recording])
    assert list(tmp_path.iterdir()) == []


def test_a_camera_that_changes_its_size_ends_the_recording_in_one_line(tmp_path: Path):
    frames = [*frames_of(0.0, 0.1), CameraFrame(2, 0.2, np.zeros((96, 128, 3), np.uint8))]
    with pytest.raises(InputError, match=r"128 x 96.*64 x 48"):
        watch(frames, OneFace(), [Recording(tmp_path / "out.mp4")])
    assert len(_times(tmp_path / "out.mp4")) == 2


def test_an_unknown_format_is_refused_before_anything_is_filmed(tmp_path: Path):
    with pytest.raises(InputError, match=r"\.mp4"):
        Recording(tmp_path / "out.avi")
