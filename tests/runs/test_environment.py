import subprocess
from pathlib import Path

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.runs.environment import NO_CHECKOUT, Environment, source_commit
from gimefive_jax.runs.origin import Origin


def _git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    _git(tmp_path, "init")
    (tmp_path / "file.py").write_text("1")
    _git(tmp_path, "add", "file.py")
    _git(tmp_path, "commit", "-m", "a")
    _git(tmp_path, "tag", "v1")
    return tmp_path


def test_the_commit_of_a_checkout_is_told(checkout: Path):
    commit = _git(checkout, "rev-parse", "HEAD")
    assert source_commit(checkout / "file.py") == commit
    (checkout / "file.py").write_text("2")
    assert source_commit(checkout / "file.py") == f"{commit}-dirty"


def test_a_file_that_is_not_tracked_has_no_commit(checkout: Path):
    # As a package installed into an environment inside somebody's own checkout.
    (checkout / "site-packages").mkdir()
    (checkout / "site-packages/other.py").write_text("1")
    assert source_commit(checkout / "site-packages/other.py") == NO_CHECKOUT


def test_no_git_is_no_failure(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    assert source_commit(tmp_path_factory.mktemp("plain") / "file.py") == NO_CHECKOUT
    monkeypatch.setenv("PATH", "")
    assert source_commit(checkout / "file.py") == NO_CHECKOUT


def test_what_is_written_is_read_back(tmp_path: Path):
    written = Environment.current(data_sha256={"train": "ab"})
    written.write(tmp_path / "environment.json")
    assert Environment.read(tmp_path / "environment.json") == written
    for origin in (Origin("a file", {"block1/norm": 3}), Origin("b", {}, init="small", taken="2")):
        origin.write(tmp_path / "weights.json")
        assert Origin.read(tmp_path / "weights.json") == origin


def test_older_files_are_read_and_damaged_ones_named(tmp_path: Path):
    path = tmp_path / "environment.json"
    assert Environment.read(path) is None
    path.write_text('{"python": "3.11.7", "devices": ["cpu:0"], "data_sha256": {"train": "ab"}}')
    found = Environment.read(path)
    assert found == Environment(
        python="3.11.7", devices=("cpu:0",), data_sha256={"train": "ab"}, processes=1
    )
    for damage in ("{", '{"python": "3.11.7"}', '{"data_sha256": []}'):
        path.write_text(damage)
        with pytest.raises(InputError, match=r"environment.json.*move it away"):
            Environment.read(path)
    path = tmp_path / "weights.json"
    path.write_text('{"source": "a", "num_batches_tracked": {"block1/norm": "three"}}')
    with pytest.raises(InputError, match=r"weights.json.*block1/norm.*convert the weights again"):
        Origin.read(path)
