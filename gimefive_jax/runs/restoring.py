"""The trained model of a run folder: its variables and all that is needed to use them."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from jaxtyping import PyTree

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop import Weights
from gimefive_jax.interop.torch_names import norm_names
from gimefive_jax.models import find_architecture, make_model
from gimefive_jax.models.cost import variable_shapes
from gimefive_jax.runs.finding import find_run
from gimefive_jax.runs.run_folder import RunFolder


@dataclasses.dataclass(frozen=True)
class RestoredRun:
    """The trained model of a run folder."""

    run: RunFolder
    weights: Weights
    step: int
    """Of the checkpoint that was read."""


def restore_run(model: str | Path, *, averaged: bool = True) -> RestoredRun:
    """Reads the evaluated variables of a run: the averaged ones where it keeps averages.

    Args:
      model: A run folder, which stands for its best checkpoint, or one checkpoint folder in it.
      averaged: Whether the averaged variables are read, where there are such.

    Returns:
      The model, with the run folder and the step that it was read from.

    Raises:
      InputError: There is no run or no checkpoint, or it is damaged.
    """
    run = find_run(model)
    config = run.read_config()
    like = variable_shapes(make_model(config.model), image_size=config.data.image_size)
    with run.open_checkpoints(read_only=True) as checkpoints:
        step = run.step if run.step is not None else checkpoints.best_step
        if step is None or step not in checkpoints.steps:
            raise InputError(
                f"{run.path} holds no checkpoint{'' if step is None else f' {step}'}; "
                "run `gimefive train --workdir` on it first"
            )
        variables = checkpoints.restore_variables(like, step=step, averaged=averaged)
    weights = Weights(
        config=config,
        variables=variables,
        num_batches_tracked=_counters(run, config, variables, step=step),
        source=_source(run, step),
    )
    return RestoredRun(run=run, weights=weights, step=step)


def _source(run: RunFolder, step: int) -> str:
    origin = run.read_origin()
    begun = f", begun from {origin.source}" if origin is not None else ""
    return f"run {run.path.absolute().name}, step {step}{begun}"


def _counters(
    run: RunFolder, config: ExperimentConfig, variables: Mapping[str, PyTree], *, step: int
) -> dict[str, int]:
    """What torch's batch norms would have counted, from where the run began."""
    architecture = find_architecture(config.model.name)
    if architecture.torch_names is None:
        return {}
    calls = step * architecture.calls_per_step
    origin = run.read_origin()
    begun = (
        dict.fromkeys(norm_names(variables["batch_stats"]), 0)
        if origin is None
        else origin.num_batches_tracked
    )
    # A frozen norm is called as in evaluation, and counts nothing.
    frozen = tuple(f"{layer}/" for layer in config.optimizer.frozen)
    return {
        norm: count if f"{norm}/".startswith(frozen) else count + calls
        for norm, count in begun.items()
    }
