"""What happens to a prepared set when the process, the disk or the permissions give in."""

import contextlib
import fnmatch
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data_prep.prepare import Prepared, prepare
from gimefive_jax.config import DataConfig
from gimefive_jax.data import list_prepared, open_split
from gimefive_jax.errors import InputError
from tests.raw_fer2013 import make_faces, write_labelled, zip_folder


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_labelled(tmp_path / "raw", make_faces())
    return zip_folder(tmp_path / "raw", tmp_path / "raw.zip")


@contextlib.contextmanager
def tiny_disk(size: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("mounting a tmpfs is not permitted here")
        try:
            yield folder
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    finally:
        folder.rmdir()


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """`folder` may not be written to; root, who may write anywhere, becomes nobody meanwhile."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    # Unlike pytest's own folders, one that every user may pass through.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def start_prepare(raw: Path, data_dir: Path) -> "subprocess.Popen[bytes]":
    code = (
        "import sys; from pathlib import Path; from data_prep.prepare import prepare; "
        "prepare('fer2013', raw=Path(sys.argv[1]), data_dir=Path(sys.argv[2]))"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(raw), str(data_dir)])


def wait_for(folder: Path, pattern: str, process: "subprocess.Popen[bytes]") -> None:
    # os.walk, because folders that vanish meanwhile do not disturb it.
    while process.poll() is None:
        for _, folders, files in os.walk(folder):
            if fnmatch.filter(folders + files, pattern):
                return
        time.sleep(0.002)


@pytest.mark.parametrize("stage", [".*.partial", "*-train.array_record*", "*-test.array_record*"])
def test_killed_prepare_leaves_nothing_that_looks_finished(tmp_path: Path, stage: str) -> None:
    write_labelled(tmp_path / "raw", make_faces(num_train=200))
    data_dir = tmp_path / "tfds"
    process = start_prepare(tmp_path / "raw", data_dir)
    wait_for(data_dir, stage, process)
    process.kill()
    process.wait()
    there = list_prepared(data_dir)
    # The last stage is so short that it may be over: then the set has to be whole.
    assert there == [] or "test" in stage

    prepared = prepare("fer2013", raw=tmp_path / "raw", data_dir=data_dir)
    assert prepared.already_prepared == bool(there)
    assert_only_prepared(prepared)
    assert len(open_split(DataConfig(directory=str(data_dir)), "train")) == 6 * 180


def test_killed_renewal_leaves_the_old_set_whole(tmp_path: Path, raw: Path) -> None:
    data_dir = tmp_path / "tfds"
    old = prepare("fer2013", raw=raw, data_dir=data_dir)
    write_labelled(tmp_path / "new", make_faces(num_train=200))
    process = start_prepare(tmp_path / "new", data_dir)
    wait_for(data_dir, "*-train.array_record*", process)
    process.kill()
    process.wait()
    [there] = list_prepared(data_dir)
    assert there.splits == old.counts
    assert len(open_split(DataConfig(directory=str(data_dir)), "train")) == 54


def assert_only_prepared(prepared: Prepared) -> None:
    names = {path.name for path in prepared.path.parent.iterdir()}
    assert names == {prepared.path.name}
    assert not [path for path in prepared.path.iterdir() if path.is_dir()]


def test_two_prepares_at_once_do_not_meet(tmp_path: Path) -> None:
    write_labelled(tmp_path / "raw", make_faces(num_train=200))
    process = start_prepare(tmp_path / "raw", tmp_path / "tfds")
    wait_for(tmp_path / "tfds", ".*.partial", process)
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(InputError, match="is being prepared by another process"):
        prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    process.send_signal(signal.SIGCONT)
    assert process.wait() == 0
    assert prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds").already_prepared


def test_full_disk_is_one_line_and_leaves_nothing(raw: Path) -> None:
    with tiny_disk("96k") as disk:
        with pytest.raises(InputError, match=r"No space left on device; .*--data-dir") as error:
            prepare("fer2013", raw=raw, data_dir=disk)
        assert "\n" not in str(error.value)
        assert list_prepared(disk) == []
        assert [path.name for path in disk.rglob("*") if path.is_file()] == []


def test_full_disk_while_decoding_falls_back_to_memory(
    raw: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tiny_disk("900k") as disk:
        prepared = prepare("fer2013", raw=raw, data_dir=disk)
        split = open_split(DataConfig(directory=str(disk), image_size=128), "train")
        assert "No space left on device" in caplog.text
        assert list((prepared.path / "decoded").iterdir()) == []
    prepare("fer2013", raw=raw, data_dir=tmp_path)
    assert (
        split.digest
        == open_split(DataConfig(directory=str(tmp_path), image_size=128), "train").digest
    )


def test_read_only_folder_is_one_line(raw: Path, open_folder: Path) -> None:
    prepared = prepare("fer2013", raw=raw, data_dir=open_folder / "good")
    (open_folder / "empty").mkdir()
    shutil.copy(raw, open_folder / "raw.zip")
    raw = open_folder / "raw.zip"
    with read_only(open_folder):
        with pytest.raises(InputError, match=r"Permission denied; .*--data-dir"):
            prepare("fer2013", raw=raw, data_dir=open_folder / "empty")
        # What is prepared needs no writing.
        assert prepare("fer2013", raw=raw, data_dir=open_folder / "good").already_prepared
    assert_only_prepared(prepared)


def test_read_only_set_is_decoded_to_memory(
    raw: Path, open_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prepare("fer2013", raw=raw, data_dir=open_folder)
    config = DataConfig(directory=str(open_folder))
    with read_only(open_folder):
        in_memory = open_split(config, "train")
    assert "decoded images stay in memory" in caplog.text
    on_disk = open_split(config, "train")
    assert isinstance(on_disk.images, np.memmap)
    assert in_memory.digest == on_disk.digest
