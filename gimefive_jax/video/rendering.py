"""The work on the frames of a clip: faces found, read, labelled and drawn, stage by stage."""

import contextlib
import dataclasses
import itertools
from collections.abc import Generator, Iterator, Sequence

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.api import Classifier
from gimefive_jax.predicting.drawing import draw_scene
from gimefive_jax.predicting.scene import SceneFace, SceneReader
from gimefive_jax.video.finding import FaceFinder
from gimefive_jax.video.labels import LabelRules, as_shown, next_label
from gimefive_jax.video.reading import ClipFrame, ClipReader
from gimefive_jax.video.stages import Stopwatch, ahead
from gimefive_jax.video.table import ClipRow
from gimefive_jax.video.tracks import Followed, Tracks
from gimefive_jax.video.unfinished import ClipState

# A batch has up to so many frames, and fewer where they would fill more memory than this.
_MOST_FRAMES, _MOST_BYTES = 8, 60_000_000
# Batches that wait between two stages: a search for small faces holds one stage up for a while.
_WAITING = 2


@dataclasses.dataclass(frozen=True, eq=False)
class FoundBatch:
    """Frames that follow each other, their faces found and followed."""

    frames: Sequence[ClipFrame]
    found: Sequence[Followed]


@dataclasses.dataclass(frozen=True, eq=False)
class ReadBatch:
    """Frames that follow each other, their faces read."""

    frames: Sequence[ClipFrame]
    shown: Sequence[Sequence[SceneFace]]
    """The faces of each frame, with the labels that are drawn."""
    numbers: Sequence[Sequence[int]]
    """Their tracks."""
    rows: Sequence[ClipRow]
    state: ClipState
    """Behind the last of them."""


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnBatch:
    """Frames that follow each other, ready to be encoded."""

    images: Sequence[UInt8[np.ndarray, "height width 3"]]
    """None, where nothing is drawn."""
    timestamps: Sequence[int]
    rows: Sequence[ClipRow]
    state: ClipState
    num_frames: int


class FrameWork:
    """What happens to every frame; see `annotate.annotate_clip` for the arguments."""

    def __init__(
        self,
        classifier: Classifier,
        finder: FaceFinder,
        labels: LabelRules,
        *,
        draws: bool,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.draws = draws
        self.categories = classifier.emotions
        self._reader = SceneReader(classifier, detector=finder.search, num_looks=1)
        self._finder, self._labels, self._stopwatch = finder, labels, stopwatch
        self._min_max = classifier.config.reference

    def timing(self, stage: str) -> contextlib.AbstractContextManager[None]:
        """Measures the block, if somebody wants to know."""
        return (
            contextlib.nullcontext() if self._stopwatch is None else self._stopwatch.timing(stage)
        )

    def drawn(self, clip: ClipReader, state: ClipState) -> Generator[DrawnBatch]:
        """Gives the frames behind those of `state`; decoding, reading and drawing overlap."""
        decoded = ahead(self._decoded(clip, state.num_frames), depth=_WAITING)
        found = ahead(self._found_all(decoded, state.tracks), depth=_WAITING)
        read = ahead(self._read_all(found, state), depth=_WAITING)
        return ahead(self._drawn_all(read), depth=_WAITING)

    def _decoded(self, clip: ClipReader, begin: int) -> Generator[list[ClipFrame]]:
        size = _batch_size(clip.facts.width * clip.facts.height * 3)
        frames = clip.frames(begin=begin)
        while True:
            with self.timing("decode"):
                batch = list(itertools.islice(frames, size))
            if not batch:
                return
            yield batch

    def _found_all(
        self, batches: Generator[list[ClipFrame]], tracks: Tracks
    ) -> Generator[FoundBatch]:
        with contextlib.closing(batches):
            for frames in batches:
                with self.timing("find"):
                    found = self._finder.find(
                        [frame.image for frame in frames],
                        [frame.number for frame in frames],
                        [frame.time for frame in frames],
                        tracks,
                    )
                tracks = found[-1].tracks
                yield FoundBatch(frames, found)

    def _read_all(self, batches: Generator[FoundBatch], state: ClipState) -> Generator[ReadBatch]:
        with contextlib.closing(batches):
            for batch in batches:
                read = self._read(batch.frames, batch.found, state)
                state = read.state
                yield read

    def _read(
        self, frames: Sequence[ClipFrame], found: Sequence[Followed], state: ClipState
    ) -> ReadBatch:
        with self.timing("read"):
            images = [frame.image for frame in frames]
            read = self._reader.read(images, [one.faces for one in found])
        labels, rows = dict(state.labels), list[ClipRow]()
        shown = list[list[SceneFace]]()
        for frame, one, faces in zip(frames, found, read, strict=True):
            shown.append([])
            for track, face in zip(one.numbers, faces, strict=True):
                before = labels.get(str(track))
                label = next_label(before, face, frame.number, frame.time, rules=self._labels)
                labels[str(track)] = label
                shown[-1].append(as_shown(face, label))
                rows.append(ClipRow(frame.number, frame.time, track, face, label.smooth))
            if not faces:
                rows.append(ClipRow(frame.number, frame.time))
        tracks = found[-1].tracks
        kept = {str(track.number) for track in tracks.tracks}
        state = ClipState(
            num_frames=frames[-1].number + 1,
            num_faces=state.num_faces + sum(map(len, read)),
            tracks=tracks,
            labels={track: label for track, label in labels.items() if track in kept},
            last_duration=frames[-1].duration,
        )
        return ReadBatch(frames, shown, [one.numbers for one in found], rows, state)

    def _drawn_all(self, batches: Generator[ReadBatch]) -> Generator[DrawnBatch]:
        with contextlib.closing(batches):
            for batch in batches:
                with self.timing("draw"):
                    images = list(self._draw(batch)) if self.draws else []
                yield DrawnBatch(
                    images=images,
                    timestamps=[frame.timestamp for frame in batch.frames],
                    rows=batch.rows,
                    state=batch.state,
                    num_frames=len(batch.frames),
                )

    def _draw(self, batch: ReadBatch) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        for frame, faces, numbers in zip(batch.frames, batch.shown, batch.numbers, strict=True):
            yield draw_scene(frame.image, faces, numbers=numbers, min_max=self._min_max)


def _batch_size(frame_bytes: int) -> int:
    """Frames of a batch: a power of two, so that a segment has whole batches."""
    size = _MOST_FRAMES
    while size > 1 and size * frame_bytes > _MOST_BYTES:
        size //= 2
    return size
