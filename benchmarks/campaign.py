"""The whole training campaign in one resumable command, made for half an hour on an accelerator.

    python benchmarks/campaign.py --out FOLDER (--data-dir PREPARED | --raw fer2013.zip)
        [--max-minutes 25] [--pack FOLDER] [--unpack FOLDER] [--only small full recipes speed]

Stages, the most important first; each gets its share of the minutes that are left when it begins:

- small: the recipe of the shipped weights, `gimefive_small_fer2013` (half the paper's width);
- full: the same at the paper's width, 100 epochs;
- recipes: `gimefive_fer2013` (the paper's) beside `gimefive_fer2013_modern`, width 0.25;
- speed: `benchmarks/train.py`, which needs torch.

Three seeds each (`--num-seeds`). FOLDER gets `results.md` and `results.json`, `recipes.md` with
`recipes-curves.png`, `speed.md`, `weights/NAME.safetensors` in float16, and a run folder for each
trial. A trial that is out of time is saved; the same command goes on, and passes by what has a
result. `--pack` keeps up files of at most 15 MiB, 60 MiB in all, after each trial: results, best
weights, and unfinished runs as far as they fit; on a fresh machine `--unpack` begins with them.

The clone is found without being installed. A machine that has jax with its accelerator, flax,
optax, orbax-checkpoint, chex, jaxtyping, matplotlib, jinja2, safetensors, scipy, tqdm and torch
lacks these to read the data, as wheels for its Python without further dependencies:
tensorflow-datasets, array_record, importlib_resources, dm-tree, immutabledict, promise (published
as source alone: `pip wheel promise`), simple_parsing, docstring-parser, tensorflow-metadata,
googleapis-common-protos, termcolor and toml. tyro, which the `gimefive` command needs, is not among
them. FER2013's zip is 39 MB and the prepared folder 41 MB, decoded arrays not counted.

`--only recipes` on a CPU writes the comparison of the two recipes: `--recipes-table` and
`--recipes-curves` say where. `--dry` does everything in miniature on drawn faces.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

# A script finds what lies beside it, not the folder that it lies in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Before jax starts: the last stage's processes want the card's memory too.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax

from benchmarks.campaign_pack import pack, unpack
from benchmarks.campaign_plan import Choices, Stage, Trial, allotments, make_stages
from benchmarks.campaign_results import seed_table, summary_table, write_recipes
from benchmarks.campaign_runs import RESULT, Result, read_result, run_trial
from benchmarks.processes import machine_facts
from benchmarks.train import OUT_OF_TIME
from data_prep.prepare import prepare
from data_prep.sources import DrawnNumbers
from gimefive_jax import files
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.data import data_directory
from gimefive_jax.errors import InputError

STAGES = ("small", "full", "recipes", "speed")
_DRY_SPEED = "--parts compare --seconds 0 --rounds 1 --batch-sizes 8 --width 0.0625 --image-size 32"
# Steps of a GPU's small step that one call takes.
_STEPS_PER_DISPATCH = 16


class Campaign:
    """One call of the script."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments, self.out = arguments, arguments.out
        self.started = time.monotonic()
        self.problems: list[str] = []
        accelerated = jax.default_backend() != "cpu"
        at_once = arguments.steps_per_dispatch or (_STEPS_PER_DISPATCH if accelerated else 1)
        self.choices = Choices(
            num_seeds=arguments.num_seeds,
            recipe_epochs=arguments.recipe_epochs,
            steps_per_dispatch=at_once,
            precision=arguments.precision,
            dry=arguments.dry,
        )
        stages = make_stages(self.choices)
        self.stages = [stage for stage in stages if stage.name in arguments.only]
        self.trials = [trial for stage in stages for trial in stage.trials]

    def go(self) -> None:
        """All stages, as far as the time goes."""
        directory = self.prepare()
        for number, stage in enumerate(self.stages):
            share = allotments(self.minutes_left, [one.share for one in self.stages[number:]])[0]
            if stage.trials:
                self.train(stage, directory, minutes=share)
            else:
                self.measure_speed(minutes=share)
        self.say(f"{len(self.results())} of {len(self.trials)} trials have a result: {self.out}")

    @property
    def minutes_left(self) -> float:
        """Of `--max-minutes`; 0 where there is no limit, and never quite 0 where there is one."""
        limit = self.arguments.max_minutes
        return max(0.01, limit - (time.monotonic() - self.started) / 60) if limit else 0.0

    def prepare(self) -> Path:
        """Folder of the prepared data."""
        own = (self.out / "data").absolute()
        if self.arguments.dry:
            prepare("drawn_faces", data_dir=own, drawn=DrawnNumbers(72, 24, 30, 0))
        elif self.arguments.raw is not None:
            prepare("fer2013", raw=self.arguments.raw, data_dir=own)
        else:
            return data_directory(str(self.arguments.data_dir or "")).absolute()
        return own

    def train(self, stage: Stage, directory: Path, *, minutes: float) -> None:
        """The trials of a stage; what an early one leaves of its time is for the others."""
        begun = time.monotonic()
        waiting = sum(not self.has_result(trial) for trial in stage.trials)
        for trial in stage.trials:
            left = minutes - (time.monotonic() - begun) / 60 if minutes else 0.0
            share = max(0.01, left / waiting) if minutes and waiting else 0.0
            waiting -= not self.has_result(trial)
            try:
                result = run_trial(trial, self.out, data_directory=directory, minutes=share)
            except InputError as error:
                self.problems.append(f"{trial.name}: {error}")
                self.say(self.problems[-1])
                continue
            self.say(f"{trial.name}: {_told(result)}")
            self.write()

    def measure_speed(self, *, minutes: float) -> None:
        """The speed stage, in processes of its own."""
        finished, partial = self.out / "speed.md", self.out / "speed.partial.md"
        if finished.is_file():
            return
        script = Path(__file__).with_name("train.py")
        command = [sys.executable, str(script), "--out", str(partial)]
        if minutes:
            command += ["--max-minutes", f"{max(0.01, minutes):.2f}"]
        if self.arguments.dry:
            command += [*_DRY_SPEED.split(), "--num-train", "64"]
        ended = subprocess.run(command, check=False)
        if ended.returncode == OUT_OF_TIME:
            self.say("speed: out of time; the same command begins it anew")
        elif ended.returncode:
            self.problems.append(f"speed: benchmarks/train.py ended with {ended.returncode}")
        else:
            partial.rename(finished)
        self.write()

    def has_result(self, trial: Trial) -> bool:
        """Whether nothing is left to do of `trial`."""
        return (self.out / "runs" / trial.name / RESULT).is_file()

    def results(self) -> list[Result]:
        """Of all trials that have one."""
        folders = [self.out / "runs" / trial.name for trial in self.trials]
        return [read_result(folder) for folder in folders if (folder / RESULT).is_file()]

    def write(self) -> None:
        """Tables, the picture, and the pack, of what there is."""
        results, facts = self.results(), _facts()
        if results:
            files.write_json(self.out / "results.json", {"facts": facts, "trials": results})
            tables = f"{summary_table(results)}\n\n{seed_table(results)}"
            files.write_text(self.out / "results.md", f"# Campaign\n\n{facts}\n\n{tables}\n")
            write_recipes(
                self.arguments.recipes_table or self.out / "recipes.md",
                results,
                runs=self.out / "runs",
                picture=self.arguments.recipes_curves or self.out / "recipes-curves.png",
                facts=facts,
                command=self.recipes_command(),
            )
        if self.arguments.pack is not None:
            for path in pack(self.out, self.arguments.pack):
                self.say(f"not packed: {path}")

    def recipes_command(self) -> str:
        """What trains both recipes, without the folders of this machine."""
        words = "python benchmarks/campaign.py --only recipes --data-dir PREPARED --out FOLDER"
        epochs = self.choices.recipe_epochs
        return words if epochs is None else f"{words} --recipe-epochs {epochs}"

    def say(self, text: str) -> None:
        """A line with the minutes since the start."""
        print(f"[{(time.monotonic() - self.started) / 60:5.1f} min] {text}", flush=True)


