"""`gimefive train`."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from gimefive_jax import config as configs
from gimefive_jax.cli.options import ProcessOptions
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError

if TYPE_CHECKING:
    from gimefive_jax.training.loop import TrainResult


@dataclasses.dataclass(frozen=True)
class Arguments(ProcessOptions):
    """Train a model into a run folder, or go on with the run it holds.

    First give `--config NAME|FILE`: a shipped config (`gimefive_fer2013:resnet18` is the paper's
    recipe for another model), a Python file with `get_config()`, or the `config.json` of a run.
    Any of its fields can then be replaced, for instance `--config.optimizer.learning_rate=3e-4
    --config.model.width=0.25`. Ctrl-C saves and stops; the same command goes on where the run was.
    """

    workdir: Path
    """Run folder: config.json, metrics.csv, curves.png and checkpoints go there."""
    config: ExperimentConfig
    init: str | None = None
    """Weights to begin a new run from: a shipped name, a run folder, a checkpoint folder in it, or
    a file. The model is theirs but for fields of --config.model that are given; layers that do not
    fit are drawn anew, the logits' by the names of the categories; a line says what was taken."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    profile: bool = False
    """Trace a few steps into WORKDIR/profile: XProf opens the folder, ui.perfetto.dev the
    perfetto_trace.json.gz in it."""
    deterministic: bool = False
    """On a GPU, use only operations that give the same bits each time, so that a resumed run ends
    in the bits of an uninterrupted one; slower there, and always so on a CPU."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse_arguments(words)
    if arguments.deterministic:
        # XLA reads it when jax starts.
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    return arguments.run(lambda: _train(arguments, given=_given_model_fields(words)))


def _train(arguments: Arguments, *, given: frozenset[str]) -> int:
    from gimefive_jax import parallel
    from gimefive_jax.runs import RunFolder
    from gimefive_jax.training.initial import config_to_begin
    from gimefive_jax.training.loop import train

    config = arguments.config
    if arguments.data_dir is not None:
        directory = str(arguments.data_dir.absolute())
        config = configs.replace(config, {"data.directory": directory})
    init = None
    if arguments.init is not None:
        run_folder = RunFolder(arguments.workdir)
        config, init = config_to_begin(config, run_folder, arguments.init, given=given)
    result = train(config, arguments.workdir, profile=arguments.profile, init=init)
    if parallel.is_first():
        _print_ending(result, arguments.workdir)
    # Ctrl-C should stop a script as well; SIGTERM is how a scheduler ends a job, no failure.
    return 130 if result.ending == "interrupted" else 0


def _print_ending(result: "TrainResult", workdir: Path) -> None:
    if not result.rows:
        print(f"{result.ending} at step {result.step}, before the first evaluation")
    else:
        print(
            f"{result.ending} at step {result.step}; best validation accuracy "
            f"{result.best_accuracy:.2%} at step {result.best_step}"
        )
    if result.ending in ("interrupted", "terminated", "out of time"):
        print("the same command goes on from here")
    else:
        print(f"next: gimefive evaluate {workdir} --split test")


def parse_arguments(words: Sequence[str]) -> Arguments:
    """Two passes: which config, then what to replace in it."""
    from gimefive_jax.cli.parsing import parse

    name, rest = take_config(list(words))
    if name is None:
        if not any(word in ("-h", "--help") for word in rest):
            known = ", ".join(configs.config_names())
            raise InputError(f"--config NAME|FILE is missing; shipped configs: {known}")
        loaded = ExperimentConfig()
    else:
        loaded = configs.load_config(name)

    @dataclasses.dataclass(frozen=True)
    class Loaded(Arguments):
        # Fields of a config all read alike: `--config.reference=True`.
        config: tyro.conf.FlagConversionOff[ExperimentConfig] = loaded

    Loaded.__doc__ = Arguments.__doc__
    return parse(Loaded, rest, verb="train")


def _given_model_fields(words: Sequence[str]) -> frozenset[str]:
    """Fields of `config.model` that the command names."""
    prefix = "--config.model."
    named = (word.partition("=")[0] for word in words if word.startswith(prefix))
    return frozenset(word.removeprefix(prefix).replace("-", "_") for word in named)


def take_config(words: list[str]) -> tuple[str | None, list[str]]:
    """Value of `--config`, None where it is missing, and the other words."""
    for i, word in enumerate(words):
        if word.startswith("--config="):
            return word.removeprefix("--config="), words[:i] + words[i + 1 :]
        if word == "--config":
            if i + 1 == len(words):
                raise InputError("--config needs a name or a file")
            return words[i + 1], words[:i] + words[i + 2 :]
    return None, words
