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

from data_prep.prepare import VARIANTS, DrawnNumbers, Prepared, prepare
from gimefive_jax.config import DataConfig
from gimefive_jax.data import list_prepared, open_split
from gimefive_jax.data.prepared import DATA_SETS
from gimefive_jax.errors import InputError
from tests.raw_fer2013 import (
    EMOTIONS,
    make_faces,
    write_csv,
    write_folders,
    write_labelled,
    zip_folder,
)

FACES = make_faces()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_labelled(tmp_path / "raw", FACES)
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


def test_package_and_data_prep_know_the_same_data_sets() -> None:
    assert set(VARIANTS) == set(DATA_SETS)


def test_counts_cover_splits_and_index_splits(tmp_path: Path, raw: Path) -> None:
    prepared = prepare("fer2013", raw=raw, data_dir=tmp_path / "tfds")
    totals = {split: sum(of.values()) for split, of in prepared.counts.items()}
    assert totals == {
        "train": 54,
        "validation": 6,
        "test": 18,
        "public_test": 12,
        "private_test": 6,
        "test_deduplicated": 12,
    }
    assert prepared.counts["validation"] == dict.fromkeys(EMOTIONS[:6], 1)


def test_seven_keeps_neutral_as_the_last_label(tmp_path: Path, raw: Path) -> None:
    prepared = prepare("fer2013", raw=raw, data_dir=tmp_path, variant="seven")
    assert prepared.counts["test"]["neutral"] == 3
    split = open_split(DataConfig(directory=str(tmp_path), variant="seven"), "test")
    assert split.emotions == EMOTIONS
    assert (split.labels == 6).sum() == 3


def test_seven_of_a_six_category_download_is_refused(tmp_path: Path) -> None:
    write_labelled(tmp_path / "raw", make_faces(num_train=2, emotions=EMOTIONS[:6]))
    with pytest.raises(InputError, match=r"variant 'seven' needs neutral.*--variant six"):
        prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds", variant="seven")


def test_second_prepare_finds_the_set_already_prepared(tmp_path: Path, raw: Path) -> None:
    first = prepare("fer2013", raw=raw, data_dir=tmp_path)
    files = {path: path.stat().st_mtime_ns for path in first.path.iterdir()}
    second = prepare("fer2013", raw=raw, data_dir=tmp_path)
    assert (first.already_prepared, second.already_prepared) == (False, True)
    assert second.counts == first.counts
    assert {path: path.stat().st_mtime_ns for path in second.path.iterdir()} == files


def test_changed_source_is_prepared_anew_and_decoded_anew(tmp_path: Path) -> None:
    config = DataConfig(directory=str(tmp_path / "tfds"))
    write_labelled(tmp_path / "raw", FACES)
    prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    before = open_split(config, "test")
    first = next((tmp_path / "raw" / "test").iterdir())
    other = next(path for path in (tmp_path / "raw" / "test").iterdir() if path != first)
    first.write_bytes(other.read_bytes())
    again = prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    assert not again.already_prepared
    after = open_split(config, "test")
    assert after.digest != before.digest
    # Who had the old set open keeps it.
    assert len(before.images.sum(axis=(1, 2, 3))) == len(before)


def test_prepared_set_does_not_depend_on_the_layout_it_came_in(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", FACES, header=["emotion", "pixels", "Usage"])
    write_csv(tmp_path / "b.csv", FACES, header=["emotion", " Usage", " pixels"])
    digests = []
    for name in ("a", "b"):
        prepare("fer2013", raw=tmp_path / f"{name}.csv", data_dir=tmp_path / name)
        split = open_split(DataConfig(directory=str(tmp_path / name)), "train")
        digests.append(split.digest)
    assert digests[0] == digests[1]


def test_train_without_test_prepares_what_there_is(tmp_path: Path) -> None:
    train = [face for face in FACES if face.part == "train"]
    write_csv(tmp_path / "train.csv", train, header=["emotion", "pixels"])
    prepared = prepare("fer2013", raw=tmp_path / "train.csv", data_dir=tmp_path)
    assert list(prepared.counts) == ["train", "validation"]


def test_broken_image_is_skipped_named_and_counted(tmp_path: Path) -> None:
    write_folders(tmp_path / "raw", FACES)
    (tmp_path / "raw" / "train" / "happy" / "Training_0.jpg").write_bytes(b"not an image")
    prepared = prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    assert list(prepared.skipped) == ["Training_0.jpg"]
    assert prepared.counts["train"]["happiness"] + prepared.counts["validation"]["happiness"] == 9
    again = prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    assert again.skipped == prepared.skipped


def test_mostly_broken_download_is_an_error(tmp_path: Path) -> None:
    write_folders(tmp_path / "raw", FACES)
    for path in (tmp_path / "raw" / "train").rglob("*.jpg"):
        path.write_bytes(b"not an image")
    with pytest.raises(InputError, match=r"70 of 91 images .* cannot be read, the first: Train"):
        prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "tfds")
    assert list_prepared(tmp_path / "tfds") == []


def test_drawn_faces_need_no_download_and_bring_their_truth(tmp_path: Path) -> None:
    numbers = DrawnNumbers(train=12, validation=6, test=6, seed=1)
    prepared = prepare("drawn_faces", data_dir=tmp_path, drawn=numbers)
    assert {split: sum(of.values()) for split, of in prepared.counts.items()} == {
        "train": 12,
        "validation": 6,
        "test": 6,
    }
    assert prepare("drawn_faces", data_dir=tmp_path, drawn=numbers).already_prepared
    split = open_split(DataConfig(name="drawn_faces", directory=str(tmp_path)), "train")
    assert split.images.shape == (12, 64, 64, 3)
    assert split.extras["landmarks"].shape == (12, 68, 2)
    assert split.extras["landmarks"].dtype == np.float32
    assert split.extras["evidence"].shape == (12, 64, 64)
    assert split.extras["intensity"].shape == (12,)
    more = DrawnNumbers(train=13, validation=6, test=6, seed=1)
    assert not prepare("drawn_faces", data_dir=tmp_path, drawn=more).already_prepared


@pytest.mark.parametrize(
    ("name", "variant", "message"),
    [
        ("fer2031", "six", "no data set 'fer2031', did you mean 'fer2013'"),
        ("fer2013", "seve", "no variant 'seve', did you mean 'seven'"),
        ("drawn_faces", "seven", "drawn_faces has no variant 'seven'"),
        ("fer2013", "six", "give its zip, folder or csv with --raw PATH"),
    ],
)
def test_wrong_names_are_one_line_with_the_mend(
    tmp_path: Path, name: str, variant: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        prepare(name, data_dir=tmp_path, variant=variant)


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
    assert names == {".lock", prepared.path.name}
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
        assert [path.name for path in disk.rglob("*") if path.is_file()] == [".lock"]


def test_full_disk_while_decoding_falls_back_to_memory(
    raw: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tiny_disk("500k") as disk:
        prepared = prepare("fer2013", raw=raw, data_dir=disk)
        split = open_split(DataConfig(directory=str(disk)), "train")
        assert "No space left on device" in caplog.text
        assert [path.name for path in (prepared.path / "decoded").iterdir()] == [".lock"]
    prepare("fer2013", raw=raw, data_dir=tmp_path)
    assert split.digest == open_split(DataConfig(directory=str(tmp_path)), "train").digest


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
