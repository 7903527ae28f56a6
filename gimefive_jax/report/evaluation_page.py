"""The page of an evaluation: one self-contained HTML file over what was measured."""

import dataclasses
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.api import Classifier
from gimefive_jax.evaluation import Evaluation
from gimefive_jax.evaluation.comparison import MeasuredModel
from gimefive_jax.evaluation.predictions import make_predictions
from gimefive_jax.evaluation.results import (
    CORRUPTIONS,
    PER_CLASS,
    RELIABILITY,
    RISK_COVERAGE,
)
from gimefive_jax.report.evaluation_faces import (
    confident_mistakes,
    confusion_cells,
    least_certain,
)
from gimefive_jax.report.evaluation_words import FILTERS
from gimefive_jax.report.face_sheets import SIDE
from gimefive_jax.report.templating import embed_file, render

PAGE = "index.html"
# Below its folder's own .gitignore, nobody commits the faces by accident.
_IGNORE = ".gitignore"
_DECISIONS = ("accuracy", "balanced_accuracy", "macro_f1", "top_2_accuracy", "majority_baseline")
_PROBABILITIES = ("nll", "brier", "ece", "ece_equal_mass", "auc", "aurc", "confidence")


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """What a page says of the model."""

    architecture: str
    width: float
    num_parameters: int
    image_size: int
    fit: str
    """How an image is made square."""
    trained_on: str
    categories: tuple[str, ...]
    source: str
    """Run folder and checkpoint, or the name that the model was loaded by."""
    notice: str


def model_facts(classifier: Classifier) -> ModelFacts:
    """Gives what a page says of a model.

    Args:
      classifier: The model.
    """
    config = classifier.config
    step = "" if classifier.step is None else f", step {classifier.step:,}"
    return ModelFacts(
        architecture=config.model.name,
        width=config.model.width,
        num_parameters=classifier.num_parameters,
        image_size=config.data.image_size,
        fit=config.data.fit,
        trained_on=str(config.data.data_name),
        categories=classifier.emotions,
        source=f"{classifier.run_folder or classifier.name}{step}",
        notice=classifier.notice,
    )


def write_evaluation_page(measured: MeasuredModel, facts: ModelFacts, folder: Path) -> Path:
    """Writes the page in one step; it needs no other file, no network and no script.

    Beside a page with faces of people lies a `.gitignore` that names it, so that git leaves it out.

    Args:
      measured: What was measured.
      facts: What is said of the model.
      folder: Where the evaluation's pictures lie and `index.html` is written.

    Returns:
      The page.
    """
    files.write_text(folder / PAGE, render_evaluation(measured, facts, folder))
    ignore_page(folder, measured.evaluation)
    return folder / PAGE


def ignore_page(folder: Path, found: Evaluation) -> None:
    """Writes a `.gitignore` that keeps a page out of git, unless its faces are drawn.

    Args:
      folder: Where the page lies.
      found: What the page is of.
    """
    if not is_drawn(found):
        files.write_text(folder / _IGNORE, f"# Faces of the data set.\n/{PAGE}\n/{_IGNORE}\n")


def render_evaluation(measured: MeasuredModel, facts: ModelFacts, folder: Path) -> str:
    """Gives the page as HTML.

    Args:
      measured: What was measured.
      facts: What is said of the model.
      folder: Where the evaluation's pictures lie.

    Returns:
      The page.
    """
    found, split = measured.evaluation, measured.split
    predictions = make_predictions(split, measured.logits, readout=found.readout)
    cells = confusion_cells(predictions, split)
    return render(
        "evaluation.html.j2",
        filters=FILTERS,
        found=found,
        whole=found.measurements,
        columns={found.split: found.measurements, **found.parts},
        model=facts,
        cells=cells,
        num_shown=sum(len(cell.faces) for row in cells for cell in row),
        side=SIDE,
        mistakes=confident_mistakes(predictions, split),
        unsure=least_certain(predictions, split),
        decisions=_DECISIONS,
        probabilities=_PROBABILITIES,
        pictures=_pictures(folder),
        is_drawn=is_drawn(found),
    )


def _pictures(folder: Path) -> dict[str, str]:
    """Data URIs of the charts that were drawn, by what they show."""
    names = {
        "per_class": PER_CLASS,
        "reliability": RELIABILITY,
        "risk_coverage": RISK_COVERAGE,
        "corruptions": CORRUPTIONS,
    }
    return {
        shown: embed_file(folder / name)
        for shown, name in names.items()
        if (folder / name).is_file()
    }


def is_drawn(found: Evaluation) -> bool:
    """Says whether the faces are drawn by a program, so that they show nobody.

    Args:
      found: What was measured.
    """
    return found.data.startswith("drawn_faces")
