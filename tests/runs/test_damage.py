"""A flipped bit anywhere in a checkpoint is named, and nothing is made of that checkpoint."""

import shutil
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.runs import RunFolder
from gimefive_jax.runs.checksums import digest
from tests.damage import flip_a_bit, largest_file

_FLIPS_PER_FILE = 8


def _state(seed: int) -> dict:
    # Random, because equal numbers are compressed to nothing and leave no data to damage.
    kernel = np.random.default_rng(seed).normal(size=(40, 30)).astype("float32")
    return {"params": {"kernel": jnp.asarray(kernel)}, "step": jnp.int32(seed), "none": None}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder whose newest checkpoint is the best, too."""
    folder = tmp_path_factory.mktemp("saved")
    with RunFolder(folder).open_checkpoints() as checkpoints:
        checkpoints.save(_state(1), step=1, accuracy=0.5)
        checkpoints.save(_state(2), step=2, accuracy=0.75)
    return folder


def _files(folder: Path) -> list[Path]:
    newest = folder / "checkpoints" / "2"
    return sorted(path for path in newest.rglob("*") if path.is_file() and path.stat().st_size)


def _complaint(folder: Path) -> str | None:
    """What is said of the newest checkpoint; None if it is restored bit for bit as the best."""
    with RunFolder(folder).open_checkpoints(read_only=True) as checkpoints:
        try:
            found = checkpoints.restore(_state(0), step=2)
            assert checkpoints.best_step == 2
        except InputError as error:
            return str(error)
    assert digest(found) == digest(_state(2))
    return None


def test_damage_anywhere_is_named(saved: Path):
    assert _complaint(saved) is None
    generator = np.random.default_rng(0)
    for path in _files(saved) * _FLIPS_PER_FILE:
        whole = path.read_bytes()
        place = flip_a_bit(path, generator)
        complaint = _complaint(saved)
        path.write_bytes(whole)
        assert complaint is not None, place
        assert str(saved / "checkpoints" / "2") in complaint, place


@pytest.mark.parametrize("part", ["state", "seal", "metrics", "files.json"])
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_checkpoint_is_given_up_for_the_one_before(
    part: str, seed: int, saved: Path, tmp_path: Path
):
    folder = shutil.copytree(saved, tmp_path / "run")
    path = largest_file(folder / "checkpoints" / "2" / part)
    place = flip_a_bit(path, np.random.default_rng(seed))
    with RunFolder(folder).open_checkpoints() as checkpoints:
        with pytest.warns(UserWarning, match="checkpoints/2 .*; it is not used"):
            found = checkpoints.restore_latest(_state(0))
        assert digest(found) == digest(_state(1)), place
        assert checkpoints.steps == [1]
        assert checkpoints.best_step == 1


def test_the_best_is_not_chosen_by_a_damaged_accuracy(saved: Path, tmp_path: Path):
    folder = shutil.copytree(saved, tmp_path / "run")
    path = folder / "checkpoints" / "1" / "metrics" / "metrics"
    assert "0.5" in path.read_text()
    path.write_text(path.read_text().replace("0.5", "0.9"))
    with RunFolder(folder).open_checkpoints(read_only=True) as checkpoints:
        with pytest.raises(InputError, match=r"checkpoints/1 is damaged.*remove that folder"):
            _ = checkpoints.best_step
        # Whoever names a sound one gets it.
        checkpoints.restore(_state(0), step=2)
    with RunFolder(folder).open_checkpoints() as checkpoints:
        with pytest.warns(UserWarning, match="checkpoints/1 is damaged"):
            found = checkpoints.restore_latest(_state(0))
        assert digest(found) == digest(_state(2))
        assert checkpoints.best_step == 2


# Orbax's readers are still at work when it gives up on a file, and then find their loop closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_damage_shows_also_in_checkpoints_without_a_list_of_files(saved: Path, tmp_path: Path):
    folder = shutil.copytree(saved, tmp_path / "run")
    for step in (1, 2):
        (folder / "checkpoints" / str(step) / "files.json").unlink()
    assert _complaint(folder) is None
    generator = np.random.default_rng(0)
    named = 0
    for path in _files(folder) * _FLIPS_PER_FILE:
        if "metrics" not in path.parts:
            whole = path.read_bytes()
            flip_a_bit(path, generator)
            # What is not named changes nothing: _complaint compares what is restored.
            named += _complaint(folder) is not None
            path.write_bytes(whole)
    assert named
