"""The runs behind a row of a table: finished ones that are taken, and the scores of each."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from gimefive_jax import api
from gimefive_jax.config import DataConfig, ExperimentConfig
from gimefive_jax.data import Split, find_prepared
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation import read_evaluation
from gimefive_jax.evaluation.reference import reference_evaluation
from gimefive_jax.evaluation.results import write_evaluation
from gimefive_jax.recipes.training_record import training_command
from gimefive_jax.report.reproduced import TEST_SPLITS, MeasuredRun, SplitScore
from gimefive_jax.runs import RunFolder, find_runs, results_folder
from gimefive_jax.runs.run_log import ENDED, best_row, minutes, num_epochs
from gimefive_jax.training.experiment import check_same_data, deciding_fields, with_categories


def find_finished(folders: Sequence[Path], *, outside: Path) -> tuple[RunFolder, ...]:
    """Finds runs whose training has ended.

    Args:
      folders: Where to look, at any depth.
      outside: A folder whose own runs are left out.

    Returns:
      The runs; what is damaged is passed over, as it cannot stand in for a training.

    Raises:
      InputError: One of `folders` is not there.
    """
    own = outside.resolve()
    return tuple(
        run
        for run in find_runs(folders)
        if own not in run.path.resolve().parents and _has_ended(run)
    )


def take_run(
    config: ExperimentConfig, finished: Sequence[RunFolder], digests: Mapping[str, str]
) -> RunFolder | None:
    """Finds a finished run of the same settings, seed and faces.

    Args:
      config: What would be trained.
      finished: Runs whose training has ended.
      digests: sha256 of the splits that would be trained and validated on, by name.

    Returns:
      The first that trained exactly this; None where there is none.
    """
    emotions = find_prepared(config.data).emotions
    wanted = deciding_fields(with_categories(config, emotions, of=str(config.data.data_name)))
    for run in finished:
        try:
            if deciding_fields(run.read_config()) == wanted:
                check_same_data(dict(digests), run)
                return run
        except InputError:
            continue
    return None


def measure_run(run: RunFolder, data: DataConfig, *, seed: int) -> MeasuredRun:
    """Measures the best checkpoint of a run on the test splits, or reads that back.

    Args:
      run: The run folder; its `evaluation` folder gets the results, as of `gimefive evaluate`.
      data: Where the test splits are.
      seed: Of the run.

    Raises:
      InputError: The run or its data is damaged.
    """
    rows, config = run.read_log(), run.read_config()
    best = best_row(rows)
    measured = MeasuredRun(
        seed=seed,
        run=str(run.path),
        state=run.training_state(),
        command=training_command(config, workdir=str(run.path)),
        epochs=num_epochs(rows),
        num_epochs=config.training.num_epochs,
        validation_accuracy=best.validation_accuracy if best is not None else None,
        minutes=minutes(rows, batch_size=config.training.batch_size),
    )
    if best is None:
        return measured
    classifier = api.load(run.path)
    return dataclasses.replace(
        measured,
        weights_sha256=classifier.weights_sha256,
        tests=_measure_tests(classifier, data, run.path),
    )


def measure_shipped(name: str, data: DataConfig, folder: Path, *, flip: bool) -> MeasuredRun:
    """Measures shipped weights on the test splits, or reads that back.

    Args:
      name: Of the weights.
      data: Where the test splits are.
      folder: Gets the results.
      flip: Whether probabilities are averaged over each face and its mirror image.
    """
    classifier = api.load(name).with_flip(flip)
    return MeasuredRun(
        seed=classifier.config.seed,
        run=name,
        state="shipped",
        weights_sha256=classifier.weights_sha256,
        tests=_measure_tests(classifier, data, folder),
    )


def _has_ended(run: RunFolder) -> bool:
    try:
        return run.has_checkpoint and run.training_state() in ENDED
    except InputError:
        return False


def _measure_tests(
    classifier: api.Classifier, data: DataConfig, folder: Path
) -> dict[str, SplitScore]:
    """Scores by test split, of those that the data set has."""
    known = find_prepared(data).splits
    return {
        name: _measure(classifier, classifier.open_split(name, data=data), folder)
        for name in TEST_SPLITS
        if name in known
    }


def _measure(classifier: api.Classifier, split: Split, folder: Path) -> SplitScore:
    results = results_folder(
        folder,
        classifier.name,
        "evaluation",
        data_name=split.data_name,
        split=split.name,
        flip=classifier.config.evaluation.flip,
    )
    try:
        found = read_evaluation(results)
        is_same = (found.weights_sha256, found.data_sha256, found.flip) == (
            classifier.weights_sha256,
            split.digest,
            classifier.config.evaluation.flip,
        )
    except InputError:
        is_same = False
    if not is_same:
        found = write_evaluation(
            results,
            split,
            classifier.logits(split),
            model_name=classifier.name,
            weights_sha256=classifier.weights_sha256,
            reference=reference_evaluation(classifier.config),
            readout=classifier.readout,
        )
    return SplitScore.of(found)
