"""Runs and weights: the trained variables of a run folder, and a run folder from weights."""

import dataclasses
import json
from pathlib import Path
from typing import TypedDict

import jax
import jax.numpy as jnp

from gimefive_jax import config as configs
from gimefive_jax import files, parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop import Weights
from gimefive_jax.interop.torch_names import norm_names
from gimefive_jax.models import find_architecture, make_model
from gimefive_jax.runs import CONFIG, Checkpoints, find_run
from gimefive_jax.structs import TrainState
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import evaluated_variables, fresh_state

ORIGIN = "weights.json"
"""In a run folder made from weights: where they came from, and what torch had counted."""


@dataclasses.dataclass(frozen=True)
class RestoredRun:
    """What a run folder, or one checkpoint in it, holds."""

    folder: Path
    weights: Weights
    step: int | None
    """Of a checkpoint that was chosen by name; None for the best."""

    @property
    def name(self) -> str:
        """Name of the folder, and of a chosen checkpoint."""
        folder = self.folder.absolute().name
        return folder if self.step is None else f"{folder}, step {self.step}"


def restore_run(model: str | Path) -> RestoredRun:
    """Best checkpoint of a run folder, or the checkpoint folder in it that is named.

    Raises InputError if there is none or it is damaged.
    """
    run = find_run(model)
    config = run.config
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    like = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device),
        jax.eval_shape(lambda: _fresh(config)),
    )
    with Checkpoints(run.folder, read_only=True) as checkpoints:
        step = run.step if run.step is not None else checkpoints.best_step
        if step is None or step not in checkpoints.steps:
            raise InputError(
                f"{run.folder} holds no checkpoint{'' if step is None else f' {step}'}; "
                "run `gimefive train --workdir` on it first"
            )
        state = checkpoints.restore(like, step=step)
    return RestoredRun(
        folder=run.folder,
        step=run.step,
        weights=Weights(
            config=config,
            variables=evaluated_variables(state),
            num_batches_tracked=_counters(run.folder, config, state),
            source=_source(run.folder, step),
        ),
    )


def write_run(folder: Path, weights: Weights) -> None:
    """Run folder before its first step, with these weights instead of random ones."""
    config = weights.config
    params, stats = weights.variables["params"], weights.variables["batch_stats"]
    state = parallel.run_once(lambda: _fresh(config))
    state = dataclasses.replace(
        state,
        params=params,
        batch_stats=stats,
        averaged=None if state.averaged is None else {"params": params, "batch_stats": stats},
    )
    with files.replacing_folder(folder) as partial:
        files.write_json(partial / CONFIG, configs.to_dict(config))
        files.write_json(
            partial / ORIGIN,
            {
                "source": weights.source,
                "num_batches_tracked": dict(weights.num_batches_tracked),
            },
        )
        with Checkpoints(partial) as checkpoints:
            checkpoints.save(state, step=0)


def _fresh(config: ExperimentConfig) -> TrainState:
    # Only the structure matters here: any schedule gives the same optimizer state.
    schedule = make_schedule(config.optimizer, steps_per_epoch=1, num_steps=2)
    return fresh_state(make_model(config.model), make_optimizer(config.optimizer, schedule), config)


def _source(folder: Path, step: int) -> str:
    origin = _read_origin(folder)
    begun = f", begun from {origin['source']}" if origin is not None else ""
    return f"run {folder.absolute().name}, step {step}{begun}"


def _counters(folder: Path, config: ExperimentConfig, state: TrainState) -> dict[str, int]:
    """What torch's batch norms would have counted, from where the run began."""
    steps = int(jnp.asarray(state.step)) * find_architecture(config.model.name).calls_per_step
    origin = _read_origin(folder)
    if origin is None:
        return dict.fromkeys(norm_names(state.batch_stats), steps)
    return {norm: count + steps for norm, count in origin["num_batches_tracked"].items()}


class _Origin(TypedDict):
    source: str
    num_batches_tracked: dict[str, int]


def _read_origin(folder: Path) -> _Origin | None:
    path = folder / ORIGIN
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        counted = values["num_batches_tracked"].items()
        return _Origin(
            source=str(values["source"]),
            num_batches_tracked={str(norm): int(count) for norm, count in counted},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error}); convert the weights again") from error
