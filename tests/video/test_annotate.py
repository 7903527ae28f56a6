import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FoundFace
from gimefive_jax.video.finding import FaceFinder
from gimefive_jax.video.labels import LabelRules
from tests.tolerances import GREY_LEVELS, SAME_PROGRAM_LOADED
from tests.video.clips import av, make_clip, read_times, sound_packets
from tests.video.squares import SeesSquares, frame

from gimefive_jax.video import annotate  # isort: skip  - needs PyAV
from gimefive_jax.video.annotate import AnnotatedClip, ClipOutputs, annotate_clip  # isort: skip

NUM_FRAMES, WIDTH, HEIGHT = 44, 321, 241
# Milliseconds: a variable rate.
TIMES = [40 * i + (i % 3) * 7 for i in range(NUM_FRAMES)]
HIDDEN = range(30, 34)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return gimefive_jax.load("small")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bright square that moves, is hidden for some frames, and a tone."""
    images = [
        frame(
            300 if i in HIDDEN else 20 + 5 * i, 230 if i in HIDDEN else 100, width=320, height=240
        )
        for i in range(NUM_FRAMES)
    ]
    for i in HIDDEN:
        images[i][:] = 20
    path = tmp_path_factory.mktemp("clips") / "in.mp4"
    return make_clip(path, images, timestamps=TIMES, time_base=Fraction(1, 1000), sound="aac")


def finder(detector: Callable[..., list[tuple[FoundFace, ...]]] | None = None) -> FaceFinder:
    return FaceFinder(detector or SeesSquares(0.0), description="squares")


@pytest.fixture(scope="module")
def outputs(
    classifier: Classifier, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ClipOutputs, AnnotatedClip]:
    """What is written for `source`, in one go."""
    folder = tmp_path_factory.mktemp("whole")
    outputs = ClipOutputs(folder / "out.mp4", folder / "out.parquet", folder / "out.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotate, "SEGMENT", 16)
        done = annotate_clip(classifier, source, outputs, finder=finder())
    return outputs, done


def rows_alike(one: Path | None, other: Path | None) -> bool:
    """Whether two tables have the same rows; a program compiled anew may round otherwise."""
    pairs = zip(pq.read_table(one).to_pylist(), pq.read_table(other).to_pylist(), strict=True)
    return all(row == pytest.approx(other, abs=SAME_PROGRAM_LOADED) for row, other in pairs)


def images_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [one.to_ndarray(format="rgb24") for one in container.decode(video=0)]


def test_frames_times_and_sound_are_the_source_s(
    source: Path, outputs: tuple[ClipOutputs, AnnotatedClip]
) -> None:
    clip = outputs[0].clip
    assert clip is not None
    assert read_times(clip) == read_times(source) == [Fraction(time, 1000) for time in TIMES]
    assert sound_packets(clip) == sound_packets(source)
    assert sorted(path.name for path in clip.parent.iterdir()) == [
        "out.mp4",
        "out.parquet",
        "out.png",
    ]


def test_only_what_is_near_a_face_is_drawn(
    source: Path, outputs: tuple[ClipOutputs, AnnotatedClip]
) -> None:
    clip = outputs[0].clip
    assert clip is not None
    for i, (drawn, given) in enumerate(zip(images_of(clip), images_of(source), strict=True)):
        difference = np.abs(drawn[:240, :320].astype(int) - given)
        if i in HIDDEN:
            assert difference.mean() < 3
        else:
            assert difference[100:140, 20 + 5 * i : 60 + 5 * i].mean() > 10


def test_the_table_has_a_row_for_each_face_and_each_frame_without_one(
    outputs: tuple[ClipOutputs, AnnotatedClip], classifier: Classifier
) -> None:
    files, done = outputs
    rows = pq.read_table(files.table).to_pylist()
    assert [row["frame"] for row in rows] == list(range(NUM_FRAMES))
    assert [row["time"] for row in rows] == pytest.approx([time / 1000 for time in TIMES])
    # The square comes back where it is expected, and has the same number.
    assert [row["track"] for row in rows] == [None if i in HIDDEN else 1 for i in range(NUM_FRAMES)]
    for row in rows:
        if row["track"] is not None:
            scores = [row[name] for name in classifier.emotions]
            assert sum(scores) == pytest.approx(1, abs=1e-5)
            assert row["predicted"] == classifier.emotions[int(np.argmax(scores))]
    assert (done.num_frames, done.num_tracks, done.damage) == (NUM_FRAMES, 1, "")
    assert done.num_faces == NUM_FRAMES - len(HIDDEN)


def test_the_timeline_is_a_picture(outputs: tuple[ClipOutputs, AnnotatedClip]) -> None:
    assert outputs[0].plot is not None
    with Image.open(outputs[0].plot) as picture:
        assert picture.format == "PNG"


def test_interrupted_work_goes_on_to_the_frames_of_work_that_was_not(
    classifier: Classifier,
    source: Path,
    outputs: tuple[ClipOutputs, AnnotatedClip],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(annotate, "SEGMENT", 16)
    calls = 0

    def interrupted(images: Sequence[np.ndarray]) -> list[tuple[FoundFace, ...]]:
        nonlocal calls
        calls += 1
        if calls > 4:
            raise KeyboardInterrupt
        return SeesSquares(0.0)(images)

    files = ClipOutputs(tmp_path / "out.mp4", tmp_path / "out.parquet", tmp_path / "out.png")
    with pytest.raises(KeyboardInterrupt):
        annotate_clip(classifier, source, files, finder=finder(interrupted))
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4.unfinished"]
    lines: list[str] = []
    done = annotate_clip(classifier, source, files, finder=finder(), tell=lines.append)
    assert len(lines) == 1
    assert "goes on" in lines[0]
    assert done == outputs[1]
    whole = outputs[0]
    assert files.clip is not None
    assert whole.clip is not None
    assert read_times(files.clip) == read_times(whole.clip)
    assert sound_packets(files.clip) == sound_packets(whole.clip)
    for ours, theirs in zip(images_of(files.clip), images_of(whole.clip), strict=True):
        assert np.abs(ours.astype(int) - theirs).mean() < GREY_LEVELS
    assert rows_alike(files.table, whole.table)


def test_a_clip_that_is_cut_off_keeps_what_was_decoded_and_says_so(
    classifier: Classifier, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 100, (60, 96, 128, 3), np.uint8)
    whole = make_clip(tmp_path / "whole.mp4", noise, options={"movflags": "+faststart"})
    source = tmp_path / "cut.mp4"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    files = ClipOutputs(tmp_path / "out.mp4", tmp_path / "out.jsonl")
    done = annotate_clip(classifier, source, files, finder=finder())
    assert "cut off" in done.damage
    assert 10 < done.num_frames < 50
    assert files.clip is not None
    assert len(read_times(files.clip)) == done.num_frames
    assert files.table is not None
    lines = files.table.read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == list(range(done.num_frames))


def test_a_table_alone_needs_no_pictures(
    classifier: Classifier, source: Path, tmp_path: Path
) -> None:
    files = ClipOutputs(table=tmp_path / "out.csv")
    done = annotate_clip(classifier, source, files, finder=finder())
    assert done.num_frames == NUM_FRAMES
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_labels_are_drawn_by_their_rules_and_the_table_has_both(
    classifier: Classifier, source: Path, tmp_path: Path
) -> None:
    tables = []
    for rules in (LabelRules(), LabelRules(smooth=True, hold=5)):
        files = ClipOutputs(table=tmp_path / f"{rules.hold}.csv")
        annotate_clip(classifier, source, files, finder=finder(), labels=rules)
        assert files.table is not None
        tables.append(files.table.read_text())
    assert tables[0] == tables[1]


@pytest.mark.parametrize("size", [(16, 16), (61, 47)])
def test_one_frame_of_any_size_is_a_clip(
    classifier: Classifier, tmp_path: Path, size: tuple[int, int]
) -> None:
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    Image.fromarray(image).save(tmp_path / "in.gif")
    files = ClipOutputs(tmp_path / "out.mp4")
    done = annotate_clip(classifier, tmp_path / "in.gif", files, finder=finder())
    assert (done.num_frames, done.num_faces) == (1, 0)
    assert files.clip is not None
    [found] = images_of(files.clip)
    assert np.abs(found.astype(int) - 90).max() < 4


def test_the_source_is_never_written_over(
    classifier: Classifier, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "link.mp4").symlink_to(source)
    for out in (source, tmp_path / "link.mp4"):
        with pytest.raises(InputError, match="is the file that is read"):
            annotate_clip(classifier, source, ClipOutputs(out), finder=finder())
    with pytest.raises(InputError, match="--out, --table or --plot"):
        annotate_clip(classifier, source, ClipOutputs(), finder=finder())


def test_a_turned_clip_comes_out_upright(classifier: Classifier, tmp_path: Path) -> None:
    upright = frame(20, 20, width=160, height=96)
    held = np.ascontiguousarray(np.rot90(upright, -1))
    source = make_clip(tmp_path / "in.mp4", [held] * 3, rotation=90)
    files = ClipOutputs(tmp_path / "out.mp4", tmp_path / "out.parquet")
    done = annotate_clip(classifier, source, files, finder=finder())
    assert (done.num_frames, done.num_faces) == (3, 3)
    assert files.clip is not None
    assert images_of(files.clip)[0].shape == (96, 160, 3)
    with av.open(str(files.clip)) as container:
        assert next(container.decode(video=0)).rotation == 0
    row = pq.read_table(files.table).to_pylist()[0]
    assert (row["left"], row["top"]) == pytest.approx((20, 20), abs=1)
