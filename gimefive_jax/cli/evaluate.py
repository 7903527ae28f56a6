"""`gimefive evaluate`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gimefive_jax.cli.options import DataOptions, ProcessOptions
from gimefive_jax.cli.parsing import parse

if TYPE_CHECKING:
    from gimefive_jax.evaluation.comparison import MeasuredModel
    from gimefive_jax.recipes.evaluations import EvaluationPlan


# Of a pair of flags a boolean would not tell its default from `--no-flip`.
_VIEWS = tyro.conf.create_mutex_group(required=False)
# The kinds of `scaling`, which is not imported for a help text.
_Calibration = Literal[
    "auto", "temperature", "power", "cubic", "margin", "beta", "spline", "vector"
]


@dataclasses.dataclass(frozen=True)
class Arguments(DataOptions, ProcessOptions):
    """Measure one model or many on a split.

    Writes of each metrics.json, predictions.csv, classification_scores.csv, confusion_matrix.csv,
    pictures and the page index.html; of several results.csv, results.md and index.html as well,
    with each model's gain in accuracy over one of them (paired bootstrap). Every face counts
    exactly once, whatever the batch size and the number of devices.
    """

    models: Annotated[
        tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="MODEL [MODEL ...]")
    ] = ()
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, a shipped name: small, small_local; or several, also by wildcards such as 'runs/*'."""
    flip: Annotated[bool, tyro.conf.FlagCreatePairsOff, _VIEWS] = False
    """Average the probabilities of each face and its mirror image; by default as the config says
    (evaluation.flip)."""
    no_flip: Annotated[bool, tyro.conf.FlagCreatePairsOff, _VIEWS] = False
    """Take each face alone, whatever the config says."""
    not_averaged: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Of a run that keeps averaged parameters take those that the last step left."""
    calibrate_on: str | None = None
    """Split of the data the model was trained on (validation) to choose and fit a calibration on;
    never a test split. By default the calibration that a file of weights carries, else none."""
    calibration: _Calibration = "auto"
    """What --calibrate-on fits; auto is the kind with the least loss in cross-validation among
    those that keep the order of a face's categories, which all but vector do."""
    baseline: str | None = None
    """Of several models the one that the others are compared with; by default the first."""
    parquet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Write the predictions as predictions.parquet, too."""
    corruptions: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Measure the accuracy on worse pictures, too: blurred, compressed, small, dark, bright, flat,
    noisy, shifted, with eyes or mouth covered, each at five strengths. It takes 50 passes."""
    corruption_faces: int = 1000
    """Most faces that --corruptions takes, each category with its share."""
    out: Path | None = None
    """Folder for the results, of several models a folder for each in it; by default
    RUN/evaluation/DATA-SPLIT, DATA-SPLIT-flip where mirror images are averaged, DATA-SPLIT-step-N
    for a chosen checkpoint, gimefive-out/FILE/evaluation/DATA-SPLIT for a file, and
    gimefive-out/compared/evaluation/DATA-SPLIT for the table. Earlier results are replaced."""

    @property
    def asked_flip(self) -> bool | None:
        """What was asked for; None where nothing was."""
        return self.flip if self.flip or self.no_flip else None

    @property
    def deciding_words(self) -> tuple[str, ...]:
        """The words that decide the numbers, without places of files and numbers of processes."""
        values = {
            "--data": self.data,
            "--split": self.split,
            "--calibrate-on": self.calibrate_on,
            "--calibration": None if self.calibration == "auto" else self.calibration,
            "--corruption-faces": self._asked_faces,
        }
        flags = {
            "--flip": self.flip,
            "--no-flip": self.no_flip,
            "--not-averaged": self.not_averaged,
            "--corruptions": self.corruptions,
        }
        given = [word for name, value in values.items() if value for word in (name, value)]
        return (*given, *(name for name, is_given in flags.items() if is_given))

    @property
    def _asked_faces(self) -> str | None:
        """As a word, where --corruptions takes another number than by default."""
        default = type(self).corruption_faces
        asked = self.corruptions and self.corruption_faces != default
        return str(self.corruption_faces) if asked else None

    def plan(self) -> "EvaluationPlan":
        """Gives what is to be measured, for Python."""
        from gimefive_jax.evaluation.fitting import ORDER_KEPT
        from gimefive_jax.recipes.evaluations import EvaluationPlan

        return EvaluationPlan(
            models=self.models,
            data=self.config,
            own_data=DataOptions(data_dir=self.data_dir).config,
            split=self.split,
            flip=self.asked_flip,
            averaged=not self.not_averaged,
            calibrate_on=self.calibrate_on,
            kinds=ORDER_KEPT if self.calibration == "auto" else (self.calibration,),
            baseline=self.baseline,
            parquet=self.parquet,
            corruption_faces=self.corruption_faces if self.corruptions else 0,
            out=self.out,
            options=self.deciding_words,
        )


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="evaluate")
    from gimefive_jax.errors import InputError
    from gimefive_jax.evaluation.calibration import check_calibration_split

    if not arguments.models:
        raise InputError(
            "MODEL is missing: name at least one, such as small; see gimefive evaluate --help"
        )
    if arguments.calibrate_on is not None:
        check_calibration_split(arguments.calibrate_on, arguments.split)
    elif arguments.calibration != "auto":
        raise InputError(
            f"--calibration {arguments.calibration} needs faces to fit it on; add --calibrate-on "
            "validation"
        )
    if arguments.corruption_faces < 1:
        raise InputError(
            f"--corruption-faces {arguments.corruption_faces} must be 1 or more; leave out "
            "--corruptions to corrupt none"
        )
    plan = arguments.plan()
    return arguments.run(lambda: _evaluate(plan))


def _evaluate(plan: "EvaluationPlan") -> int:
    from gimefive_jax.cli.evaluation_lines import describe_evaluation
    from gimefive_jax.recipes.evaluations import evaluate_models
    from gimefive_jax.report.evaluation_page import PAGE

    def done(measured: "MeasuredModel", folder: Path) -> None:
        # A wildcard is one word for several models.
        if plan.models != (measured.name,):
            print(f"{measured.name}:")
        print(describe_evaluation(measured.evaluation))
        print(f"\nwritten to {folder}; look at {folder / PAGE}", flush=True)

    evaluate_models(plan, say=lambda line: print(f"\n{line}"), done=done)
    return 0
