"""Two processes evaluate and explain a split into the files that one writes."""

import filecmp
from pathlib import Path

import pytest

from tests.processes import Commands

pytestmark = pytest.mark.heavy


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "--flip", "--calibrate-on", "validation"],
        ["evaluate", "--corruptions", "--corruption-faces", "13"],
        ["explain", "--layers", "block5/activation", "block3/activation", "--targets", "label"],
    ],
    ids=["evaluate", "corruptions", "explain"],
)
def test_two_processes_write_the_files_of_one(tiny_run: Path, tmp_path: Path, words: list[str]):
    verb, *options = words
    for count, devices in ((1, 8), (2, 4)):
        out = tmp_path / str(count)
        call = [verb, str(tiny_run), *options, "--out", str(out)]
        commands = Commands(call, tmp_path / f"log-{count}", count=count, devices=devices)
        assert commands.end() == [0] * count, commands.text()
    # The first alone speaks.
    assert str(tmp_path / "2") in commands.text(0)
    assert str(tmp_path / "2") not in commands.text(1)
    names = _files(tmp_path / "1")
    assert _files(tmp_path / "2") == names
    same, *others = filecmp.cmpfiles(tmp_path / "1", tmp_path / "2", names, shallow=False)
    assert others == [[], []]
    assert len(same) == len(names) > 3


def test_a_mistake_of_one_process_ends_both_in_a_line(tiny_run: Path, tmp_path: Path):
    call = ["explain", str(tiny_run), "--out", str(tmp_path / "out")]
    other = ["--split", "validation"]
    commands = Commands(call, tmp_path / "log", extra_of_last=other)
    assert commands.end() == [2, 2], commands.text()
    for number in (0, 1):
        [line] = commands.mistakes(number)
        assert "faces" in line
        assert "same model and data" in line
    assert not (tmp_path / "out").exists()
