import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gimefive_jax.cli import main
from tests.video.clips import make_clip, make_sound, picture, read_times


def video(*words: object) -> int:
    return main(["video", "small", *map(str, words), "--detector", "none"])


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4", [picture(64, 48, 5 * i) for i in range(9)])


def test_a_clip_is_annotated_and_said_in_a_line(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, table = tmp_path / "out.mp4", tmp_path / "out.csv"
    assert video(clip, "--out", out, "--table", table, "--smooth", "--hold", 5) == 0
    printed = capsys.readouterr()
    assert "frames: 9; faces in them: 9" in printed.out
    assert "expression categor" in printed.out + printed.err
    assert read_times(out) == read_times(clip)
    with table.open(newline="") as file:
        assert [row["frame"] for row in csv.DictReader(file)] == [str(i) for i in range(9)]


def odd_inputs(folder: Path) -> dict[str, Path]:
    """What is no video, by what the line says of it."""
    empty, text, sound = folder / "empty.mp4", folder / "text.mp4", folder / "sound.mp4"
    empty.touch()
    text.write_text("Dear reader,\n" * 400)
    make_sound(sound, 1.0)
    cut = make_clip(folder / "cut.mp4", [picture(64, 48)] * 30)
    cut.write_bytes(cut.read_bytes()[:900])
    return {
        "is empty": empty,
        "cannot be read as a video": text,
        "no pictures, only audio": sound,
        "cut off": cut,
        "check the path": folder / "missing.mp4",
        "is a folder": folder,
    }


def test_what_is_no_video_is_one_line_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for fact, path in odd_inputs(tmp_path).items():
        before = sorted(tmp_path.iterdir())
        assert video(path, "--out", tmp_path / "out.mp4", "--table", tmp_path / "out.csv") == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert fact in lines[0]
        assert sorted(tmp_path.iterdir()) == before


def test_a_clip_that_is_cut_off_gives_what_can_be_decoded_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 96, 128, 3), np.uint8)
    path = make_clip(tmp_path / "in.mp4", noise, options={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert video(path, "--out", tmp_path / "out.mp4") == 2
    told = [line for line in capsys.readouterr().err.splitlines() if "in.mp4" in line]
    assert len(told) == 1
    num_frames = len(read_times(tmp_path / "out.mp4"))
    assert 5 < num_frames < 25
    assert f"the {num_frames} frames" in told[0]


def test_a_gif_is_annotated(tmp_path: Path) -> None:
    pages = [Image.fromarray(picture(61, 47, 60 * i)) for i in range(3)]
    pages[0].save(
        tmp_path / "in.gif", save_all=True, append_images=pages[1:], duration=[70, 90, 50]
    )
    assert video(tmp_path / "in.gif", "--out", tmp_path / "out.mp4") == 0
    assert [round(float(time), 3) for time in read_times(tmp_path / "out.mp4")] == [0, 0.07, 0.16]


def test_mistakes_are_one_line_before_any_work(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, fact in {
        (): "--out, --table or --plot",
        ("--out", tmp_path / "out.avi"): ".mp4",
        ("--table", tmp_path / "out.xlsx"): ".csv",
        ("--out", clip): "is the file that is read",
        ("--out", tmp_path / "out.mp4", "--hold", 0): "hold",
        ("--out", tmp_path / "out.mp4", "--min-face-score", 2): "score",
    }.items():
        assert video(clip, *words) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert fact in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_without_pyav_the_line_names_the_extra(
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in sys.modules if name.startswith("gimefive_jax.video")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "av", None)
    assert video(clip, "--out", tmp_path / "out.mp4") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "pip install 'gimefive-jax[video]'" in line
