import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FoundFace
from gimefive_jax.video.labels import LabelRules, next_label
from gimefive_jax.video.looks import Look
from gimefive_jax.video.tracks import Tracks, follow
from gimefive_jax.video.unfinished import ClipPlan, ClipState, UnfinishedClip, unfinished_clip
from tests.video.boxes import box
from tests.video.made_faces import made_face

PLAN = ClipPlan("/clips/a.mp4", 10, 20, "abc", "blazeface", LabelRules(), True, "0.1.0")


def state(num_frames: int) -> ClipState:
    faces = [FoundFace(box(0.1, 1 / 3, 40, 50), 0.9)]
    tracks = follow(Tracks(), faces, 0.04, looks=[Look((0.6, 0.8))]).tracks
    label = next_label(None, made_face([0.7, 0.2, 0.1]), 3, 0.04, rules=LabelRules())
    return ClipState(num_frames, 5, tracks, {"1": label}, 512)


@contextlib.contextmanager
def interrupted_work(folder: Path, lines: list[str] | None = None) -> Iterator[UnfinishedClip]:
    """Work on `out.mp4` that is interrupted at the end of the block."""
    told = [] if lines is None else lines
    with contextlib.suppress(KeyboardInterrupt), unfinished_clip(folder / "out.mp4") as work:
        work.begin(PLAN, told.append)
        yield work
        raise KeyboardInterrupt


def test_what_is_done_is_there_when_the_same_work_goes_on(tmp_path: Path) -> None:
    lines: list[str] = []
    with interrupted_work(tmp_path, lines) as work:
        work.pictures(0).touch()
        work.finish(state(128))
        work.pictures(1).touch()
    assert len(lines) == 1
    assert "128 frames are done" in lines[0]
    with interrupted_work(tmp_path, lines) as work:
        # Exactly: what goes on is what would have gone on.
        assert work.state == state(128)
        assert work.num_segments == 1
        assert work.pictures(0).exists()
        # A segment that was not finished counts for nothing.
        assert not work.pictures(1).exists()
    assert len(lines) == 3
    assert "goes on behind the 128 frames" in lines[1]


def test_other_work_begins_anew_and_says_so(tmp_path: Path) -> None:
    with interrupted_work(tmp_path) as work:
        work.finish(state(128))
    lines: list[str] = []
    with unfinished_clip(tmp_path / "out.mp4") as work:
        work.begin(dataclasses.replace(PLAN, source="/clips/b.mp4"), lines.append)
        assert work.state == ClipState()
        assert work.num_segments == 0
    assert len(lines) == 1
    assert "begins anew" in lines[0]


def test_nothing_is_left_where_nothing_is_done_or_all(tmp_path: Path) -> None:
    with interrupted_work(tmp_path) as work:
        work.pictures(0).touch()
    assert not list(tmp_path.iterdir())
    with unfinished_clip(tmp_path / "out.mp4") as work:
        work.begin(PLAN, print)
        work.finish(state(128))
    assert not list(tmp_path.iterdir())


def test_a_mistake_before_the_work_keeps_what_was_done(tmp_path: Path) -> None:
    with interrupted_work(tmp_path) as work:
        work.finish(state(128))
    with pytest.raises(ValueError, match="mistake"), unfinished_clip(tmp_path / "out.mp4"):
        raise ValueError("mistake")
    assert (tmp_path / "out.mp4.unfinished" / "000000.json").exists()


def test_a_damaged_state_ends_what_counts_as_done(tmp_path: Path) -> None:
    with interrupted_work(tmp_path) as work:
        work.finish(state(128))
        work.finish(state(256))
    (tmp_path / "out.mp4.unfinished" / "000001.json").write_text("{")
    with interrupted_work(tmp_path) as work:
        assert (work.num_segments, work.state.num_frames) == (1, 128)


def test_a_folder_of_the_user_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out.mp4.unfinished"
    folder.mkdir()
    (folder / "diary.txt").touch()
    with (
        pytest.raises(InputError, match="other files"),
        unfinished_clip(tmp_path / "out.mp4"),
    ):
        pass
    assert (folder / "diary.txt").exists()


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with (
        unfinished_clip(tmp_path / "out.mp4"),
        pytest.raises(InputError, match="another process"),
        unfinished_clip(tmp_path / "out.mp4"),
    ):
        pass
