"""Video files that play anywhere: H.264, timestamps kept, sound copied as it is."""

import contextlib
import heapq
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

from gimefive_jax import files
from gimefive_jax.errors import InputError
from gimefive_jax.video.pyav import av
from gimefive_jax.video.reading import ClipFacts

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Names of FFmpeg's formats by suffix."""
# Without frames that refer to later ones, the order of packets is that of the pictures. The
# quality keeps letters sharp; what a slower preset would save in size costs more in time.
_ENCODER = {"preset": "veryfast", "crf": "20", "bf": "0"}
# FFmpeg's number for colours that a file says nothing about.
_UNSPECIFIED = 2


class SegmentWriter:
    """A part of a clip that is being encoded, as a context manager.

    A part begins with a whole picture, so parts can be joined without encoding again.

    Args:
      path: File of the part, in FFmpeg's own format NUT, whose timestamps are exact.
      facts: Size, time base, rate and colours of the clip.
    """

    def __init__(self, path: Path, facts: ClipFacts) -> None:
        self._facts = facts
        self._container: av.container.OutputContainer = av.open(str(path), "w", format="nut")
        stream = self._container.add_stream("libx264", rate=facts.rate, options=_ENCODER)
        # Half as many colours as pixels, so sides are even.
        stream.width, stream.height = facts.width + facts.width % 2, facts.height + facts.height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = facts.time_base
        if facts.colorspace != _UNSPECIFIED:
            stream.codec_context.colorspace = facts.colorspace
        self._stream = stream

    def write(self, image: UInt8[np.ndarray, "height width 3"], timestamp: int) -> None:
        """Takes a picture.

        Args:
          image: RGB, of the clip's size.
          timestamp: In units of the clip's time base; larger than the one before.
        """
        # The array itself, not a copy: it is done with once its colours are converted.
        frame = av.VideoFrame.from_numpy_buffer(_even(image), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=self._facts.colorspace)
        frame.pts, frame.time_base = timestamp, self._facts.time_base
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> "SegmentWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()


def join_segments(
    segments: Sequence[Path],
    out: Path,
    *,
    time_base: Fraction,
    last_duration: int = 0,
    sound: Path | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Joins parts of a clip to one file that plays while it loads, in one step.

    Args:
      segments: Files of `SegmentWriter`, in order; at least one.
      out: File to write; its suffix is one of `FORMATS`.
      time_base: Of the clip.
      last_duration: How long the last picture is shown, in units of `time_base`; 0 leaves it to the
        rate. The others are shown until the next.
      sound: File whose sound is copied, packet by packet; None leaves the clip silent.
      tell: Gets a line where sound cannot be kept.

    Raises:
      InputError: The suffix is another one.
      OSError: The system refuses.
    """
    name = container_format(out)
    # A start that is not 0 is kept in units of the whole file, by default milliseconds.
    options = {"movflags": "+faststart", "movie_timescale": str(time_base.denominator)}
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(files.replacing(out))
        first = stack.enter_context(av.open(str(segments[0])))
        container = stack.enter_context(
            av.open(str(temporary), "w", format=name, options=options if name != "matroska" else {})
        )
        pictures = container.add_stream_from_template(first.streams.video[0])
        pictures.time_base = time_base
        heard = stack.enter_context(av.open(f"file:{sound}")) if sound is not None else None
        pairs = [] if heard is None else list(_copied_sound(heard, container, out, tell))
        packets = [_picture_packets(segments, pictures, last_duration * time_base)]
        if heard is not None and pairs:
            packets.append(_sound_packets(heard, dict(pairs)))
        # The muxer would keep in memory whatever is far ahead of the rest.
        for packet in heapq.merge(*packets, key=_seconds):
            container.mux(packet)


def container_format(out: Path) -> str:
    """Gives FFmpeg's name of the format that a suffix stands for.

    Raises:
      InputError: There is none.
    """
    found = FORMATS.get(out.suffix.lower())
    if found is None:
        raise InputError(f"{out} must end in one of {', '.join(FORMATS)}, for its format")
    return found


def write_clip(
    path: Path, images: Iterable[UInt8[np.ndarray, "height width 3"]], *, rate: int | Fraction
) -> None:
    """Writes pictures as a clip of a fixed rate, in one step.

    Args:
      path: File to write; its suffix is one of `FORMATS`.
      images: RGB, all of one size; at least one.
      rate: Frames per second.

    Raises:
      InputError: There is no picture, or the suffix is another one.

    Example:
      >>> write_clip(Path("grey.mp4"), [np.full((48, 64, 3), 128, np.uint8)] * 3, rate=25)
    """
    container_format(path)
    pictures = iter(images)
    first = next(pictures, None)
    if first is None:
        raise InputError(f"no pictures are given for {path}; give at least one")
    rate = Fraction(rate)
    facts = ClipFacts(first.shape[1], first.shape[0], rate, 1 / rate, _UNSPECIFIED, None)
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.nut"
        with SegmentWriter(part, facts) as writer:
            for i, image in enumerate(_chain(first, pictures)):
                writer.write(image, i)
        join_segments([part], path, time_base=facts.time_base, last_duration=1)


def _chain(
    first: UInt8[np.ndarray, "height width 3"],
    rest: Iterator[UInt8[np.ndarray, "height width 3"]],
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    yield first
    yield from rest


def _even(image: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "rows columns 3"]:
    """Repeats the last row or column of odd sides."""
    odd = (image.shape[0] % 2, image.shape[1] % 2)
    if odd == (0, 0):
        return np.ascontiguousarray(image)
    return np.pad(image, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")


def _copied_sound(
    source: av.container.InputContainer,
    container: av.container.OutputContainer,
    out: Path,
    tell: Callable[[str], None],
) -> Iterator[tuple[int, av.AudioStream]]:
    """Adds the sound that the format of `out` can hold; gives its streams by their old numbers."""
    for stream in source.streams.audio:
        name = stream.codec_context.name if stream.codec_context is not None else "unknown"
        try:
            yield stream.index, container.add_stream_from_template(stream)
        except (av.FFmpegError, ValueError):
            tell(f"{out.suffix} holds no sound in the format {name}, which is left out; .mkv does")


def _picture_packets(
    segments: Sequence[Path], stream: av.VideoStream, last_duration: Fraction
) -> Iterator[av.Packet]:
    held = None
    for path in segments:
        with av.open(str(path)) as part:
            for packet in part.demux(video=0):
                if packet.pts is None:
                    continue
                # NUT leaves it out where times between pictures differ much. No picture refers to
                # a later one, so the two are the same.
                packet.dts = packet.pts
                packet.stream = stream
                if held is not None:
                    yield held
                held = packet
    if held is not None:
        if last_duration:
            held.duration = round(last_duration / held.time_base)
        yield held


def _sound_packets(
    source: av.container.InputContainer, streams: dict[int, av.AudioStream]
) -> Iterator[av.Packet]:
    # A damaged file has been told of; its sound ends where it breaks.
    with contextlib.suppress(av.FFmpegError):
        for packet in source.demux(*(source.streams[index] for index in streams)):
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                yield packet


def _seconds(packet: av.Packet) -> float:
    return float((packet.dts or 0) * packet.time_base)
