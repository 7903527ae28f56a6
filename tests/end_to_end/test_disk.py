"""Disks that are full or read-only: one line, exit status 2, nothing half-written."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from gimefive_jax.cli import main

pytestmark = pytest.mark.heavy
_CODE = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
# Neither root nor anybody who owns something here.
_NOBODY = 65534


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root and a kernel that allows it")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def _run(*words: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *map(str, words)],
        env={**os.environ, "XLA_FLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def _left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _fill(folder: Path, keep_kib: int) -> None:
    with (folder / "filling").open("wb") as file:
        file.write(bytes((256 - keep_kib) * 1024))


@pytest.mark.parametrize(
    ("verb", "options", "keep_kib"),
    [
        ("evaluate", (), 8),
        ("explain", (), 64),
        ("explain", ("--pictures", "all"), 160),
    ],
)
def test_results_on_a_full_disk(
    small_disk: Path, tiny_run: Path, verb: str, options: tuple[str, ...], keep_kib: int
):
    _fill(small_disk, keep_kib)
    status, complaint = _run(verb, tiny_run, "--out", small_disk / "out", *options)
    assert status == 2, complaint
    last = complaint.strip().splitlines()[-1]
    assert last.startswith("gimefive: ")
    assert "No space left on device" in last
    assert "Traceback" not in complaint
    # Of an export, finished shards may stay for the next call.
    left = [name for name in _left(small_disk) if not name.startswith("out.unfinished/")]
    assert left == ["filling"]


def test_training_on_a_full_disk_keeps_the_last_checkpoint(
    small_disk: Path, data_directory: Path, tiny_run: Path
):
    folder = small_disk / "run"
    words = ["train", "--config", tiny_run / "config.json", "--workdir", folder]
    status, complaint = _run(*words)
    assert status == 2, complaint
    last = complaint.strip().splitlines()[-1]
    assert last.startswith("gimefive: ")
    assert "No space left on device" in last
    assert "Traceback" not in complaint
    # What Orbax could not finish is no checkpoint to anybody who looks.
    for path in (folder / "checkpoints").glob("[0-9]*"):
        assert path.name.isdigit() == (path / "_CHECKPOINT_METADATA").is_file()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Unlike pytest's own folders, one that every user may pass through."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
@pytest.mark.parametrize("verb", ["evaluate", "explain", "train", "predict"])
def test_a_folder_without_permission(
    verb: str, tiny_run: Path, open_folder: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("allowed", "locked"):
        (open_folder / name).mkdir(mode=0o755)
    run = open_folder / "tiny"
    shutil.copytree(tiny_run, run)
    Image.new("L", (64, 64), 128).save(open_folder / "face.png")

    def words(folder: str) -> list[str]:
        out = open_folder / folder / "out"
        given = {
            "evaluate": [run, "--out", out],
            "explain": [run, "--out", out],
            "train": ["--config", run / "config.json", "--workdir", out],
            "predict": [run, open_folder / "face.png", "--out", out],
        }[verb]
        return [verb, *map(str, given)]

    # Once as root, so that everything is imported, compiled and decoded that nobody may not read.
    assert main(words("allowed")) == 0
    capsys.readouterr()
    try:
        os.seteuid(_NOBODY)
        status = main(words("locked"))
    finally:
        os.seteuid(0)
    complaint = capsys.readouterr().err
    assert status == 2, complaint
    last = complaint.strip().splitlines()[-1]
    assert last.startswith("gimefive: ")
    assert "Permission denied" in last
    assert list((open_folder / "locked").iterdir()) == []
