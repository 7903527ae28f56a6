"""What nobody wants in a data set is named or refused in one line, and the rest is prepared."""

import contextlib
import os
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import ImageFile

from data_prep import emotion_folders, fer2013
from data_prep.prepare import prepare
from data_prep.raw_files import MAX_IMAGE_BYTES, BrokenFileError, RawFiles, fingerprint
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax import images
from gimefive_jax.errors import InputError
from tests.hostile_files import add_bombs, add_escapes, huge_png, png_header, unusable, unusual
from tests.raw_fer2013 import (
    jpeg,
    make_faces,
    make_pixels,
    write_folders,
    write_labelled,
    zip_folder,
)

FACES = make_faces()
READERS = pytest.mark.parametrize("read", [fer2013.read_records, emotion_folders.read_records])
FORMS = pytest.mark.parametrize("form", ["folder", "zip"])
Read = Callable[[Path], Iterable[FaceRecord | SkippedImage]]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_folders(tmp_path / "raw", FACES)
    return tmp_path / "raw"


def divide(
    records: Iterable[FaceRecord | SkippedImage],
) -> tuple[dict[str, FaceRecord], dict[str, str]]:
    """Faces by their files' last names, and the reasons of skipped images by their whole names."""
    faces: dict[str, FaceRecord] = {}
    skipped: dict[str, str] = {}
    for record in records:
        if isinstance(record, FaceRecord):
            faces[Path(record.file_name).name] = record
        else:
            skipped[record.file_name] = record.reason
    assert not any("\n" in reason for reason in skipped.values())
    return faces, skipped


@FORMS
@READERS
def test_unusable_images_are_named_and_the_rest_is_read(
    tmp_path: Path, raw: Path, read: Read, form: str
) -> None:
    for name, data in {**unusable(), **unusual()}.items():
        (raw / "train" / "happy" / name).write_bytes(data)
    faces, skipped = divide(read(zip_folder(raw, tmp_path / "raw.zip") if form == "zip" else raw))
    assert {Path(name).name for name in skipped} == set(unusable())
    # Only the numbers of the miniature repeat across its folders.
    assert set(faces) == {f"{face.usage}_{face.number}.jpg" for face in FACES} | set(unusual())
    assert [faces[name].channels for name in unusual()] == [3, 3, 1]


def test_a_set_with_unusable_images_is_prepared_without_them(tmp_path: Path, raw: Path) -> None:
    for name, data in unusable().items():
        (raw / "train" / "happy" / name).write_bytes(data)
    path = zip_folder(raw, tmp_path / "raw.zip")
    escapes = add_escapes(path)
    bombs = add_bombs(path, "raw/train/sad")
    prepared = prepare("fer2013", raw=path, data_dir=tmp_path / "tfds")
    names = set(prepared.skipped) - set(escapes)
    assert len(names) == len(prepared.skipped) - len(escapes)
    assert {base_name(name) for name in names} == {*unusable(), *map(base_name, bombs)}
    assert prepared.counts["train"]["happiness"] + prepared.counts["validation"]["happiness"] == 10
    assert prepare("fer2013", raw=path, data_dir=tmp_path / "tfds").skipped == prepared.skipped


def base_name(name: str) -> str:
    return Path(name).name


@pytest.mark.parametrize("data", [png_header(20_000, 20_000), huge_png(20_000)])
def test_the_header_of_a_huge_image_is_enough_to_refuse_it(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("it was decoded"))
    with pytest.raises(InputError, match=r"a\.png is too large to decode safely") as error:
        images.decode(data, name="a.png")
    assert "\n" not in str(error.value)


@READERS
def test_members_that_lead_out_of_a_zip_are_named_and_left_alone(
    tmp_path: Path, raw: Path, read: Read
) -> None:
    path = zip_folder(raw, tmp_path / "raw.zip")
    escapes = add_escapes(path)
    faces, skipped = divide(read(path))
    assert set(skipped) == set(escapes)
    assert all(word in skipped[name] for name, word in escapes.items())
    assert len(faces) == len(FACES)
    assert not list(tmp_path.rglob("escaped.jpg"))
    assert not any(".." in face.file_name or "\n" in face.file_name for face in faces.values())


