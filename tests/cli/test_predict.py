import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax.cli import main

HEADER = "filepath,happiness,surprise,sadness,anger,disgust,fear,predicted"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Image files of several modes and sizes, in nested folders, with one that is no image."""
    generator = np.random.default_rng(0)
    root = tmp_path / "photos"
    (root / "more").mkdir(parents=True)
    colours = Image.fromarray(generator.integers(0, 256, (120, 90, 3), np.uint8))
    colours.save(root / "b.jpg")
    colours.convert("P").save(root / "a.png")
    colours.convert("CMYK").save(root / "more" / "a.TIFF")
    colours.convert("RGBA").resize((7, 300)).save(root / "more" / "c.png")
    (root / "notes.txt").write_text("no image")
    return root


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_files_and_folders_become_rows(
    tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["predict", str(tiny_run), str(folder)]) == 0
    output = capsys.readouterr().out
    assert output.splitlines()[0] == HEADER
    rows = _table(output)
    assert [Path(row["filepath"]).name for row in rows] == ["a.png", "b.jpg", "a.TIFF", "c.png"]
    found = gimefive_jax.load(tiny_run).predict([row["filepath"] for row in rows])
    for row, wanted in zip(rows, found.probabilities, strict=True):
        values = [float(value) for value in list(row.values())[1:-1]]
        np.testing.assert_allclose(values, wanted, rtol=1e-6)
        assert row["predicted"] == gimefive_jax.load(tiny_run).emotions[int(np.argmax(values))]


def test_a_broken_image_is_named_and_the_others_go_on(
    tiny_run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    broken = folder / "b.jpg"
    broken.write_bytes(broken.read_bytes()[:500])
    out = tmp_path / "out.csv"
    assert main(["predict", str(tiny_run), str(folder), "--out", str(out)]) == 2
    complaint = capsys.readouterr().err
    assert f"gimefive: {broken} cannot be decoded as an image" in complaint
    assert "1 of 4 images left out" in complaint
    assert len(_table(out.read_text())) == 3


def test_no_file_is_written_where_no_image_can_be_read(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "a.jpg").write_text("no image")
    out = tmp_path / "out.csv"
    assert main(["predict", str(tiny_run), str(tmp_path / "a.jpg"), "--out", str(out)]) == 2
    assert "none of the 1 images can be read" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg"]


def test_every_image_gets_its_own_picture(tiny_run: Path, folder: Path, tmp_path: Path):
    pictures = tmp_path / "pictures"
    words = ["predict", str(tiny_run), str(folder), "--out", str(tmp_path / "out.csv")]
    assert main([*words, "--pictures-dir", str(pictures)]) == 0
    wanted = {"a.png.png", "b.jpg.png", "more/a.TIFF.png", "more/c.png.png"}
    found = {str(path.relative_to(pictures)) for path in pictures.rglob("*.png")}
    assert found == wanted
    for path in pictures.rglob("*.png"):
        with Image.open(path) as picture:
            assert picture.width > 3 * 192


def test_an_image_named_twice_is_one_row(
    tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["predict", str(tiny_run), str(folder / "a.png"), str(folder)]) == 0
    assert len(_table(capsys.readouterr().out)) == 4


def test_names_that_differ_by_their_suffix_keep_their_pictures(
    tiny_run: Path, folder: Path, tmp_path: Path
):
    Image.open(folder / "b.jpg").save(folder / "b.png")
    words = ["predict", str(tiny_run), str(folder), "--out", str(tmp_path / "out.csv")]
    # Inside the folder that is searched, twice: our own pictures are no faces.
    for _ in range(2):
        assert main([*words, "--pictures-dir", str(folder / "pictures")]) == 0
    assert len(list((folder / "pictures").rglob("*.png"))) == 5
    assert len(_table((tmp_path / "out.csv").read_text())) == 5


def test_a_file_name_that_is_no_unicode_comes_back_as_it_was(
    tiny_run: Path, folder: Path, tmp_path: Path
):
    name = os.fsdecode(b"caf\xe9.png")
    Image.open(folder / "a.png").save(folder / "plain.png")
    (folder / "plain.png").rename(folder / name)
    out = tmp_path / "out.csv"
    assert main(["predict", str(tiny_run), str(folder / name), "--out", str(out)]) == 0
    assert b"caf\xe9.png," in out.read_bytes()
