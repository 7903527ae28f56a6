"""`gimefive evaluate`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gimefive_jax.cli.options import DataOptions, ProcessOptions, check_same_work, default_folder
from gimefive_jax.cli.parsing import parse
from gimefive_jax.files import check_replaceable
from gimefive_jax.report.tables import aligned

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier
    from gimefive_jax.data import Split
    from gimefive_jax.evaluation import Evaluation
    from gimefive_jax.evaluation.calibration import CalibrationErrors
    from gimefive_jax.evaluation.evaluation import Calibration
    from gimefive_jax.readout import Readout


# Of a pair of flags a boolean would not tell its default from `--no-flip`.
_VIEWS = tyro.conf.create_mutex_group(required=False)


@dataclasses.dataclass(frozen=True)
class Arguments(DataOptions, ProcessOptions):
    """Measure a model on a split.

    Writes metrics.json, predictions.csv, confusion_matrix.png and reliability.png. Every face
    counts exactly once, whatever the batch size and the number of devices.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")] = tyro.MISSING
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small."""
    flip: Annotated[bool, tyro.conf.FlagCreatePairsOff, _VIEWS] = False
    """Average the probabilities of each face and its mirror image; by default as the config says
    (evaluation.flip)."""
    no_flip: Annotated[bool, tyro.conf.FlagCreatePairsOff, _VIEWS] = False
    """Take each face alone, whatever the config says."""
    calibrate_on: str | None = None
    """Split of the data the model was trained on (validation) to fit a temperature on; never a test
    split. By default the temperature that a file of weights carries, else none."""
    out: Path | None = None
    """Folder for the results; by default RUN/evaluation/DATA-SPLIT, DATA-SPLIT-flip where mirror
    images are averaged, DATA-SPLIT-step-N for a chosen checkpoint,
    gimefive-out/FILE/evaluation/DATA-SPLIT for a file. Earlier results in it are replaced."""

    @property
    def asked_flip(self) -> bool | None:
        """What was asked for; None where nothing was."""
        return self.flip if self.flip or self.no_flip else None


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="evaluate")
    from gimefive_jax.evaluation.calibration import check_calibration_split

    if arguments.calibrate_on is not None:
        check_calibration_split(arguments.calibrate_on, arguments.split)
    return arguments.run(lambda: _evaluate(arguments))


def _evaluate(arguments: Arguments) -> int:
    from gimefive_jax import parallel
    from gimefive_jax.evaluation.reference import reference_evaluation
    from gimefive_jax.evaluation.results import write_evaluation

    with parallel.mistakes_shared():
        classifier, split, folder = _open(arguments)
    check_same_work(classifier, split)
    readout = _readout(classifier, arguments)
    logits = classifier.logits(split, progress=True)
    with parallel.mistakes_shared():
        if parallel.is_first():
            evaluation = write_evaluation(
                folder,
                split,
                logits,
                model_name=classifier.name,
                weights_sha256=classifier.weights_sha256,
                reference=reference_evaluation(classifier.config),
                readout=readout,
            )
            _print_evaluation(evaluation)
            print(f"\nwritten to {folder}")
    return 0


def _open(arguments: Arguments) -> tuple["Classifier", "Split", Path]:
    """The model, the faces, and where the results go."""
    from gimefive_jax.api import load
    from gimefive_jax.evaluation.reference import reference_evaluation
    from gimefive_jax.runs.run_folder import METRICS_FILE

    classifier = load(arguments.model)
    if arguments.asked_flip is not None:
        classifier = classifier.with_flip(arguments.asked_flip)
    # What contradicts itself is said before anything is computed.
    reference_evaluation(classifier.config)
    split = arguments.open(classifier)
    folder = arguments.out or default_folder(classifier, split, "evaluation")
    check_replaceable(folder, marker=METRICS_FILE)
    return classifier, split, folder


def _readout(classifier: "Classifier", arguments: Arguments) -> "Readout":
    """The model's own, or one with a temperature fitted as `arguments` say."""
    if arguments.calibrate_on is None:
        return classifier.readout
    from gimefive_jax import parallel
    from gimefive_jax.evaluation.calibration import fit_temperature

    # Of the data it was trained on: a temperature belongs to the model, not to what is measured.
    own = DataOptions(data_dir=arguments.data_dir).config(classifier.config)
    with parallel.mistakes_shared():
        split = classifier.open_split(arguments.calibrate_on, data=own)
    logits = classifier.logits(split, progress=True)
    return dataclasses.replace(
        classifier.readout,
        temperature=fit_temperature(logits, split.labels),
        source=f"fitted on {split.data_name} {split.name}",
    )


def _print_evaluation(found: "Evaluation") -> None:
    if found.reference:
        print(
            "as the paper's reference evaluates: faces flipped at random, the loss a mean of batch "
            "means; not comparable with other results"
        )
    if found.flip:
        print("probabilities averaged over each face and its mirror image")
    low, high = found.accuracy_interval_95
    print(
        f"{found.data} {found.split}: {found.count:,} faces\n"
        f"accuracy {found.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}), "
        f"majority class {found.majority_share:.2%}\n"
        f"balanced accuracy {found.balanced_accuracy:.2%}, "
        f"macro F1 {found.macro_f1:.2%}, loss {found.loss:.4f} nats"
    )
    if found.calibration is not None:
        _print_calibration(found.calibration)
    cells = [["category", "precision", "recall", "F1", "faces"]]
    for emotion, row in found.per_class.items():
        shares = (row.precision, row.recall, row.f1)
        percents = ["-" if share is None else f"{share:.1%}" for share in shares]
        cells.append([emotion, *percents, f"{row.support:,}"])
    print(aligned(cells))


def _print_calibration(found: "Calibration") -> None:
    print(_errors(found.before))
    if found.temperature_source is not None:
        where = f"at temperature {found.temperature:.4g} ({found.temperature_source})"
        print(f"{where}: {_errors(found.after)}")
    print()


def _errors(found: "CalibrationErrors") -> str:
    return (
        f"calibration error {found.ece:.2%} (equal mass {found.ece_equal_mass:.2%}), "
        f"loss {found.loss:.4f} nats"
    )
