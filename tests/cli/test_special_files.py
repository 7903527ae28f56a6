"""Every verb that writes leaves devices, pipes and links what they are."""

import contextlib
import stat
from pathlib import Path

import pytest
from PIL import Image

from gimefive_jax.cli import main
from tests.special_files import PipeReader, make_device, open_pipe

# What each verb writes to {out}, and how a file of its begins.
_FILES = {
    "predict": (["predict", "{run}", "{face}", "--out", "{out}.csv"], b"filepath,"),
    "runs list": (["runs", "list", "{run}", "--out", "{out}.csv"], b"run,"),
    "runs list .md": (["runs", "list", "{run}", "--out", "{out}.md"], b"| run"),
    "runs compare": (["runs", "compare", "{run}", "--out", "{out}.csv"], b""),
    "picture": (["runs", "compare", "{run}", "--picture", "{out}.png"], b"\x89PNG"),
    "data show": (
        ["data", "show", "drawn_faces", "--data-dir", "{data}", "--out", "{out}.png"],
        b"\x89PNG",
    ),
}
_FOLDERS = {
    "evaluate": ["evaluate", "{run}", "--out", "{out}"],
    "explain": ["explain", "{run}", "--limit", "2", "--out", "{out}"],
    "data audit": ["data", "audit", "drawn_faces", "--data-dir", "{data}", "--out", "{out}"],
}
_FEW = ["--num-train", "6", "--num-validation", "6", "--num-test", "6"]
_IN_FOLDERS = {
    "quickstart": ["quickstart", "--out", "{out}"],
    "train": ["train", "--config", "{run}/config.json", "--workdir", "{out}"],
    "sweep": [
        "sweep",
        "--config",
        "{run}/config.json",
        "--grid",
        "model.width=1,2",
        "--out",
        "{out}",
    ],
    "weights convert": ["weights", "convert", "{run}", "{out}"],
    "weights ship": ["weights", "ship", "{run}", "{out}", "--name", "tiny"],
    "data prepare": ["data", "prepare", "drawn_faces", "--data-dir", "{out}", *_FEW],
    "pictures": ["predict", "{run}", "{face}", "--pictures-dir", "{out}"],
}
each_file = pytest.mark.parametrize("verb", _FILES)
each_folder = pytest.mark.parametrize("verb", _FOLDERS)


@pytest.fixture
def words(tiny_run: Path, data_directory: Path, tmp_path: Path) -> dict[str, object]:
    """What the words of a command stand for."""
    face = tmp_path / "in" / "face.png"
    face.parent.mkdir()
    Image.new("L", (64, 64), 128).save(face)
    out = tmp_path / "out" / "x"
    out.parent.mkdir()
    return {"run": tiny_run, "data": data_directory, "face": face, "out": out}


def _command(pattern: list[str], words: dict[str, object]) -> tuple[list[str], Path]:
    command = [word.format(**words) for word in pattern]
    [place] = [Path(word) for word in command if word.startswith(str(words["out"]))]
    return command, place


def _mistake(command: list[str], place: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(command) == 2
    complaint = capsys.readouterr().err
    [line] = [line for line in complaint.splitlines() if line.startswith("gimefive: ")]
    assert str(place) in line
    assert ".partial" not in complaint
    return line


@each_file
def test_a_full_device_stays_one_and_is_one_line(
    verb: str, words: dict[str, object], capsys: pytest.CaptureFixture[str]
):
    command, place = _command(_FILES[verb][0], words)
    make_device(place, minor=7)
    assert "No space left" in _mistake(command, place, capsys)
    assert stat.S_ISCHR(place.stat().st_mode)
    assert list(place.parent.iterdir()) == [place]


@each_file
def test_a_pipe_gets_what_a_file_would(verb: str, words: dict[str, object]):
    pattern, begin = _FILES[verb]
    command, place = _command(pattern, words)
    assert main(command) == 0
    wanted = place.read_bytes()
    place.unlink()
    reader = PipeReader(place)
    assert main(command) == 0
    assert reader.content() == wanted
    assert wanted.startswith(begin)
    assert stat.S_ISFIFO(place.stat().st_mode)


@each_file
def test_a_link_to_a_file_stays(verb: str, words: dict[str, object], tmp_path: Path):
    command, place = _command(_FILES[verb][0], words)
    target = tmp_path / "elsewhere"
    target.write_text("old")
    place.symlink_to(target)
    assert main(command) == 0
    assert place.is_symlink()
    assert target.read_bytes().startswith(_FILES[verb][1])


@each_file
def test_a_folder_is_no_place_for_a_file(
    verb: str, words: dict[str, object], capsys: pytest.CaptureFixture[str]
):
    command, place = _command(_FILES[verb][0], words)
    place.mkdir()
    assert "folder" in _mistake(command, place, capsys)
    assert list(place.iterdir()) == []


@each_folder
def test_results_follow_a_link(verb: str, words: dict[str, object], tmp_path: Path):
    command, place = _command(_FOLDERS[verb], words)
    target = tmp_path / "elsewhere"
    target.mkdir()
    place.symlink_to(target)
    earlier = target / {"evaluate": "metrics.json", "explain": "explanation.json"}.get(
        verb, "audit.json"
    )
    earlier.touch()
    assert main(command) == 0
    assert place.is_symlink()
    assert earlier.read_text().startswith("{")
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("verb", [*_FOLDERS, *_IN_FOLDERS])
def test_a_device_or_a_pipe_is_no_folder(
    verb: str, kind: str, words: dict[str, object], capsys: pytest.CaptureFixture[str]
):
    command, place = _command((_FOLDERS | _IN_FOLDERS)[verb], words)
    with open_pipe(place) if kind == "pipe" else contextlib.nullcontext():
        if kind == "device":
            make_device(place, minor=3)
        mode = place.stat().st_mode
        _mistake(command, place, capsys)
    assert place.stat().st_mode == mode
    assert list(place.parent.iterdir()) == [place]
