from pathlib import Path

import pytest

from gimefive_jax import files
from gimefive_jax.errors import InputError


def _write_half(path: Path) -> None:
    with files.replacing(path) as partial:
        partial.write_text("half")
        (path.parent / "missing").read_text()


def _write_half_a_folder(folder: Path) -> None:
    with files.replacing_folder(folder) as partial:
        (partial / "b").write_text("half")
        (folder / "missing").read_text()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(FileNotFoundError):
        _write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_folder_leaves_the_old_one(tmp_path: Path):
    folder = tmp_path / "results"
    with files.replacing_folder(folder) as partial:
        (partial / "a").write_text("old")
    with pytest.raises(FileNotFoundError):
        _write_half_a_folder(folder)
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_new_folder_takes_the_place_of_the_old_one(tmp_path: Path):
    folder = tmp_path / "results"
    for name in ("a", "b"):
        with files.replacing_folder(folder) as partial:
            (partial / name).write_text(name)
    assert [path.name for path in folder.iterdir()] == ["b"]
    assert list(tmp_path.iterdir()) == [folder]


def test_nan_is_no_json(tmp_path: Path):
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_serves_one_process_at_a_time(tmp_path: Path):
    folder = tmp_path / "run"
    with (
        files.only_one(folder, doing="trained"),
        pytest.raises(InputError, match="run is being trained by another process"),
        files.only_one(folder, doing="trained"),
    ):
        pass
    with files.only_one(folder, doing="trained"):
        assert list(folder.iterdir()) == []
