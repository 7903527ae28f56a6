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


@pytest.mark.parametrize("content", [None, [], ["metrics.json", "predictions.csv"]])
def test_free_folders_and_earlier_results_may_be_replaced(
    content: list[str] | None, tmp_path: Path
):
    folder = tmp_path / "out"
    if content is not None:
        folder.mkdir()
        for name in content:
            (folder / name).touch()
    files.check_replaceable(folder, marker="metrics.json")


@pytest.mark.parametrize("content", [["thesis.txt"], ["metrics.json", "config.json"]])
def test_a_folder_with_other_files_is_never_replaced(content: list[str], tmp_path: Path):
    for name in content:
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="holds other files"):
        files.check_replaceable(tmp_path, marker="metrics.json")


def test_a_file_is_in_the_way(tmp_path: Path):
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="in the way"):
        files.check_replaceable(tmp_path / "out", marker="metrics.json")


def test_what_a_killed_process_left_is_cleared_up(tmp_path: Path):
    dead = 2**22 + 1  # beyond the largest process number
    (tmp_path / f".out.{dead}.partial").mkdir()
    aside = tmp_path / f".out.{dead}.old"
    aside.mkdir()
    (aside / "kept").touch()
    with pytest.raises(FileNotFoundError):
        _write_half_a_folder(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]


def test_the_half_file_of_a_killed_process_is_cleared_up(tmp_path: Path):
    dead = 2**22 + 1  # beyond the largest process number
    (tmp_path / f".log.csv.{dead}.partial").touch()
    files.write_text(tmp_path / "log.csv", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]