def test_members_with_windows_folders_and_superfluous_dots_are_read(
    tmp_path: Path, raw: Path
) -> None:
    path = tmp_path / "raw.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, file in enumerate(sorted(raw.rglob("*.jpg"))):
            name = file.relative_to(raw).as_posix().replace("/", "\\")
            archive.writestr(f"./{name}" if number % 2 else name, file.read_bytes())
    assert len(divide(fer2013.read_records(path))[0]) == len(FACES)


@READERS
def test_bombs_are_named_at_once_and_never_unpacked(tmp_path: Path, raw: Path, read: Read) -> None:
    path = zip_folder(raw, tmp_path / "raw.zip")
    bombs = add_bombs(path, "raw/train/happy")
    tracemalloc.start()
    started = time.perf_counter()
    faces, skipped = divide(read(path))
    seconds = time.perf_counter() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {base_name(name) for name in skipped} == {base_name(name) for name in bombs}
    reasons = {base_name(name): reason for name, reason in skipped.items()}
    assert "claims 1099511627776 bytes" in reasons["terabyte.jpg"]
    assert "as no image does" in reasons["ratio.jpg"]
    assert "is packed by method 12" in reasons["liar.png"]
    assert len(faces) == len(FACES)
    # One piece of LZMA's best case; the miniature itself is small.
    assert peak < 100 << 20
    assert seconds < 20


def test_a_file_larger_than_any_image_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse.jpg").open("wb") as file:
        file.truncate(MAX_IMAGE_BYTES + 1)
    with (
        RawFiles(tmp_path) as files,
        pytest.raises(BrokenFileError, match="claims 268435457 bytes"),
    ):
        files.read("sparse.jpg")


@pytest.mark.heavy
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_three_hundred_mebibytes_behind_a_small_claim_are_cut_off(
    tmp_path: Path, method: int
) -> None:
    path = tmp_path / "raw.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.jpg", bytes(300 << 20))
        archive.filelist[0].file_size = 5000
    tracemalloc.start()
    with RawFiles(path) as files, pytest.raises(BrokenFileError, match=r"a\.jpg cannot be read"):
        files.read("a.jpg")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20


def test_a_zip_without_a_readable_member_says_why(tmp_path: Path, raw: Path) -> None:
    path = tmp_path / "raw.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for file in sorted(raw.rglob("*.jpg")):
            archive.write(file, file.relative_to(raw))
    with pytest.raises(
        InputError, match=r"holds no file that can be read, the first: .* method 12"
    ):
        list(fer2013.read_records(path))


@FORMS
def test_a_label_file_of_one_endless_line_is_refused(tmp_path: Path, form: str) -> None:
    write_labelled(tmp_path / "raw", FACES)
    (tmp_path / "raw" / "test_FER_labels.csv").write_bytes(bytes(64 << 20))
    raw = tmp_path / "raw"
    if form == "zip":
        raw = tmp_path / "raw.zip"
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in (tmp_path / "raw").rglob("*.*"):
                archive.write(file, file.relative_to(tmp_path))
    tracemalloc.start()
    with pytest.raises(InputError, match=r"test_FER_labels\.csv in .* is no csv") as error:
        list(fer2013.read_records(raw))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "\n" not in str(error.value)
    assert peak < 32 << 20


@pytest.mark.parametrize("end", range(1, 200, 12))
def test_a_zip_cut_off_or_overwritten_at_its_end_is_one_line(
    tmp_path: Path, raw: Path, end: int
) -> None:
    path = zip_folder(raw, tmp_path / "raw.zip")
    data = path.read_bytes()
    for damaged in (
        data[:-end],
        data[:-end] + b"\xff" * end,
        data[:-end] + b"\0" + data[1 - end :],
    ):
        path.write_bytes(damaged)
        with contextlib.suppress(InputError):
            assert list(fer2013.read_records(path))


@READERS
def test_what_is_no_file_is_named(raw: Path, read: Read) -> None:
    folder = raw / "train" / "happy"
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(folder / "pipe.jpg")
    Path(os.fsdecode(bytes(folder) + b"/latin\xe9.jpg")).write_bytes(jpeg(make_pixels(7)))
    fingerprint(raw)
    faces, skipped = divide(read(raw))
    assert {base_name(name) for name in skipped} == {
        "dangling.jpg", "pipe.jpg", "latin\\udce9.jpg",
    }  # fmt: skip
    assert len(faces) == len(FACES)
