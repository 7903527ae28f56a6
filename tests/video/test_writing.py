from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.errors import InputError
from tests.video.clips import av, make_clip, picture, read_times, sound_packets

from gimefive_jax.video.reading import ClipFacts  # isort: skip  - needs PyAV
from gimefive_jax.video.writing import SegmentWriter, join_segments, write_clip  # isort: skip


def write(
    folder: Path,
    images: list[np.ndarray],
    timestamps: list[int],
    time_base: Fraction,
    *,
    num_segments: int = 1,
    colorspace: int = 2,
) -> list[Path]:
    height, width = images[0].shape[:2]
    facts = ClipFacts(width, height, Fraction(25), time_base, colorspace, None)
    segments = []
    for number, part in enumerate(np.array_split(np.arange(len(images)), num_segments)):
        segments.append(folder / f"{number}.nut")
        with SegmentWriter(segments[-1], facts) as writer:
            for i in part:
                writer.write(images[i], timestamps[i])
    return segments


@pytest.mark.parametrize(
    ("time_base", "timestamps"),
    [
        (Fraction(1, 25), [0, 1, 2, 3]),
        (Fraction(1, 15360), [0, 512, 1024, 9000]),
        (Fraction(1001, 30000), [40, 41, 43, 50]),
        (Fraction(1, 90000), [126000, 129003, 132006, 150000]),
        (Fraction(125, 2997), [0, 1, 2, 7]),
        (Fraction(1, 1000), [3, 40, 41, 555]),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_timestamps_are_kept_exactly(
    tmp_path: Path, suffix: str, time_base: Fraction, timestamps: list[int]
) -> None:
    segments = write(tmp_path, [picture(64, 48)] * 4, timestamps, time_base, num_segments=2)
    out = tmp_path / f"out{suffix}"
    join_segments(segments, out, time_base=time_base, last_duration=9)
    assert read_times(out) == [time * time_base for time in timestamps]
    with av.open(str(out)) as container:
        [*_, last] = container.decode(video=0)
        assert last.duration * last.time_base == 9 * time_base


def test_pictures_at_uneven_times_are_all_kept(tmp_path: Path) -> None:
    # As a camera gives them; FFmpeg's NUT then leaves out when they are decoded.
    times = [0, 33, 200, 210, 700, 701, 1500]
    segments = write(tmp_path, [picture(64, 48)] * 7, times, Fraction(1, 1000))
    out = tmp_path / "out.mp4"
    join_segments(segments, out, time_base=Fraction(1, 1000))
    assert [1000 * time for time in read_times(out)] == times


def test_matroska_rounds_to_milliseconds(tmp_path: Path) -> None:
    base, timestamps = Fraction(1, 15360), [0, 512, 1024]
    segments = write(tmp_path, [picture(64, 48)] * 3, timestamps, base)
    join_segments(segments, tmp_path / "out.mkv", time_base=base)
    found = read_times(tmp_path / "out.mkv")
    assert max(abs(a - b * base) for a, b in zip(found, timestamps, strict=True)) <= 0.0005


def test_segments_join_to_the_pictures_of_their_frames(tmp_path: Path) -> None:
    images = [picture(64, 48, 8 * i) for i in range(24)]
    times = list(range(24))
    segments = write(tmp_path, images, times, Fraction(1, 25), num_segments=3)
    join_segments(segments, tmp_path / "out.mp4", time_base=Fraction(1, 25))
    with av.open(str(tmp_path / "out.mp4")) as container:
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(found) == 24
    for image, frame in zip(images, found, strict=True):
        assert np.abs(frame.astype(int) - image).mean() < 6


def test_a_clip_plays_while_it_loads(tmp_path: Path) -> None:
    segments = write(tmp_path, [picture(64, 48)] * 3, [0, 1, 2], Fraction(1, 25))
    join_segments(segments, tmp_path / "out.mp4", time_base=Fraction(1, 25))
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")


@pytest.mark.parametrize(("width", "height"), [(63, 48), (64, 47), (61, 45), (1, 1)])
def test_odd_sides_gain_a_pixel(tmp_path: Path, width: int, height: int) -> None:
    # libx264 asks for at least 16 pixels in no profile; the smallest is 2.
    segments = write(tmp_path, [picture(width, height)] * 2, [0, 1], Fraction(1, 25))
    join_segments(segments, tmp_path / "out.mp4", time_base=Fraction(1, 25))
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (width + width % 2, height + height % 2)


def test_sound_is_copied_packet_by_packet(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", [picture(64, 48)] * 50, sound="aac")
    segments = write(tmp_path, [picture(64, 48)] * 50, list(range(50)), Fraction(1, 25))
    join_segments(segments, tmp_path / "out.mp4", time_base=Fraction(1, 25), sound=source)
    assert sound_packets(tmp_path / "out.mp4") == sound_packets(source)


def test_sound_that_the_format_cannot_hold_is_told(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", [picture(64, 48)] * 9, sound="pcm_u8")
    segments = write(tmp_path, [picture(64, 48)] * 9, list(range(9)), Fraction(1, 25))
    lines: list[str] = []
    out = tmp_path / "out.mp4"
    join_segments(segments, out, time_base=Fraction(1, 25), sound=source, tell=lines.append)
    with av.open(str(out)) as container:
        assert not container.streams.audio
    assert len(lines) == 1
    assert "pcm_u8" in lines[0]
    join_segments(segments, tmp_path / "o.mkv", time_base=Fraction(1, 25), sound=source)
    assert sound_packets(tmp_path / "o.mkv") == sound_packets(source)


# FFmpeg's numbers: BT.709, unspecified, BT.601.
@pytest.mark.parametrize("colorspace", [1, 2, 6])
def test_colours_stay(tmp_path: Path, colorspace: int) -> None:
    colours = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200], [128, 128, 128]], np.uint8)
    image = np.kron(colours.reshape(2, 2, 3), np.ones((32, 32, 1), np.uint8))
    segments = write(tmp_path, [image], [0], Fraction(1, 25), colorspace=colorspace)
    join_segments(segments, tmp_path / "out.mp4", time_base=Fraction(1, 25))
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
    assert frame.colorspace == colorspace
    found = frame.to_ndarray(format="rgb24")[16::32, 16::32].reshape(4, 3)
    assert np.abs(found.astype(int) - colours).max() <= 6


def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    segments = write(tmp_path, [picture(64, 48)], [0], Fraction(1, 25))
    segments.append(tmp_path / "missing.nut")
    with pytest.raises(OSError, match="missing"):
        join_segments(segments, tmp_path / "out.mp4", time_base=Fraction(1, 25))
    assert not list(tmp_path.glob("*out*"))


def test_an_unknown_suffix_is_one_line_that_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"out.avi .*\.mp4"):
        write_clip(tmp_path / "out.avi", [picture(64, 48)], rate=25)
    with pytest.raises(InputError, match="no pictures"):
        write_clip(tmp_path / "out.mp4", [], rate=25)
