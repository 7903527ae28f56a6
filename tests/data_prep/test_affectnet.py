from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep.affectnet import read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from tests.raw_affectnet import (
    WORDS,
    make_affectnet_faces,
    write_arrays,
    write_lists,
    write_repack,
)
from tests.raw_fer2013 import zip_folder

# The categories that all three layouts hold.
FACES = make_affectnet_faces(tuple(WORDS))
WRITERS: dict[str, Callable[[Path], None]] = {
    "lists": lambda root: write_lists(root, FACES),
    "lists-in-a-folder": lambda root: write_lists(
        root, FACES, images="Manually_Annotated/Manually_Annotated_Images"
    ),
    "arrays": lambda root: write_arrays(root, FACES),
    "re-pack": lambda root: write_repack(root, FACES),
    "re-pack-in-folders": lambda root: write_repack(root, FACES, folders=True),
}


def read(raw: Path) -> list[FaceRecord]:
    records = list(read_records(raw))
    assert not [record for record in records if isinstance(record, SkippedImage)]
    return [record for record in records if isinstance(record, FaceRecord)]


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", WRITERS)
def test_every_layout_yields_the_same_faces(tmp_path: Path, layout: str, packed: bool) -> None:
    root = tmp_path / "raw"
    WRITERS[layout](root / "AffectNet" / "download")
    records = read(zip_folder(root, tmp_path / "raw.zip") if packed else root)
    has_parts = layout != "re-pack"
    expected = Counter((face.part if has_parts else "whole", face.emotion) for face in FACES)
    assert Counter((record.part, record.emotion) for record in records) == expected
    assert {(record.source, record.channels) for record in records} == {("affectnet", 3)}
    assert len({record.file_name for record in records}) == len(FACES)
    assert {record.image for record in records} == {face.colour_jpeg() for face in FACES}


@pytest.mark.parametrize("layout", WRITERS)
def test_the_order_is_that_of_the_source_every_time(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path / "raw")
    names = [record.file_name for record in read(tmp_path / "raw")]
    zipped = zip_folder(tmp_path / "raw", tmp_path / "raw.zip")
    assert [record.file_name for record in read(zipped)] == names


@pytest.mark.parametrize("layout", WRITERS)
def test_broken_image_is_skipped(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path)
    [path, *_] = sorted(tmp_path.rglob("*.jpg"))
    path.write_bytes(path.read_bytes()[:300])
    skipped = [record for record in read_records(tmp_path) if isinstance(record, SkippedImage)]
    assert len(skipped) == 1
    assert "cannot be decoded" in skipped[0].reason


def test_raw_that_is_no_affectnet_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds none of AffectNet's layouts"):
        read(tmp_path)
