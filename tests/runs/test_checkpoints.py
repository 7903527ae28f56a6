from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax import parallel
from gimefive_jax.api import load
from gimefive_jax.errors import InputError
from gimefive_jax.runs import RunFolder, find_run
from gimefive_jax.runs.checksums import digest
from tests.damage import flip_a_bit, largest_file


def _state(value: float) -> dict:
    return {"params": {"kernel": jnp.full((300, 4), value)}, "step": jnp.int32(value), "none": None}


def _save(folder: Path, accuracies: dict[int, float | None]) -> None:
    with RunFolder(folder).open_checkpoints() as checkpoints:
        for step, accuracy in accuracies.items():
            checkpoints.save(_state(step), step=step, accuracy=accuracy)


def test_the_two_latest_and_the_best_are_kept(tmp_path: Path):
    _save(tmp_path, {1: 0.5, 2: 0.9, 3: 0.6, 4: 0.7, 5: None})
    with RunFolder(tmp_path).open_checkpoints() as checkpoints:
        assert checkpoints.steps == [2, 4, 5]
        assert checkpoints.best_step == 2


def test_an_accuracy_that_is_no_number_never_costs_the_best(tmp_path: Path):
    _save(tmp_path, {1: 0.5, 2: float("nan"), 3: float("nan")})
    with RunFolder(tmp_path).open_checkpoints() as checkpoints:
        assert checkpoints.best_step == 1


def test_what_is_restored_is_what_was_saved(tmp_path: Path):
    _save(tmp_path, {7: 0.5})
    with RunFolder(tmp_path).open_checkpoints() as checkpoints:
        found = checkpoints.restore_latest(_state(0))
    assert digest(found) == digest(_state(7))


def test_a_state_moves_between_one_and_eight_devices(tmp_path: Path):
    _save(tmp_path, {7: 0.5})
    mesh = parallel.make_mesh(8)
    with RunFolder(tmp_path).open_checkpoints() as checkpoints:
        found = checkpoints.restore_latest(parallel.put_replicated(_state(0), mesh))
    assert found["params"]["kernel"].sharding == parallel.replicated(mesh)
    np.testing.assert_array_equal(found["params"]["kernel"], _state(7)["params"]["kernel"])


def test_a_damaged_checkpoint_is_named_and_the_one_before_used(tmp_path: Path):
    _save(tmp_path, {1: 0.9, 2: 0.1})
    flip_a_bit(largest_file(tmp_path / "checkpoints" / "2" / "state"), np.random.default_rng(0))
    with RunFolder(tmp_path).open_checkpoints() as checkpoints:
        with pytest.warns(UserWarning, match="checkpoints/2"):
            found = checkpoints.restore_latest(_state(0))
        assert int(found["step"]) == 1
        assert checkpoints.steps == [1]


def test_a_run_without_one_readable_checkpoint_says_so(tmp_path: Path):
    _save(tmp_path, {1: 0.9})
    flip_a_bit(largest_file(tmp_path / "checkpoints" / "1" / "state"), np.random.default_rng(0))
    with (
        RunFolder(tmp_path).open_checkpoints() as checkpoints,
        pytest.warns(UserWarning, match="checkpoints/1"),
        pytest.raises(InputError, match="no checkpoint in"),
    ):
        checkpoints.restore_latest(_state(0))


@pytest.mark.parametrize(
    "when",
    [
        "state_files.ocp.Checkpointer.save",
        "checkpoints.write_file_checksums",
        "checkpoints.shutil.rmtree",
    ],
)
def test_a_checkpoint_is_there_until_another_of_its_step_is_written(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _save(tmp_path, {3: None})

    def die(*_: object, **__: object) -> None:
        raise SystemError

    # Not closed: as a process leaves it that is killed.
    killed = RunFolder(tmp_path).open_checkpoints()
    with monkeypatch.context() as patched:
        patched.setattr(f"gimefive_jax.runs.{when}", die)
        with pytest.raises(SystemError):
            killed.save(_state(4), step=3, accuracy=0.7)
    with RunFolder(tmp_path).open_checkpoints() as checkpoints:
        assert checkpoints.steps == [3]
        written = _state(4 if when.endswith("rmtree") else 3)
        assert digest(checkpoints.restore_latest(_state(0))) == digest(written)
        checkpoints.save(_state(4), step=3, accuracy=0.5)
        assert digest(checkpoints.restore_latest(_state(0))) == digest(_state(4))
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["3"]


def test_what_a_killed_process_left_of_checkpoints_is_cleared_up(tmp_path: Path):
    _save(tmp_path, {1: 0.5, 2: 0.6})
    for name in ("1.discarded", "2.replaced", "3.saving", "4.saving.orbax-checkpoint-tmp"):
        (tmp_path / "checkpoints" / name / "state").mkdir(parents=True)
    with RunFolder(tmp_path).open_checkpoints() as checkpoints:
        assert checkpoints.steps == [1, 2]
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["1", "2"]


def test_a_digest_sees_values_names_shapes_and_types():
    tree = {"a": np.zeros(4, np.float32)}
    others = [
        {"b": np.zeros(4, np.float32)},
        {"a": np.zeros((2, 2), np.float32)},
        {"a": np.zeros(4, np.int32)},
        {"a": np.array([0, 0, 0, 1e-30], np.float32)},
    ]
    assert len({digest(tree), *map(digest, others)}) == 5
    assert digest(jax.tree.map(jnp.asarray, tree)) == digest(tree)


def test_a_model_is_found_by_run_and_by_checkpoint_folder(tiny_run: Path):
    with RunFolder(tiny_run).open_checkpoints(read_only=True) as checkpoints:
        best = checkpoints.best_step
    by_run = load(tiny_run)
    by_checkpoint = load(tiny_run / "checkpoints" / str(best))
    assert by_run.name == "tiny"
    assert digest(by_run.variables) == digest(by_checkpoint.variables)


def test_reading_a_model_changes_nothing_on_disk(tiny_run: Path):
    def stamp() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in tiny_run.rglob("*")}

    before = stamp()
    load(tiny_run)
    assert stamp() == before


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "no model at"), ("empty", "holds no config.json"), ("w.pth", "no model at")],
)
def test_what_is_no_model_is_refused(name: str, message: str, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        find_run(tmp_path / name)


def test_a_run_without_a_checkpoint_says_what_to_do(tiny_run: Path, tmp_path: Path):
    (tmp_path / "config.json").write_text((tiny_run / "config.json").read_text())
    with pytest.raises(InputError, match="gimefive train --workdir"):
        load(tmp_path)
