"""The frames of a video file: upright, in RGB, each with its own time."""

import dataclasses
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.errors import InputError
from gimefive_jax.video.pyav import av

# Frames per second of a file that does not say.
_USUAL_RATE = Fraction(25)
# A file whose content ends so many seconds before it should has been cut off: containers round
# lengths, and the last frame of a camera may be long.
_CUT_OFF = 0.5


@dataclasses.dataclass(frozen=True)
class ClipFacts:
    """What a video file says of itself, and what its first frame shows."""

    width: int
    """Of the upright picture with square pixels, as `height`, in pixels."""
    height: int
    rate: Fraction
    """Frames per second, on average."""
    time_base: Fraction
    """Unit of timestamps, in seconds."""
    colorspace: int
    """By FFmpeg's number: how RGB becomes brightness and colour."""
    duration: float | None
    """In seconds; None where the file does not say."""

    @property
    def num_frames(self) -> int | None:
        """About how many frames there are; None where the file does not say."""
        return None if self.duration is None else max(1, round(self.duration * self.rate))


@dataclasses.dataclass(frozen=True, eq=False)
class ClipFrame:
    """A frame of a clip."""

    number: int
    """From 0."""
    timestamp: int
    """In units of the clip's time base; larger than that of the frame before."""
    duration: int
    """In units of the clip's time base; 0 where the file does not say."""
    time: float
    """In seconds."""
    image: UInt8[np.ndarray, "height width 3"]
    """RGB, upright."""


class ClipReader:
    """A video file that is open for reading, as a context manager.

    Any format that FFmpeg reads; a GIF or a single picture is a clip too.

    Args:
      path: The file.

    Raises:
      InputError: It is no video, or no frame of it can be decoded.
      OSError: The system refuses.

    Example:
      >>> from gimefive_jax.video.writing import write_clip
      >>> images = [np.full((48, 64, 3), value, np.uint8) for value in (0, 128, 255)]
      >>> write_clip(Path("grey.mp4"), images, rate=25)
      >>> with ClipReader(Path("grey.mp4")) as clip:
      ...     [round(frame.time, 2) for frame in clip.frames()]
      [0.0, 0.04, 0.08]
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        """What could not be read, as the rest of a sentence; empty if nothing was missed so far."""
        self._container = _open(path)
        try:
            self._stream = _picture_stream(self._container, path)
            self._stream.thread_type = "AUTO"
            self._num_bad, self._reached = 0, 0.0
            self._decoded = self._decode()
            first = next(self._decoded, None)
            if first is None:
                raise InputError(f"{path} has no frame that can be decoded; check the file")
            self._first = first
            self.facts = _facts(first, self._container, self._stream)
        except BaseException:
            self._container.close()
            raise

    def frames(self, *, begin: int = 0) -> Generator[ClipFrame]:
        """Gives the frames in the order in which they are shown; can be called once.

        A file that is cut off or damaged gives what can be decoded; `damage` then says so.

        Args:
          begin: Number of the first frame that is given; those before it are passed over.

        Yields:
          Frames whose timestamps grow.
        """
        step = max(1, round(1 / (self.facts.rate * self.facts.time_base)))
        last: int | None = None
        for number, frame in enumerate(self._with_first()):
            given = frame.pts if frame.pts is not None else None if last is None else last + step
            # A broken file may tell a time twice, or go back.
            timestamp = max(given or 0, 0 if last is None else last + 1)
            last = timestamp
            if number < begin:
                continue
            image = _upright(frame, self._stream.sample_aspect_ratio)
            if image.shape[:2] != (self.facts.height, self.facts.width):
                self.damage = (
                    f"its pictures change their size at frame {number}; only those before are read"
                )
                return
            yield ClipFrame(
                number=number,
                timestamp=timestamp,
                duration=frame.duration or 0,
                time=float(timestamp * self.facts.time_base),
                image=image,
            )

    def __enter__(self) -> "ClipReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._decoded.close()
        self._container.close()

    def _with_first(self) -> Iterator[av.VideoFrame]:
        yield self._first
        yield from self._decoded

    def _decode(self) -> Generator[av.VideoFrame]:
        ending = ""
        try:
            for packet in self._container.demux():
                self._look_at(packet)
                # The last packet of each stream is empty, and its number is not set.
                if packet.stream is self._stream:
                    yield from self._decoded_of(packet)
        except av.FFmpegError as error:
            ending = _words(error)
            yield from self._decoded_of(None)
        self.damage = self._describe(ending)

    def _decoded_of(self, packet: av.Packet | None) -> list[av.VideoFrame]:
        """Frames of a packet; None asks the decoder for what it still keeps."""
        try:
            return self._stream.decode(packet)
        except av.FFmpegError:
            # The packets behind it may be whole.
            self._num_bad += 1
            return []

    def _look_at(self, packet: av.Packet) -> None:
        if packet.pts is not None:
            end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self._reached = max(self._reached, end)

    def _describe(self, ending: str) -> str:
        start = (self._container.start_time or 0) / av.time_base
        reached, whole = self._reached - start, _duration(self._container)
        if ending or (whole is not None and reached < whole - _CUT_OFF):
            of = f" of {whole:.2f}" if whole is not None else ""
            return f"it is cut off or damaged after {max(reached, 0):.2f}{of} s" + (
                f" ({ending})" if ending else ""
            )
        if self._num_bad:
            return f"{self._num_bad} of its packets are damaged and left out"
        return ""


def _open(path: Path) -> av.container.InputContainer:
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a video file")
    if path.is_file() or not path.exists():
        # The system's own words for a file that is missing or may not be read.
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path} is empty; check the file")
    try:
        # The prefix and the option keep a name or a playlist from opening anything but files.
        return av.open(f"file:{path}", options={"protocol_whitelist": "file"})
    except av.FFmpegError as error:
        raise InputError(
            f"{path} cannot be read as a video ({_words(error)}); it may be cut off, damaged or "
            "something else"
        ) from error


def _picture_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    # The cover of a record is a stream of pictures too.
    cover = av.stream.Disposition.attached_pic
    moving = [one for one in container.streams.video if not one.disposition & cover]
    if not moving:
        kinds = ", ".join(dict.fromkeys(one.type for one in container.streams)) or "nothing"
        raise InputError(f"{path} has no pictures, only {kinds}; name a video file")
    if moving[0].codec_context is None:
        raise InputError(f"the pictures of {path} are in a format that is unknown here; convert it")
    return moving[0]


def _facts(
    first: av.VideoFrame, container: av.container.InputContainer, stream: av.VideoStream
) -> ClipFacts:
    image = _upright(first, stream.sample_aspect_ratio)
    return ClipFacts(
        width=image.shape[1],
        height=image.shape[0],
        rate=stream.average_rate or stream.guessed_rate or _USUAL_RATE,
        time_base=stream.time_base or Fraction(1, 90_000),
        colorspace=int(first.colorspace),
        duration=_duration(container),
    )


def _duration(container: av.container.InputContainer) -> float | None:
    return container.duration / av.time_base if container.duration else None


def _upright(
    frame: av.VideoFrame, pixel_shape: Fraction | None
) -> UInt8[np.ndarray, "height width 3"]:
    """Gives RGB as a player shows it: with square pixels, turned as the file says."""
    width = max(1, round(frame.width * (pixel_shape or 1)))
    image = np.asarray(frame.reformat(width=width, format="rgb24").to_ndarray())
    return np.ascontiguousarray(np.rot90(image, frame.rotation // 90))


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or " ".join(str(error).split()))
