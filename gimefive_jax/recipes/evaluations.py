"""One model or many measured on a split: results of each in a folder, and a table of all."""

import dataclasses
import glob
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from gimefive_jax import api, parallel
from gimefive_jax.config import DataConfig, ExperimentConfig
from gimefive_jax.data import Split
from gimefive_jax.data.pictures import pictures_of
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.comparison import MeasuredModel, compare_models
from gimefive_jax.evaluation.corruptions import Robustness
from gimefive_jax.evaluation.fitting import ORDER_KEPT, choose_scaling
from gimefive_jax.evaluation.reference import reference_evaluation
from gimefive_jax.evaluation.results import write_evaluation
from gimefive_jax.files import check_replaceable
from gimefive_jax.known_sets import KNOWN_SETS
from gimefive_jax.models import ARCHITECTURES
from gimefive_jax.readout import Readout
from gimefive_jax.recipes.neutral_faces import measure_neutral
from gimefive_jax.report.comparison_page import write_comparison_page
from gimefive_jax.report.evaluation_page import PAGE, model_facts, write_evaluation_page
from gimefive_jax.report.model_table import RESULTS_TABLE, write_results
from gimefive_jax.runs import results_folder
from gimefive_jax.runs.run_folder import METRICS_FILE
from gimefive_jax.scaling import Kind

Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationPlan:
    """Which models are measured, on what, and how."""

    models: tuple[str, ...]
    """Run folders, checkpoint folders, files of weights, shipped names; wildcards as in a shell."""
    data: Callable[[ExperimentConfig], DataConfig] = lambda trained: trained.data
    """Gives the data that a model is measured on; by default what it was trained on."""
    own_data: Callable[[ExperimentConfig], DataConfig] = lambda trained: trained.data
    """Gives the data that a model was trained on, for the calibration."""
    split: str = "test"
    flip: bool | None = None
    """Whether mirror images are averaged; None as each model's config says."""
    averaged: bool = True
    """Whether a run's averaged parameters are measured, where it keeps averages."""
    calibrate_on: str | None = None
    """Split of the data trained on that a calibration is chosen and fitted on."""
    kinds: tuple[Kind, ...] = ORDER_KEPT
    """Calibrations among which is chosen."""
    baseline: str | None = None
    """Of several models the one that the others are compared with; by default the first."""
    parquet: bool = False
    corruption_faces: int = 0
    """At most so many faces are corrupted, each category with its share; 0 corrupts none."""
    out: Path | None = None
    """Folder of the results; of several models each has a folder in it."""
    options: tuple[str, ...] = ()
    """Words behind a model on the command line that measure it in this way; for the results."""


def find_models(words: Sequence[str]) -> tuple[str, ...]:
    """Resolves wildcards, and leaves every other word as it is.

    Args:
      words: Models; `*`, `?` and `[...]` stand for what they do in a shell.

    Returns:
      Each model once, those of a wildcard by name.

    Raises:
      InputError: A wildcard fits nothing.
    """
    found: list[str] = []
    for word in words:
        if not glob.has_magic(word) or Path(word).exists():
            found.append(word)
        elif names := sorted(glob.glob(word, recursive=True)):
            found += names
        else:
            raise InputError(f"no file or folder fits {word}; check the path")
    return tuple(dict.fromkeys(found))


def evaluate_models(
    plan: EvaluationPlan, *, say: Say, done: Callable[[MeasuredModel, Path], None]
) -> list[MeasuredModel]:
    """Measures models on a split, and writes a folder for each and a table of several.

    Every process of a group makes the call; the first one writes.

    Args:
      plan: Which models, on what, and how.
      say: Gets a line where something else than a model's results is written.
      done: Gets each model with the folder of its results, on the first process.

    Returns:
      What was measured, in the order of the models; nothing on processes but the first.

    Raises:
      InputError: A model, split or option is unknown, or a model gives no numbers.
    """
    with parallel.mistakes_shared():
        names = find_models(plan.models)
        if plan.baseline is not None and plan.baseline not in names:
            raise InputError(
                f"baseline '{plan.baseline}' must be one of the models: {', '.join(names)}"
            )
    found = [_measure(name, plan, is_one=len(names) == 1, done=done) for name in names]
    with parallel.mistakes_shared():
        measured = [one for one in found if one is not None]
        if len(measured) > 1:
            baseline = plan.baseline or names[0]
            folder = plan.out or _common_folder(measured[0].split)
            compared = compare_models(measured, baseline=baseline)
            write_results(folder, compared, baseline=baseline)
            write_comparison_page(folder, compared, baseline=baseline)
            say(
                f"all models: {folder / RESULTS_TABLE}, for people results.md and the page "
                f"{folder / PAGE}"
            )
    return measured