def main() -> int:
    keep_freed_memory()  # as the command does
    arguments = _parse()
    try:
        if arguments.unpack is not None:
            unpack(arguments.unpack, arguments.out)
        campaign = Campaign(arguments)
        try:
            campaign.go()
        finally:
            campaign.write()
    except InputError as error:
        print(f"campaign: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped and saved; the same command goes on from here")
        return 130
    return 1 if campaign.problems else 0


def _told(result: Result | None) -> str:
    if result is None:
        return "out of time, saved; the same command goes on"
    shares = ", ".join(f"{name} {share:.2%}" for name, share in result["accuracy"].items())
    return f"{result['epochs']:.0f} epochs at {result['images_per_second']:,.0f} faces/s, {shares}"


def _facts() -> str:
    return f"{jax.devices()[0].device_kind} x {jax.device_count()}. {machine_facts()}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the campaign")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data-dir", type=Path, help="folder of prepared data sets")
    source.add_argument("--raw", type=Path, help="FER2013 as a zip, folder or csv, to prepare")
    source.add_argument("--dry", action="store_true", help="in miniature, on drawn faces")
    parser.add_argument("--only", nargs="+", default=STAGES, choices=STAGES)
    parser.add_argument("--max-minutes", type=float, default=0.0, help="of this call; 0: no limit")
    parser.add_argument("--num-seeds", type=int, default=3)
    parser.add_argument("--recipe-epochs", type=int, help="of both recipes; default their own")
    parser.add_argument("--steps-per-dispatch", type=int, help="default 1, on an accelerator 16")
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--pack", type=Path, help="folder for files of limited size")
    parser.add_argument("--unpack", type=Path, help="folder with such files to begin with")
    parser.add_argument("--recipes-table", type=Path, help="Markdown; default OUT/recipes.md")
    parser.add_argument("--recipes-curves", type=Path, help="PNG; default OUT/recipes-curves.png")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
