"""A run that begins from weights: which model, what is taken, and how it goes on."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from gimefive_jax.config import ExperimentConfig, ModelConfig, replace
from gimefive_jax.errors import InputError
from gimefive_jax.interop import write_weights
from gimefive_jax.runs import RunFolder
from gimefive_jax.runs.restoring import restore_run
from gimefive_jax.training.initial import config_to_begin, read_initial, with_model_of
from gimefive_jax.training.loop import train
from tests.interop.states import make_weights


def _write(folder: Path, **choices: object) -> str:
    path = folder / "start.safetensors"
    write_weights(path, make_weights("gimefive", **choices))
    return str(path)


def test_the_model_is_that_of_the_weights_but_for_given_fields():
    recipe = replace(
        ExperimentConfig(),
        {"model.name": "resnet18", "model.head_dropout_rate": 0.1, "model.input_channels": 1},
    )
    theirs = ModelConfig(name="gimefive", width=0.5, depth=4, num_classes=7, dropout_rate=0.4)
    found = with_model_of(recipe, theirs, given=["input_channels"]).model
    assert (found.name, found.width, found.depth) == ("gimefive", 0.5, 4)
    assert (found.input_channels, found.num_classes) == (1, 6)
    # No weight shows a dropout rate.
    assert (found.dropout_rate, found.head_dropout_rate) == (0.2, 0.1)


@pytest.fixture(scope="module")
def begun(tiny_run: Path, tiny_config: ExperimentConfig, tmp_path_factory) -> Path:
    """A run of one epoch that began from the weights of another, with frozen blocks."""
    folder = tmp_path_factory.mktemp("begun") / "run"
    recipe = replace(
        tiny_config, {"training.num_epochs": 1, "optimizer.frozen": ("block1", "block2")}
    )
    config, initial = config_to_begin(recipe, RunFolder(folder), str(tiny_run), given=())
    assert train(config, folder, progress=False, init=initial).ending == "finished"
    return folder


def test_frozen_blocks_are_those_of_the_weights_bit_for_bit(begun: Path, tiny_run: Path):
    before, after = (restore_run(run).weights.variables for run in (tiny_run, begun))
    last = RunFolder(begun)
    with last.open_checkpoints(read_only=True) as checkpoints:
        after = restore_run(begun / "checkpoints" / str(checkpoints.steps[-1])).weights.variables
    for collection in ("params", "batch_stats"):
        for block in ("block1", "block2"):
            same = jax.tree.map(
                lambda a, b: np.asarray(a).tobytes() == np.asarray(b).tobytes(),
                before[collection][block],
                after[collection][block],
            )
            assert all(jax.tree.leaves(same))
    assert not np.array_equal(
        before["params"]["block3"]["conv"]["kernel"], after["params"]["block3"]["conv"]["kernel"]
    )


def test_a_run_starts_at_the_accuracy_of_its_weights(begun: Path, tiny_run: Path):
    with RunFolder(tiny_run).open_checkpoints(read_only=True) as checkpoints:
        best = checkpoints.best_step
    kept = json.loads((tiny_run / f"checkpoints/{best}/metrics/metrics").read_text())
    # The first checkpoint is kept while none is better, and was measured.
    start = begun / "checkpoints/0/metrics/metrics"
    log = RunFolder(begun).read_log()
    if start.is_file():
        assert json.loads(start.read_text())["accuracy"] == kept["accuracy"]
    else:
        assert max(row.validation_accuracy for row in log) >= kept["accuracy"]


def test_the_run_says_where_it_began(begun: Path, tiny_run: Path):
    origin = RunFolder(begun).read_origin()
    assert origin is not None
    assert origin.init == str(tiny_run)
    total = len(jax.tree.leaves(restore_run(tiny_run).weights.variables))
    assert origin.taken == (
        f"began from {tiny_run} (gimefive, width 0.0625): {total} of {total} tensors"
    )
    assert "begun from" in restore_run(begun).weights.source


def test_norms_go_on_counting_but_for_the_frozen_ones(begun: Path):
    origin = RunFolder(begun).read_origin()
    assert origin is not None
    last = begun / "checkpoints" / str(RunFolder(begun).read_log()[-1].step)
    counted = restore_run(last).weights.num_batches_tracked
    for norm, before in origin.num_batches_tracked.items():
        is_frozen = norm.startswith(("block1/", "block2/"))
        assert counted[norm] == before + (0 if is_frozen else int(last.name))


def test_the_same_command_goes_on_and_does_not_begin_anew(begun: Path, tiny_run: Path):
    recipe = replace(RunFolder(begun).read_config(), {"model.width": 0.5})
    config, initial = config_to_begin(recipe, RunFolder(begun), str(tiny_run), given=())
    assert initial is None
    assert config.model == RunFolder(begun).read_config().model
    log = RunFolder(begun).read_log()
    train(config, begun, progress=False)
    assert RunFolder(begun).read_log() == log


def test_a_run_that_began_otherwise_is_refused(begun: Path, tiny_run: Path):
    for run, facts in ((begun, str(tiny_run)), (tiny_run, "random parameters")):
        with pytest.raises(InputError) as caught:
            config_to_begin(ExperimentConfig(), RunFolder(run), "small", given=())
        assert all(fact in str(caught.value) for fact in (facts, "not from small", "--workdir"))


def test_nothing_is_written_where_nothing_fits(tiny_config: ExperimentConfig, tmp_path: Path):
    initial = read_initial(_write(tmp_path, width=0.125))
    with pytest.raises(InputError, match=r"nothing of .*start\.safetensors \(gimefive, width"):
        train(tiny_config, tmp_path / "run", progress=False, init=initial)
    assert not (tmp_path / "run").exists()
