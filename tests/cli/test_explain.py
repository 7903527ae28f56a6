"""`gimefive explain` on photos."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax import faces
from gimefive_jax.cli import main
from tests.relative import relative_difference
from tests.tolerances import RELATIVE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three faces, one of them in a folder below, and two files that are none."""
    generator = np.random.default_rng(0)
    root = tmp_path / "photos"
    (root / "more").mkdir(parents=True)
    for name in ("b.png", "a.png", "more/c.png"):
        Image.fromarray(generator.integers(0, 256, (40, 40, 3), np.uint8)).save(root / name)
    (root / "notes.txt").write_text("no image")
    (root / "torn.jpg").write_bytes(b"no image either")
    return root


def test_photos_are_explained_and_what_cannot_be_read_is_named_and_counted(
    tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    out = folder / "maps"
    call = ["explain", str(tiny_run), str(folder), "--out", str(out), "--targets", "fear"]
    assert main(call) == 2
    said = capsys.readouterr().err
    assert "torn.jpg" in said
    assert "1 of 4 images left out" in said
    assert "notes.txt" in said
    export = gimefive_jax.open_export(out)
    names = [Path(row.file_name).name for row in export.rows]
    assert names == ["a.png", "b.png", "c.png"]
    assert {(row.label, row.is_correct, row.target) for row in export.rows} == {("", None, "fear")}
    assert len(list((out / "pictures").iterdir())) == 3
    classifier = gimefive_jax.load(tiny_run)
    for row in export.rows:
        for key, wanted in classifier.explain(row.file_name, target="fear").items():
            found = export.heat_maps(*key)[row.row]
            assert relative_difference(found, wanted.heat_map[0]) < RELATIVE
    # Its own pictures are no photos: the second time it explains the same three.
    before = (out / "manifest.csv").read_bytes()
    assert main(call) == 2
    assert (out / "manifest.csv").read_bytes() == before


def test_a_crop_is_cut_from_every_photo(tiny_run: Path, folder: Path, tmp_path: Path):
    whole, cut = folder / "a.png", tmp_path / "cut.png"
    with Image.open(whole) as image:
        image.crop((4, 8, 36, 40)).save(cut)
    for name, words in (("one", [str(whole), "--crop", "4", "8", "32", "32"]), ("two", [str(cut)])):
        call = ["explain", str(tiny_run), *words, "--out", str(tmp_path / name)]
        assert main([*call, "--pictures", "none"]) == 0
    one, two = (gimefive_jax.open_export(tmp_path / name) for name in ("one", "two"))
    key = one.maps[0]
    np.testing.assert_array_equal(one.heat_maps(*key), two.heat_maps(*key))


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        (["--split", "test", "--out", "out"], ["--split", "photo"]),
        (["--limit=3", "--out", "out"], ["--limit", "photo"]),
        ([], ["--out DIR"]),
        (["--out", "out", "--targets", "label"], ["label", "photos have none"]),
    ],
)
def test_what_photos_do_not_have_is_refused_in_a_line(
    tiny_run: Path,
    folder: Path,
    words: list[str],
    facts: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    assert main(["explain", str(tiny_run), str(folder / "a.png"), *words]) == 2
    [line] = [one for one in capsys.readouterr().err.splitlines() if one.startswith("gimefive:")]
    assert all(fact in line for fact in facts)
    assert not list(tmp_path.glob("out*"))


def test_photos_of_which_none_can_be_read_are_refused(
    tiny_run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    assert main(["explain", str(tiny_run), str(folder / "torn.jpg"), "--out", str(out)]) == 2
    assert "none of the 1 images" in capsys.readouterr().err
    assert not out.exists()


def test_crop_without_photos_is_refused(tiny_run: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["explain", str(tiny_run), "--crop", "0", "0", "8", "8"]) == 2
    assert "--crop is for photos" in capsys.readouterr().err


def test_csv_and_parquet_hold_the_same_numbers(tiny_run: Path, folder: Path, tmp_path: Path):
    import pyarrow.parquet as pq

    call = ["explain", str(tiny_run), str(folder / "more"), "--out", str(tmp_path / "out")]
    assert main([*call, "--targets", "all", "--pictures", "none"]) == 0
    table = pq.read_table(tmp_path / "out" / "manifest.parquet").to_pydict()
    with (tmp_path / "out" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(table)
    for name, values in table.items():
        for row, value in zip(rows, values, strict=True):
            if isinstance(value, float):
                assert np.float32(row[name]) == np.float32(value)
            else:
                plain = int(value) if isinstance(value, bool) else value
                assert row[name] == ("" if plain is None else str(plain))


def test_region_shares_of_a_split_enter_the_manifest(tiny_run: Path, tmp_path: Path):
    out = tmp_path / "out"
    call = ["explain", str(tiny_run), "--split", "test", "--limit", "6", "--out", str(out)]
    assert main([*call, "--regions", "--pictures", "none"]) == 0
    export = gimefive_jax.open_export(out)
    for row in export.rows:
        for key in export.maps:
            shares = [row.measures[f"share_{region}"][key] for region in faces.REGIONS]
            # Drawn faces bring their landmarks, so none is without.
            assert sum(share for share in shares if share is not None) == pytest.approx(1, abs=1e-5)
