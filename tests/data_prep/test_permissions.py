"""What may not be read is named in one line; a class is never missing without a word."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_prep import fer2013
from data_prep.prepare import prepare
from data_prep.raw_files import fingerprint
from gimefive_jax.errors import InputError
from tests.data_prep.test_hostile_files import FACES, READERS, Read, base_name, divide
from tests.raw_fer2013 import write_folders, zip_folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Unlike pytest's own folders, one that every user may pass through."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_nobody(locked: Path, mode: int) -> Iterator[None]:
    """`locked` has `mode`, and root, who may read anything, is nobody meanwhile."""
    user = os.geteuid()
    before = stat.S_IMODE(locked.stat().st_mode)
    locked.chmod(mode)
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        locked.chmod(before)


@READERS
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111], ids=["neither", "no-entry", "no-listing"])
@pytest.mark.parametrize("locked", [".", "train", "train/happy"])
def test_a_folder_without_permission_is_named_and_not_silently_missing(
    open_folder: Path, read: Read, locked: str, mode: int
) -> None:
    raw = open_folder / "raw"
    write_folders(raw, FACES)
    with as_nobody(raw / locked, mode):
        with pytest.raises(InputError, match="cannot be read: Permission denied; make it") as error:
            list(read(raw))
        assert str(raw / locked) in str(error.value)
        assert "\n" not in str(error.value)
        with pytest.raises(InputError, match="Permission denied"):
            fingerprint(raw)


def test_nothing_is_prepared_from_a_folder_without_permission(open_folder: Path) -> None:
    write_folders(open_folder / "raw", FACES)
    (open_folder / "tfds").mkdir(mode=0o777)
    (open_folder / "tfds").chmod(0o777)
    with (
        as_nobody(open_folder / "raw" / "train" / "happy", 0o000),
        pytest.raises(InputError, match=r"train/happy cannot be read: Permission denied"),
    ):
        prepare("fer2013", raw=open_folder / "raw", data_dir=open_folder / "tfds")
    assert list((open_folder / "tfds").iterdir()) == []


@READERS
def test_an_image_without_permission_is_named_and_the_rest_is_read(
    open_folder: Path, read: Read
) -> None:
    raw = open_folder / "raw"
    write_folders(raw, FACES)
    path = raw / "train" / "happy" / "Training_0.jpg"
    with as_nobody(path, 0o000):
        faces, skipped = divide(read(raw))
    [(name, reason)] = skipped.items()
    assert base_name(name) == path.name
    assert reason.endswith("Permission denied")
    assert len(faces) == len(FACES) - 1


@pytest.mark.parametrize("name", ["raw.zip", "fer2013.csv"])
def test_a_download_without_permission_is_one_line(open_folder: Path, name: str) -> None:
    write_folders(open_folder / "raw", FACES)
    zip_folder(open_folder / "raw", open_folder / name)
    with as_nobody(open_folder / name, 0o000):
        for read in (lambda raw: list(fer2013.read_records(raw)), fingerprint):
            with pytest.raises(InputError, match=rf"{name}.*Permission denied") as error:
                read(open_folder / name)
            assert "\n" not in str(error.value)
