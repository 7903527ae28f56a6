"""A clip to an annotated clip, a table of its faces, and their scores over time."""

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterator
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.video.finding import FaceFinder
from gimefive_jax.video.labels import LabelRules
from gimefive_jax.video.reading import ClipFacts, ClipReader
from gimefive_jax.video.rendering import DrawnBatch, FrameWork
from gimefive_jax.video.stages import Stopwatch
from gimefive_jax.video.table import ClipRow, check_table_suffix, join_rows, write_rows
from gimefive_jax.video.timeline import plot_timeline
from gimefive_jax.video.unfinished import ClipPlan, UnfinishedClip, unfinished_clip
from gimefive_jax.video.writing import SegmentWriter, container_format, join_segments

# Frames of a segment, a multiple of every batch: what an interruption costs at most.
SEGMENT = 128


@dataclasses.dataclass(frozen=True)
class ClipOutputs:
    """The files that are written; None for each that is not wanted."""

    clip: Path | None = None
    """Annotated: .mp4, .m4v, .mov or .mkv."""
    table: Path | None = None
    """Rows: .csv, .jsonl or .parquet."""
    plot: Path | None = None
    """PNG file of the scores over time."""

    @property
    def wanted(self) -> tuple[Path, ...]:
        """Those that are wanted; unfinished work lies beside the first."""
        return tuple(one for one in (self.clip, self.table, self.plot) if one is not None)

    def check(self, source: Path) -> None:
        """Checks what can be told before the work begins.

        Args:
          source: The file that is read.

        Raises:
          InputError: No file is wanted, a suffix names no format, or a file is the source.
        """
        if not self.wanted:
            raise InputError("name at least one file to write: --out, --table or --plot")
        if self.clip is not None:
            container_format(self.clip)
        if self.table is not None:
            check_table_suffix(self.table)
        for out in self.wanted:
            if out.exists() and source.exists() and out.samefile(source):
                raise InputError(f"{out} is the file that is read; name another one to write")


@dataclasses.dataclass(frozen=True)
class AnnotatedClip:
    """What was done of a clip."""

    num_frames: int
    num_faces: int
    """Over all frames."""
    num_tracks: int
    """Different faces, as far as they could be followed."""
    damage: str
    """What could not be read of the source, as the rest of a sentence; else empty."""


def annotate_clip(
    classifier: Classifier,
    source: Path,
    outputs: ClipOutputs,
    *,
    finder: FaceFinder,
    labels: LabelRules | None = None,
    tell: Callable[[str], None] = lambda line: None,
    progress: bool = False,
    stopwatch: Stopwatch | None = None,
) -> AnnotatedClip:
    """Finds, follows, classifies and explains the faces of a clip, and draws them.

    Decoding, reading of faces, drawing and encoding run beside each other; memory does not grow
    with the clip. If it is interrupted, finished segments lie in `NAME.unfinished` beside the first
    output, and the same call goes on behind them; the result is that of an uninterrupted call.

    Args:
      classifier: The model.
      source: A video file, or a GIF.
      outputs: What is written, each in one step once all frames are done.
      finder: What finds the faces.
      labels: When and from what the drawn label changes.
      tell: Gets lines that a user should read.
      progress: Whether a bar is shown.
      stopwatch: Gets how long each stage works.

    Returns:
      How many frames and faces there were, and what could not be read.

    Raises:
      InputError: The source is no video, or an output cannot be written in its format.
      OSError: The system refuses.
    """
    labels = labels or LabelRules()
    outputs.check(source)
    with ClipReader(source) as clip, unfinished_clip(outputs.wanted[0]) as unfinished:
        finder = finder.at_rate(clip.facts.rate)
        draws = outputs.clip is not None
        unfinished.begin(_plan(classifier, source, finder, labels, draws=draws), tell)
        work = FrameWork(classifier, finder, labels, draws=draws, stopwatch=stopwatch)
        bar = tqdm(
            total=clip.facts.num_frames,
            initial=unfinished.state.num_frames,
            unit="frame",
            desc=source.name,
            disable=not progress,
        )
        with bar, contextlib.closing(work.drawn(clip, unfinished.state)) as batches:
            for num_frames in _write_segments(batches, unfinished, clip.facts, work):
                bar.update(num_frames)
        _finish(unfinished, clip, outputs, classifier.emotions, tell)
        state = unfinished.state
        return AnnotatedClip(
            num_frames=state.num_frames,
            num_faces=state.num_faces,
            num_tracks=state.tracks.next_number - 1,
            damage=clip.damage,
        )


def _plan(
    classifier: Classifier, source: Path, finder: FaceFinder, labels: LabelRules, *, draws: bool
) -> ClipPlan:
    found = source.stat()
    return ClipPlan(
        source=str(source.resolve()),
        source_bytes=found.st_size,
        source_modified=found.st_mtime_ns,
        weights_sha256=classifier.weights_sha256,
        finder=(
            f"{finder.description}, {finder.quick_every}, {finder.search_every}, {finder.one_face}"
        ),
        labels=labels,
        draws=draws,
        version=version("gimefive-jax"),
    )


def _write_segments(
    batches: Generator[DrawnBatch], unfinished: UnfinishedClip, facts: ClipFacts, work: FrameWork
) -> Iterator[int]:
    """Encodes batches, some to a segment; gives how many frames each of them had."""
    for first in batches:
        rows, batch, segment = list[ClipRow](), first, unfinished.num_segments
        with contextlib.ExitStack() as stack:
            writer = None
            if work.draws:
                path = unfinished.pictures(segment)
                writer = stack.enter_context(SegmentWriter(path, facts))
            while True:
                if writer is not None:
                    with work.timing("encode"):
                        for image, timestamp in zip(batch.images, batch.timestamps, strict=True):
                            writer.write(image, timestamp)
                rows += batch.rows
                yield batch.num_frames
                state = batch.state
                following = None if state.num_frames % SEGMENT == 0 else next(batches, None)
                if following is None:
                    break
                batch = following
        write_rows(unfinished.rows(segment), rows, work.categories)
        unfinished.finish(state)


def _finish(
    unfinished: UnfinishedClip,
    clip: ClipReader,
    outputs: ClipOutputs,
    categories: tuple[str, ...],
    tell: Callable[[str], None],
) -> None:
    """Writes all outputs from the finished segments."""
    segments = range(unfinished.num_segments)
    rows = [unfinished.rows(segment) for segment in segments]
    if outputs.clip is not None:
        join_segments(
            [unfinished.pictures(segment) for segment in segments],
            outputs.clip,
            time_base=clip.facts.time_base,
            last_duration=unfinished.state.last_duration,
            sound=clip.path,
            tell=tell,
        )
    if outputs.table is not None:
        join_rows(rows, outputs.table)
    if outputs.plot is not None:
        plot_timeline(rows, categories, outputs.plot, title=clip.path.name)
