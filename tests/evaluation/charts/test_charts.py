"""Charts are drawn of whatever was measured, degenerate cases too; people look at their looks."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.evaluation.charts import plot_corruptions, plot_per_class, plot_risk_coverage
from gimefive_jax.evaluation.measurements import Measurements
from gimefive_jax.evaluation.measuring import measure_faces
from tests.report.made_evaluation import READOUT, made_logits, made_robustness, made_split


def _drawn(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("L"))


def _measured(labels: np.ndarray, logits: np.ndarray) -> Measurements:
    return measure_faces(logits, labels, emotions=EMOTIONS, readout=READOUT, num_draws=20)


@pytest.mark.parametrize("plot", [plot_per_class, plot_risk_coverage])
@pytest.mark.parametrize(
    "case", ["as_measured", "one_face", "all_right", "all_wrong", "absent_categories"]
)
def test_every_case_is_drawn(plot: Callable[[Measurements, Path], None], case: str, tmp_path: Path):
    labels = np.arange(60) % 6 if case != "absent_categories" else np.arange(60) % 2
    logits = np.random.default_rng(0).normal(size=(60, 6))
    if case == "all_right":
        logits = 9 * np.eye(6)[labels]
    if case == "all_wrong":
        logits = 9 * np.eye(6)[(labels + 1) % 6]
    if case == "one_face":
        labels, logits = labels[:1], logits[:1]
    plot(_measured(labels, logits), tmp_path / "chart.png")
    assert (_drawn(tmp_path / "chart.png") < 128).any()


def test_a_worse_category_moves_its_marks(tmp_path: Path):
    split = made_split()
    logits = made_logits(split)
    pictures = []
    for bad in (False, True):
        chosen = np.where((split.labels == 3)[:, None] & bad, 9 * np.eye(6)[0], logits)
        plot_per_class(_measured(np.asarray(split.labels), chosen), tmp_path / "chart.png")
        pictures.append(_drawn(tmp_path / "chart.png"))
    assert (pictures[0] != pictures[1]).any()


@pytest.mark.parametrize("count", [1, 5, 8, 10])
def test_as_many_curves_as_were_measured(count: int, tmp_path: Path):
    found = made_robustness(made_split())
    part = dataclasses.replace(found, curves=found.curves[:count])
    plot_corruptions(part, tmp_path / "chart.png")
    height, width = _drawn(tmp_path / "chart.png").shape
    assert (width, height > 600) == (1560, count > 5)
