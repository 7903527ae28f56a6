"""Compiled programs on disk: kept, bounded, and never in the way."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from gimefive_jax.cli import compile_cache as module
from gimefive_jax.cli import main
from gimefive_jax.cli.compile_cache import NO_CACHE, cache_folder, keep_programs

FOLDER = "JAX_COMPILATION_CACHE_DIR"
COMPILE = "import jax; jax.jit(lambda x: (x @ x).sum())(jax.numpy.ones((64, 64)))"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and an environment that names no cache; what is set ends with the test."""
    for name in (FOLDER, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def _programs(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def _compile() -> subprocess.CompletedProcess[str]:
    script = (
        "from gimefive_jax.cli.compile_cache import keep_programs\n"
        f"with keep_programs([]):\n    {COMPILE}"
    )
    # Everything is kept, however short it takes to compile.
    env = {**os.environ, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    return subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )


def test_programs_are_kept_in_the_users_cache_folder(home: Path):
    assert cache_folder() == home / "gimefive-jax" / "programs"
    _compile()
    kept = _programs(home)
    assert kept
    times = [path.stat().st_mtime_ns for path in kept]
    _compile()
    assert [path.stat().st_mtime_ns for path in _programs(home)] == times
    [machine] = (home / "gimefive-jax" / "programs").iterdir()
    assert machine.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_may_write_is_not_used(home: Path):
    _compile()
    kept = _programs(home)
    [machine] = (home / "gimefive-jax" / "programs").iterdir()
    machine.chmod(0o777)
    for path in kept:
        path.unlink()
    _compile()
    assert not _programs(home)


def test_a_damaged_program_is_compiled_anew_without_a_word_and_removed(home: Path):
    _compile()
    for path in _programs(home):
        path.write_bytes(path.read_bytes()[:100])
    done = _compile()
    assert "cache" not in done.stderr
    assert not _programs(home)
    _compile()
    assert _programs(home)


def test_a_folder_of_the_users_own_wins(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(FOLDER, str(home / "mine"))
    with keep_programs([]):
        assert os.environ[FOLDER] == str(home / "mine")
    assert not (home / "gimefive-jax").exists()


def test_nothing_is_kept_where_the_user_says_so(home: Path):
    with keep_programs(["predict", NO_CACHE]):
        assert FOLDER not in os.environ
    assert main([NO_CACHE, "--version"]) == 0


def test_nothing_is_kept_and_nothing_said_where_nothing_can_be_written(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (home / "file").write_text("no folder")
    for place in (home / "file", Path("/proc/nowhere")):
        monkeypatch.setenv("XDG_CACHE_HOME", str(place))
        with keep_programs([]):
            assert FOLDER not in os.environ
    assert capsys.readouterr().err == ""


def test_the_oldest_programs_make_room(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_LARGEST", 1000)
    monkeypatch.setattr(module, "_KEPT", 500)
    with keep_programs([]):
        folder = Path(os.environ[FOLDER])
        for number in range(11):
            (folder / f"{number}-cache").write_bytes(b"0" * 100)
            os.utime(folder / f"{number}-cache", (number, number))
    assert {path.name for path in _programs(home)} == {f"{number}-cache" for number in range(6, 11)}


def test_other_warnings_are_shown(home: Path):
    shown: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: shown.append(str(message))
        with keep_programs([]):
            warnings.warn("something else", stacklevel=1)
            warnings.warn("Error writing persistent compilation cache entry: full", stacklevel=1)
    assert shown == ["something else"]
