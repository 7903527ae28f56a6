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


def test_a_link_to_a_file_stays_and_its_target_is_written(tmp_path: Path):
    target, link = tmp_path / "elsewhere" / "a.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to("elsewhere/a.txt")
    with files.replacing(link) as partial:
        partial.write_text("new")
        # Beside the target: a rename between two disks is no rename.
        assert partial.parent == target.parent
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_link_to_nothing_yet_gets_its_target(tmp_path: Path):
    (tmp_path / "link").symlink_to("new/a.txt")
    files.write_text(tmp_path / "link", "text")
    assert (tmp_path / "new" / "a.txt").read_text() == "text"


def test_a_folder_given_through_a_link_is_replaced_where_it_lies(tmp_path: Path):
    target, link = tmp_path / "elsewhere" / "results", tmp_path / "link"
    target.mkdir(parents=True)
    (target / "metrics.json").touch()
    link.symlink_to(target)
    files.check_replaceable(link, marker="metrics.json")
    with files.replacing_folder(link) as partial:
        (partial / "b").touch()
    assert link.is_symlink()
    assert [path.name for path in target.iterdir()] == ["b"]
    assert list(target.parent.iterdir()) == [target]


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path):
    (tmp_path / "link").symlink_to("link")
    for write in (files.replacing, files.replacing_folder):
        with pytest.raises(InputError, match="leads to itself"), write(tmp_path / "link"):
            pass


def test_a_folder_is_no_place_for_a_file(tmp_path: Path):
    with pytest.raises(InputError, match=f"{tmp_path} is a folder"):
        files.write_text(tmp_path, "text")


def test_a_file_that_its_owner_alone_may_read_stays_one(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.touch(mode=0o600)
    files.write_text(path, "text")
    assert path.stat().st_mode & 0o777 == 0o600


def test_errors_name_what_was_asked_for(tmp_path: Path):
    def missing(partial: Path) -> None:
        (partial / "no" / "folder").write_text("")

    with (
        pytest.raises(OSError, match="No such file") as error,
        files.replacing_folder(tmp_path / "out") as partial,
    ):
        missing(partial)
    assert error.value.filename == str(tmp_path / "out" / "no" / "folder")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"directory|exists") as error:
        files.write_text(tmp_path / "file" / "a.txt", "text")
    assert "partial" not in str(error.value)


def test_a_name_may_hold_the_signs_of_patterns(tmp_path: Path):
    dead = 2**22 + 1  # beyond the largest process number
    (tmp_path / f".[a].{dead}.partial").touch()
    files.write_text(tmp_path / "[a]", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["[a]"]
