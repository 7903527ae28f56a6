"""Video files of drawn pictures, made by PyAV directly and not by what is tested."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="pip install 'gimefive-jax[video]'")

SOUND_RATE = 44_100


def picture(width: int, height: int, value: int = 0) -> np.ndarray:
    """A gradient with a bright upper left corner, so that a turn shows; `value` tells frames."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows * 160 // height, columns * 160 // width, rows * 0 + 40 + value], axis=-1)
    image[: height // 4, : width // 4] = 255
    return image.astype(np.uint8)


def make_clip(
    path: Path,
    images: Iterable[np.ndarray],
    *,
    timestamps: Iterable[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rotation: int = 0,
    sound: str = "",
    options: dict[str, str] | None = None,
) -> Path:
    """Writes a clip; `sound` names a codec for a tone as long as the pictures."""
    images = list(images)
    times = list(range(len(images))) if timestamps is None else list(timestamps)
    height, width = images[0].shape[:2]
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.time_base = stream.time_base = time_base
        if rotation:
            stream.set_display_rotation(rotation)
        tone = container.add_stream(sound, rate=SOUND_RATE, layout="mono") if sound else None
        for image, time in zip(images, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if tone is not None:
            _write_tone(container, tone, float((times[-1] + 1) * time_base))
    return path


def make_sound(path: Path, seconds: float, *, codec: str = "aac") -> Path:
    """Writes a file of a tone alone."""
    with av.open(str(path), "w") as container:
        _write_tone(container, container.add_stream(codec, rate=SOUND_RATE, layout="mono"), seconds)
    return path


def read_times(path: Path) -> list[Fraction]:
    """Times of all frames, in seconds, as PyAV gives them."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def sound_packets(path: Path) -> list[bytes]:
    """The bytes of every packet of the sound."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def _write_tone(container, stream, seconds: float) -> None:
    wave = np.sin(np.arange(int(seconds * SOUND_RATE)) * 2 * np.pi * 440 / SOUND_RATE)
    size = stream.codec_context.frame_size or 1024
    for start in range(0, len(wave), size):
        part = wave[None, start : start + size].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SOUND_RATE, start
        frame.time_base = Fraction(1, SOUND_RATE)
        for one in av.AudioResampler(stream.format.name, "mono", SOUND_RATE).resample(frame):
            container.mux(stream.encode(one))
    container.mux(stream.encode(None))
