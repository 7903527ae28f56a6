"""Everything once, on drawn faces: draw, train, evaluate, explain, measure, one page."""

import contextlib
import dataclasses
import json
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from data_prep.drawn_faces.records import DRAWING_VERSION, DrawnNumbers
from data_prep.prepare import prepare
from gimefive_jax import api, files
from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig, FieldValue
from gimefive_jax.data import Split
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation import Evaluation
from gimefive_jax.evaluation.results import write_evaluation
from gimefive_jax.explained.evidence_file import Evidence, measure_export
from gimefive_jax.explained.opened import open_export
from gimefive_jax.report.page import PageSources, write_page
from gimefive_jax.runs.run_folder import Stage, results_folder
from gimefive_jax.training.loop import train

CONFIG_NAME = "drawn_faces_quickstart"
PLAN = "quickstart.json"
PAGE = "index.html"
RUN = "run"
Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class QuickstartPlan:
    """How much is drawn and trained, and from which seed."""

    seed: int = 0
    """Of the drawing, and of everything random in training."""
    num_train: int = 3000
    num_validation: int = 500
    num_test: int = 1000
    num_epochs: int | None = None
    """Passes over the train split; None leaves the config's."""


@dataclasses.dataclass(frozen=True)
class QuickstartResult:
    """What the quickstart ends with."""

    evaluation: Evaluation
    evidence: Evidence
    page: Path


def quickstart(out: Path, plan: QuickstartPlan, *, say: Say) -> QuickstartResult:
    """Runs all stages into a folder; data and training that lie there are used, or gone on with.

    Args:
      out: The folder.
      plan: How much is drawn and trained.
      say: Gets a line per stage.

    Returns:
      What was measured, and where the page lies.

    Raises:
      InputError: If `out` holds a quickstart with other settings.
      KeyboardInterrupt: Where training was asked to stop; the same call then goes on.
    """
    config = _config(out, plan)
    _check_same_plan(out, plan)
    run_folder = out / RUN
    with _stage("draw", say) as note:
        note(_draw(out, plan))
    with _stage("train", say) as note:
        note(_train(config, run_folder, say))
    # Training and loading compile programs of their own, so what is loaded is what a user would.
    classifier = api.load(run_folder)
    split = classifier.open_split("test")
    sources = _sources(out, plan, split)
    with _stage("evaluate", say) as note:
        logits = classifier.logits(split)
        evaluation = write_evaluation(
            sources.evaluation_folder,
            split,
            logits,
            model_name=classifier.name,
            weights_sha256=classifier.weights_sha256,
        )
        note(f"{len(split):,} test faces, accuracy {evaluation.accuracy:.1%}")
    with _stage("explain", say) as note:
        classifier.export_explanations(split, sources.explanation_folder)
        export = open_export(sources.explanation_folder)
        evidence = measure_export(export, split, model_name=classifier.name)
        evidence.write(export.folder)
        note(f"{len(split):,} faces, {' and '.join(evidence.maps)}")
    with _stage("page", say) as note:
        write_page(out / PAGE, sources)
        note(f"{(out / PAGE).stat().st_size / 1e6:.1f} MB")
    return QuickstartResult(evaluation=evaluation, evidence=evidence, page=out / PAGE)


def _sources(out: Path, plan: QuickstartPlan, split: Split) -> PageSources:
    def folder(stage: Stage) -> Path:
        return results_folder(out / RUN, "", stage, data_name=split.data_name, split=split.name)

    return PageSources(
        run_folder=out / RUN,
        evaluation_folder=folder("evaluation"),
        explanation_folder=folder("explanations"),
        split=split,
        num_train=plan.num_train,
        command=_command(out, plan),
        stages=_stage_commands(out, plan),
    )


def _config(out: Path, plan: QuickstartPlan) -> ExperimentConfig:
    values: dict[str, FieldValue] = {
        "data.directory": str((out / "data").absolute()),
        "seed": plan.seed,
    }
    if plan.num_epochs is not None:
        values["training.num_epochs"] = plan.num_epochs
    return configs.replace(configs.load_config(CONFIG_NAME), values)


def _check_same_plan(out: Path, plan: QuickstartPlan) -> None:
    """Before anything is written: other numbers would draw over the data of the training."""
    path = out / PLAN
    now = {**dataclasses.asdict(plan), "drawing_version": DRAWING_VERSION}
    if path.is_file():
        try:
            before = dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}); give another --out") from error
        for name, value in now.items():
            if before.get(name) != value:
                raise InputError(
                    f"{out} holds a quickstart with {name}={before.get(name)}, now it is {value}; "
                    "give the same settings to go on, or another --out"
                )
    files.write_json(path, now)


def _draw(out: Path, plan: QuickstartPlan) -> str:
    drawn = DrawnNumbers(plan.num_train, plan.num_validation, plan.num_test, plan.seed)
    prepared = prepare("drawn_faces", data_dir=out / "data", options=drawn)
    count = plan.num_train + plan.num_validation + plan.num_test
    return f"{count:,} faces{', already there' if prepared.already_prepared else ''}"


def _train(config: ExperimentConfig, folder: Path, say: Say) -> str:
    result = train(config, folder)
    if result.ending in ("interrupted", "terminated"):
        say("training is saved; the same command goes on from here")
        raise KeyboardInterrupt
    return f"{len(result.rows)} epochs, best validation accuracy {result.best_accuracy:.1%}"


def _command(out: Path, plan: QuickstartPlan) -> str:
    changed = [
        f" --{name.replace('_', '-')} {value}"
        for name, value in dataclasses.asdict(plan).items()
        if value != getattr(QuickstartPlan, name)
    ]
    return f"gimefive quickstart --out {shlex.quote(str(out))}{''.join(changed)}"


def _stage_commands(out: Path, plan: QuickstartPlan) -> tuple[str, ...]:
    """The same stages one by one, as a user would type them."""
    data, run = (shlex.quote(str(out / name)) for name in ("data", RUN))
    epochs = f" --config.training.num_epochs={plan.num_epochs}" if plan.num_epochs else ""
    return (
        f"gimefive data prepare drawn_faces --data-dir {data} --seed {plan.seed} "
        f"--num-train {plan.num_train} --num-validation {plan.num_validation} "
        f"--num-test {plan.num_test}",
        f"gimefive train --config {CONFIG_NAME} --workdir {run} --data-dir {data} "
        f"--config.seed={plan.seed}{epochs}",
        f"gimefive evaluate {run} --split test",
        f"gimefive explain {run} --split test",
    )


@contextlib.contextmanager
def _stage(name: str, say: Say) -> Iterator[Callable[[str], None]]:
    """Time a stage; the block notes what it did."""
    started, notes = time.monotonic(), list[str]()
    yield notes.append
    say(f"{name:<9} {time.monotonic() - started:4.0f} s   {'; '.join(notes)}")
