"""An evaluation that nobody measured: pictures of noise, and logits that are right for most."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from gimefive_jax.data import Split
from gimefive_jax.data.names import FileNames
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.evaluation.answers import Answers
from gimefive_jax.evaluation.comparison import MeasuredModel
from gimefive_jax.evaluation.corruptions import CORRUPTIONS, Robustness
from gimefive_jax.evaluation.corruptions.robustness import CorruptedAnswers, summarise
from gimefive_jax.evaluation.results import write_evaluation
from gimefive_jax.readout import Readout
from gimefive_jax.report.evaluation_page import (
    ModelFacts,
    render_evaluation,
    write_evaluation_page,
)
from gimefive_jax.scaling import at_temperature

READOUT = Readout(scaling=at_temperature(1.3), source="fitted on made_up/six validation")


def made_split(
    count: int = 60,
    *,
    name: str = "made_up/six",
    file_name: str = "face",
    images: np.ndarray | None = None,
) -> Split:
    """Squares of noise with six labels in turn, two attributes and a part."""
    draws = np.random.default_rng(0)
    groups = [json.dumps({"age": "<young>" if i % 3 else "old"}).encode() for i in range(count)]
    return Split(
        name="test",
        data_name=name,
        images=draws.integers(0, 256, (count, 64, 64, 1), np.uint8) if images is None else images,
        labels=np.arange(count) % 6,
        file_names=FileNames(np.array([f"{file_name} {i}" for i in range(count)], object)),
        emotions=EMOTIONS,
        digest="d" * 64,
        extras={"attributes": np.array(groups)},
        index=np.arange(count),
        parts={"test_deduplicated": np.arange(0, count, 2)},
    )


def made_logits(split: Split, *, strength: float = 2.0, seed: int = 0) -> np.ndarray:
    """Logits that are right for about three faces of four."""
    logits = np.random.default_rng(seed).normal(size=(len(split), 6))
    logits[np.arange(len(split)), split.labels] += strength
    return logits.astype(np.float32)


def made_robustness(split: Split) -> Robustness:
    """Accuracy falls from strength to strength."""
    labels = np.asarray(split.labels)

    def answers(strength: float) -> Answers:
        return Answers(made_logits(split, strength=strength, seed=1), labels, READOUT)

    corrupted = tuple(
        CorruptedAnswers(
            name,
            one.title,
            one.unit,
            one.strengths,
            tuple(answers(2 - 0.4 * step) for step in range(5)),
        )
        for name, one in CORRUPTIONS.items()
    )
    return summarise(answers(2.0), corrupted, num_in_split=2 * len(split), num_located=len(split))


FACTS = ModelFacts(
    architecture="gimefive",
    width=0.25,
    num_parameters=2_623_750,
    image_size=64,
    fit="squash",
    trained_on="made_up/six",
    categories=EMOTIONS,
    source="runs/<a>",
    notice="for research alone",
)


@dataclasses.dataclass(frozen=True, eq=False)
class MadeEvaluation:
    """What was made up, and the folder with all of its files but the page."""

    measured: MeasuredModel
    folder: Path

    def render(self) -> str:
        return render_evaluation(self.measured, FACTS, self.folder)

    def write_page(self) -> Path:
        return write_evaluation_page(self.measured, FACTS, self.folder)


def made_evaluation(
    folder: Path,
    split: Split,
    *,
    robust: bool = True,
    name: str = "made <up>",
    seed: int = 0,
) -> MadeEvaluation:
    """Measures the made-up logits and writes all files but the page."""
    logits = made_logits(split, seed=seed)
    evaluation = write_evaluation(
        folder,
        split,
        logits,
        model_name=name,
        weights_sha256="a" * 64,
        readout=READOUT,
        command="gimefive evaluate 'a <b>'",
        robustness=made_robustness(split) if robust else None,
    )
    measured = MeasuredModel(
        name=name,
        architecture=FACTS.architecture,
        width=FACTS.width,
        num_parameters=FACTS.num_parameters,
        evaluation=evaluation,
        split=split,
        logits=logits,
        paper_accuracy=0.75,
    )
    return MadeEvaluation(measured, folder)
