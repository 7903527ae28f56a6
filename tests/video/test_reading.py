from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gimefive_jax.errors import InputError
from tests.video.clips import make_clip, make_sound, picture

from gimefive_jax.video.reading import ClipReader  # isort: skip  - needs PyAV


def frames_of(path: Path, *, begin: int = 0) -> tuple[list, ClipReader]:
    with ClipReader(path) as clip:
        return list(clip.frames(begin=begin)), clip


def test_frames_come_in_order_with_their_own_times(tmp_path: Path) -> None:
    times = [0, 40, 200, 210, 1000, 1031]
    path = make_clip(
        tmp_path / "a.mp4",
        [picture(64, 48, 20 * i) for i in range(6)],
        timestamps=times,
        time_base=Fraction(1, 1000),
    )
    frames, clip = frames_of(path)
    assert [frame.timestamp * clip.facts.time_base for frame in frames] == [
        Fraction(time, 1000) for time in times
    ]
    assert [frame.number for frame in frames] == list(range(6))
    assert [int(frame.image[..., 2].mean()) for frame in frames] == sorted(
        int(frame.image[..., 2].mean()) for frame in frames
    )
    assert clip.damage == ""


def test_pictures_are_those_of_the_clip(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", [picture(64, 48)], codec="ffv1", pixel_format="bgr0")
    [frame], _ = frames_of(path)
    np.testing.assert_array_equal(frame.image, picture(64, 48))


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_clip_is_upright(tmp_path: Path, rotation: int) -> None:
    # The camera was turned: the file holds pictures turned back by as much.
    upright = picture(64, 48)
    held = np.ascontiguousarray(np.rot90(upright, -rotation // 90))
    path = make_clip(tmp_path / "a.mp4", [held] * 3, rotation=rotation)
    frames, clip = frames_of(path)
    assert (clip.facts.width, clip.facts.height) == (64, 48)
    assert np.abs(frames[0].image.astype(int) - upright).mean() < 12


def test_pixels_that_are_not_square_become_so(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)
        frame = av.VideoFrame.from_ndarray(picture(64, 48), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    [frame], clip = frames_of(path)
    assert frame.image.shape == (48, 96, 3)
    assert clip.facts.width == 96


def test_frames_before_the_first_asked_for_are_passed_over(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [picture(64, 48, 10 * i) for i in range(9)])
    whole, _ = frames_of(path)
    rest, _ = frames_of(path, begin=4)
    assert [(one.number, one.timestamp) for one in rest] == [
        (one.number, one.timestamp) for one in whole[4:]
    ]
    np.testing.assert_array_equal(rest[0].image, whole[4].image)


def test_a_gif_is_a_clip(tmp_path: Path) -> None:
    pages = [Image.fromarray(picture(61, 47, 60 * i)) for i in range(3)]
    pages[0].save(
        tmp_path / "a.gif", save_all=True, append_images=pages[1:], duration=[70, 300, 50]
    )
    frames, clip = frames_of(tmp_path / "a.gif")
    assert [round(frame.time, 3) for frame in frames] == [0, 0.07, 0.37]
    assert frames[0].image.shape == (47, 61, 3)
    assert clip.damage == ""


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_clip_that_is_cut_off_gives_what_can_be_decoded_and_says_so(
    tmp_path: Path, suffix: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 96, 128, 3), np.uint8)
    path = make_clip(tmp_path / f"a{suffix}", noise, options={"movflags": "+faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    frames, clip = frames_of(path)
    assert 20 < len(frames) < 80
    assert "cut off or damaged" in clip.damage
    assert "of 4.00 s" in clip.damage


def test_a_hole_in_a_clip_is_passed_over_and_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 96, 128, 3), np.uint8)
    path = make_clip(tmp_path / "a.mp4", noise, options={"movflags": "+faststart"})
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(content)
    frames, clip = frames_of(path)
    assert 30 < len(frames) <= 60
    assert "damaged" in clip.damage


def test_a_clip_without_its_index_is_one_line(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [picture(64, 48)] * 30)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="cut off"):
        ClipReader(path)


def test_what_is_no_video_is_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("Dear reader,\n" * 400)
    make_sound(tmp_path / "sound.mp4", 1.0)
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    for name, fact in {
        "empty.mp4": "is empty",
        "text.mp4": "cannot be read as a video",
        "sound.mp4": "no pictures, only audio",
        "list.mp4": "cannot be read as a video",
        "": "folder",
    }.items():
        with pytest.raises(InputError, match=fact) as raised:
            ClipReader(tmp_path / name)
        assert len(str(raised.value).splitlines()) == 1
    with pytest.raises(FileNotFoundError):
        ClipReader(tmp_path / "missing.mp4")


def test_a_cover_is_no_clip(tmp_path: Path) -> None:
    import av

    path = make_sound(tmp_path / "plain.mp3", 1.0, codec="mp3")
    Image.fromarray(picture(64, 48)).save(tmp_path / "cover.png")
    with (
        av.open(str(path)) as sound,
        av.open(str(tmp_path / "cover.png")) as cover,
        av.open(str(tmp_path / "a.mp3"), "w") as both,
    ):
        streams = [both.add_stream_from_template(one.streams[0]) for one in (sound, cover)]
        streams[1].disposition = av.stream.Disposition.attached_pic
        for source, stream in zip((cover, sound), streams[::-1], strict=True):
            for packet in source.demux():
                if packet.size:
                    packet.stream = stream
                    both.mux(packet)
    with pytest.raises(InputError, match="no pictures"):
        ClipReader(tmp_path / "a.mp3")
