"""What is read of a run to use its model, and what is not."""

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import chex
import jax
import numpy as np
import pytest

from gimefive_jax.config import replace
from gimefive_jax.errors import InputError
from gimefive_jax.runs import RunFolder
from gimefive_jax.runs.restoring import restore_run
from gimefive_jax.training.new_run import write_run
from tests.damage import flip_a_bit, largest_file


@pytest.fixture
def begun(tiny_run: Path, tmp_path: Path) -> RunFolder:
    """A run folder of its own, from the weights of the finished run."""
    write_run(tmp_path / "begun", restore_run(tiny_run).weights)
    return RunFolder(tmp_path / "begun")


def test_loading_imports_neither_training_nor_its_optimizer(tiny_run: Path):
    code = (
        f"import sys, gimefive_jax; gimefive_jax.load({str(tiny_run)!r}); "
        "print(*sorted(name for name in sys.modules if name.startswith('gimefive_jax.training')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_model_opens_whatever_optimizer_its_run_had(begun: RunFolder):
    before = restore_run(begun.path).weights.variables
    begun.write_config(replace(begun.read_config(), {"optimizer.name": "adam"}))
    chex.assert_trees_all_equal(restore_run(begun.path).weights.variables, before)


def test_averages_are_read_where_the_run_keeps_them(tiny_run: Path):
    restored = restore_run(tiny_run)
    assert restored.weights.config.training.average_decay > 0
    with restored.run.open_checkpoints(read_only=True) as checkpoints:
        plain = checkpoints.restore_variables(restored.weights.variables, step=restored.step)
    chex.assert_trees_all_equal(plain, restored.weights.variables)
    assert set(plain) == {"params", "batch_stats"}
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(plain))


def test_a_config_of_another_model_is_refused_by_name_of_the_layer(begun: RunFolder):
    begun.write_config(replace(begun.read_config(), {"model.width": 0.125}))
    with pytest.raises(InputError, match=r"block1/norm/mean has shape \(4,\)"):
        restore_run(begun.path)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_checkpoint_without_checksums_of_files_opens_and_shows_damage(
    begun: RunFolder, tmp_path: Path
):
    checkpoint = begun.checkpoint_folder / "0"
    before = restore_run(begun.path).weights.variables
    (checkpoint / "files.json").unlink()
    chex.assert_trees_all_equal(restore_run(begun.path).weights.variables, before)
    named, generator = 0, np.random.default_rng(0)
    for attempt in range(6):
        copy = shutil.copytree(begun.path, tmp_path / f"copy{attempt}")
        flip_a_bit(largest_file(copy / "checkpoints" / "0" / "state"), generator)
        try:
            chex.assert_trees_all_equal(restore_run(copy).weights.variables, before)
        except InputError as error:
            named += str(copy) in str(error)
    assert named


def test_the_users_log_is_as_loud_after_loading_as_before(tiny_run: Path):
    before = logging.getLogger("absl").level
    restore_run(tiny_run)
    assert logging.getLogger("absl").level == before