def _measure(
    name: str,
    plan: EvaluationPlan,
    *,
    is_one: bool,
    done: Callable[[MeasuredModel, Path], None],
) -> MeasuredModel | None:
    with parallel.mistakes_shared():
        classifier = api.load(name, averaged=plan.averaged)
        if plan.flip is not None:
            classifier = classifier.with_flip(plan.flip)
        # What contradicts itself is said before anything is computed.
        reference = reference_evaluation(classifier.config)
        data = plan.data(classifier.config)
        split = classifier.open_split(plan.split, data=data)
        folder = _folder(name, classifier, split, plan, is_one=is_one)
        check_replaceable(folder, marker=METRICS_FILE)
    classifier.check_same_work(split)
    readout = _readout(classifier, plan)
    logits = classifier.logits(split, progress=True)
    neutral = measure_neutral(classifier, data, split.name, readout=readout)
    robustness = _robustness(classifier, split, data, plan, readout)
    with parallel.mistakes_shared():
        if not parallel.is_first():
            return None
        evaluation = write_evaluation(
            folder,
            split,
            logits,
            model_name=classifier.name,
            weights_sha256=classifier.weights_sha256,
            reference=reference,
            readout=readout,
            command=shlex.join(["gimefive", "evaluate", name, *plan.options]),
            parquet=plan.parquet,
            neutral=neutral,
            robustness=robustness,
        )
        model = classifier.config.model
        measured = MeasuredModel(
            name=name,
            architecture=model.name,
            width=model.width,
            num_parameters=classifier.num_parameters,
            evaluation=evaluation,
            split=split,
            logits=logits,
            paper_accuracy=_paper_accuracy(model.name, data, split.name),
        )
        write_evaluation_page(measured, model_facts(classifier), folder)
        done(measured, folder)
    return measured


def _robustness(
    classifier: api.Classifier,
    split: Split,
    data: DataConfig,
    plan: EvaluationPlan,
    readout: Readout,
) -> Robustness | None:
    if not plan.corruption_faces:
        return None
    return classifier.robustness(
        split, data=data, num_faces=plan.corruption_faces, readout=readout, progress=True
    )


def _paper_accuracy(architecture: str, data: DataConfig, split: str) -> float | None:
    known, data_set = ARCHITECTURES.get(architecture), KNOWN_SETS.get(data.name)
    if known is None or data_set is None or (data.variant, split) != ("six", "test"):
        return None
    found = known.paper_accuracy.get(data_set.paper_title)
    return None if found is None else found / 100


def _folder(
    name: str, classifier: api.Classifier, split: Split, plan: EvaluationPlan, *, is_one: bool
) -> Path:
    if plan.out is not None:
        # A path as one name: of two run folders the last parts may be the same.
        return plan.out if is_one else plan.out / name.strip("/.").replace("/", "-")
    return classifier.results_folder("evaluation", split)


def _common_folder(split: Split) -> Path:
    return results_folder(
        None, "compared", "evaluation", data_name=split.data_name, split=split.name
    )


def _readout(classifier: api.Classifier, plan: EvaluationPlan) -> Readout:
    """The model's own, or one that is fitted as the plan says."""
    if plan.calibrate_on is None:
        return classifier.readout
    # Of the data it was trained on: a calibration belongs to the model, not to what is measured.
    own = plan.own_data(classifier.config)
    with parallel.mistakes_shared():
        split = classifier.open_split(plan.calibrate_on, data=own)
    logits = classifier.logits(split, progress=True)
    choice = choose_scaling(logits, split.labels, kinds=plan.kinds, pictures=pictures_of(split))
    return dataclasses.replace(
        classifier.readout,
        scaling=choice.scaling,
        source=f"fitted on {split.data_name} {split.name}",
    )
