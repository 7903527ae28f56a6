"""`gimefive sweep`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gimefive_jax import config as configs
from gimefive_jax.cli.sweep_fields import parse_fields, parse_seeds
from gimefive_jax.cli.train import take_config
from gimefive_jax.config import ExperimentConfig, FieldValue, SweepConfig
from gimefive_jax.errors import InputError

if TYPE_CHECKING:
    from gimefive_jax.recipes.sweep import SweepResult

FAILED = 2
_Words = Annotated[
    tuple[str, ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="FIELD=VALUES")
]


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Train many settings with several seeds, one run after the other, into one table.

    First give `--config NAME|FILE`: a sweep (shipped, or a Python file with `get_sweep()`), or a
    config as for `gimefive train`, with the fields to vary in --grid, --each or --random. Ctrl-C
    saves and stops; the same command goes on, skips what is finished and tries again what failed.
    Settings are ranked by validation; no test split is used. The exit status is 2 if trials failed.
    """

    out: Path
    """Folder for results.md, results.csv, settings.csv, sweep.json, and a run folder per trial."""
    config: ExperimentConfig
    grid: _Words = ()
    """Every combination of values: --grid optimizer.learning_rate=1e-2,1e-3. May be repeated."""
    each: _Words = ()
    """The config itself, then one field at a time, as the paper's table of hyperparameters:
    --each training.batch_size=8,16,32. May be repeated."""
    random: _Words = ()
    """Draws from values or a range: --random optimizer.learning_rate=log:1e-4..1e-1 (evenly in the
    logarithm) or model.dropout_rate=0..0.5. May be repeated; needs --num-settings."""
    num_settings: int | None = None
    """Settings that --random draws; a larger number adds to those drawn before."""
    draw_seed: int | None = None
    """Seed of the draws; 0 by default."""
    seeds: str | None = None
    """Seeds that every setting is trained with, such as 0,1,2; by default the sweep's or
    the config's."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    plan_only: bool = False
    """List the trials and train none."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    sweep_config, arguments = parse_arguments(words)
    if arguments.plan_only:
        from gimefive_jax.recipes.sweep_plan import plan_trials

        trials = plan_trials(sweep_config)
        print("\n".join(trial.name for trial in trials))
        print(f"\n{len(trials)} trials, {len(sweep_config.seeds)} for each setting")
        return 0
    from gimefive_jax.recipes.sweep import sweep

    result = sweep(sweep_config, arguments.out, say=lambda line: print(line, flush=True))
    _print_result(result, arguments.out)
    # Ctrl-C should stop a script as well; SIGTERM is how a scheduler ends a job, no failure.
    if result.ending == "interrupted":
        return 130
    return FAILED if result.failed and result.ending == "done" else 0


def parse_arguments(words: Sequence[str]) -> tuple[SweepConfig, Arguments]:
    """Two passes: which sweep or config, then what to replace in it and what to vary."""
    from gimefive_jax.cli.parsing import parse

    name, rest = take_config(list(words))
    if name is None:
        if not any(word in ("-h", "--help") for word in rest):
            known = ", ".join([*configs.sweep_names(), *configs.config_names()])
            raise InputError(f"--config NAME|FILE is missing; shipped sweeps and configs: {known}")
        loaded: SweepConfig | ExperimentConfig = ExperimentConfig()
    else:
        loaded = configs.load_sweep(name)
    base = loaded.base if isinstance(loaded, SweepConfig) else loaded

    @dataclasses.dataclass(frozen=True)
    class Loaded(Arguments):
        config: tyro.conf.FlagConversionOff[ExperimentConfig] = base

    Loaded.__doc__ = Arguments.__doc__
    arguments = parse(Loaded, rest, verb="sweep")
    return _sweep_config(loaded, arguments), arguments


def _sweep_config(loaded: SweepConfig | ExperimentConfig, arguments: Arguments) -> SweepConfig:
    base = arguments.config
    if arguments.data_dir is not None:
        base = configs.replace(base, {"data.directory": str(arguments.data_dir.absolute())})
    search, words = _search(arguments)
    if isinstance(loaded, SweepConfig):
        if search is not None:
            raise InputError(
                f"the sweep says itself what to vary; leave out --{search}, or give a config"
            )
        if base.seed != loaded.base.seed:
            raise InputError(f"the sweep has seeds of its own; give --seeds {base.seed} instead")
        sweep = dataclasses.replace(loaded, base=base)
    elif search is None:
        raise InputError(
            "nothing to vary; give --grid, --each or --random FIELD=VALUE,VALUE, or a sweep"
        )
    else:
        sweep = SweepConfig(
            base=base,
            fields=parse_fields(words, base, option=f"--{search}"),
            search=search,
            num_settings=arguments.num_settings or 0,
            seeds=(base.seed,),
        )
    given: dict[str, FieldValue] = {
        "num_settings": arguments.num_settings,
        "draw_seed": arguments.draw_seed,
        "seeds": None if arguments.seeds is None else parse_seeds(arguments.seeds),
    }
    replaced = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(sweep, **replaced)  # type: ignore[arg-type]


def _search(
    arguments: Arguments,
) -> tuple[Literal["grid", "each", "random"] | None, tuple[str, ...]]:
    given: dict[Literal["grid", "each", "random"], tuple[str, ...]] = {
        "grid": arguments.grid,
        "each": arguments.each,
        "random": arguments.random,
    }
    chosen = {search: words for search, words in given.items() if words}
    if len(chosen) > 1:
        raise InputError(
            f"{' and '.join(f'--{search}' for search in chosen)} are different searches; give one"
        )
    return next(iter(chosen.items()), (None, ()))


def _print_result(result: "SweepResult", out: Path) -> None:
    from gimefive_jax.report.tables import text

    print(f"\n{text(result.tables.settings)}\n")
    if result.failed:
        print(f"{len(result.failed)} failed; {out}/results.md says why")
    if result.out_of_time:
        print(f"{len(result.out_of_time)} ran out of time (training.max_minutes)")
    if result.ending != "done" or result.failed or result.out_of_time:
        print("the same command goes on from here")
    print(f"written to {out}/results.md, results.csv and settings.csv")
    print(f"next: gimefive runs compare {out}/trials --picture {out}/curves.png")
