"""What cannot be replaced is written to: devices, pipes and open descriptors."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gimefive_jax import files
from gimefive_jax.errors import InputError
from tests.special_files import PipeReader, make_device


def _write_file(path: Path) -> None:
    with files.replacing(path) as partial:
        partial.write_text("some text")


def _write_text(path: Path) -> None:
    files.write_text(path, "some text")


WAYS = pytest.mark.parametrize("write", [_write_file, _write_text])


@WAYS
@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_device_stays_one(write: Callable[[Path], None], through_a_link: bool, tmp_path: Path):
    device = make_device(tmp_path / "null", minor=3)
    path = device
    if through_a_link:
        path = tmp_path / "link"
        path.symlink_to(device)
    write(path)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert path.is_symlink() == through_a_link


@WAYS
def test_a_full_device_stays_one_and_is_named(write: Callable[[Path], None], tmp_path: Path):
    device = make_device(tmp_path / "full", minor=7)
    with pytest.raises(OSError, match="No space left") as error:
        write(device)
    assert error.value.filename == str(device)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert list(tmp_path.iterdir()) == [device]


@WAYS
def test_a_pipe_gets_the_text_and_stays_one(write: Callable[[Path], None], tmp_path: Path):
    reader = PipeReader(tmp_path / "pipe")
    write(reader.path)
    assert reader.content() == b"some text"
    assert stat.S_ISFIFO(reader.path.stat().st_mode)


def test_text_reaches_a_pipe_before_the_end(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with files.replacing_text(tmp_path / "pipe") as file:
        print("first", file=file, flush=True)
        assert os.read(descriptor, 100) == b"first\n"
    os.close(descriptor)


def _write_half(path: Path) -> None:
    with files.replacing(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError


def test_a_failed_block_writes_nothing_to_a_pipe(tmp_path: Path):
    reader = PipeReader(tmp_path / "pipe")
    with pytest.raises(ZeroDivisionError):
        _write_half(reader.path)
    files.write_text(reader.path, "some text")
    assert reader.content() == b"some text"


def test_an_open_descriptor_goes_on_where_it_stands(tmp_path: Path):
    # As in `{ echo before; command --out /dev/stdout; echo after; } > file`.
    with (tmp_path / "out").open("w") as out:
        script = (
            "from pathlib import Path; from gimefive_jax import files; print('before', flush=True);"
            "files.write_text(Path('/dev/stdout'), 'text\\n'); print('after')"
        )
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\ntext\nafter\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_closed_descriptor_is_an_error_that_names_it():
    free = os.dup(0)
    os.close(free)
    with pytest.raises(OSError, match="Bad file") as error:
        files.write_text(Path(f"/dev/fd/{free}"), "text")
    assert error.value.filename == f"/dev/fd/{free}"


def test_a_disk_is_refused(tmp_path: Path):
    try:
        # No driver has this number.
        os.mknod(tmp_path / "disk", stat.S_IFBLK | 0o666, os.makedev(240, 99))
    except PermissionError:
        pytest.skip("making a device needs root and a disk that allows it")
    with pytest.raises(InputError, match="disk"):
        files.write_text(tmp_path / "disk", "text")


@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_a_device_or_a_pipe_is_no_place_for_a_folder(kind: str, tmp_path: Path):
    path = tmp_path / "out"
    os.mkfifo(path) if kind == "pipe" else make_device(path, minor=3)
    mode = path.stat().st_mode
    with pytest.raises(InputError, match="in the way"):
        files.check_replaceable(path, marker="metrics.json")
    with pytest.raises(OSError, match="directory") as error, files.replacing_folder(path):
        pass
    assert error.value.filename == str(path)
    assert path.stat().st_mode == mode
