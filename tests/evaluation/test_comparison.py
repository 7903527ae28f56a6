"""Models compared face by face with one of them."""

import dataclasses

import numpy as np
import pytest

from gimefive_jax.data import Split
from gimefive_jax.data.names import FileNames
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.comparison import MeasuredModel, compare_models
from gimefive_jax.evaluation.evaluation import evaluate_logits
from gimefive_jax.report.model_table import machine_table, reading_tables
from gimefive_jax.report.tables import markdown

COUNT = 240


def _split(*, copies: int = 1) -> Split:
    generator = np.random.default_rng(0)
    labels = np.repeat(generator.choice(6, COUNT // copies), copies)
    hashes = np.repeat(generator.integers(0, 256, (COUNT // copies, 32), np.uint8), copies, 0)
    return Split(
        name="test",
        data_name="fer2013/six",
        images=np.zeros((COUNT, 8, 8, 1), np.uint8),
        labels=labels,
        file_names=FileNames(np.array([f"{i}.jpg" for i in range(COUNT)])),
        emotions=EMOTIONS,
        digest="",
        extras={"pixel_sha256": hashes},
        index=np.arange(COUNT),
        parts={"test_deduplicated": np.arange(0, COUNT, 2)},
    )


def _model(name: str, split: Split, wrong: np.ndarray) -> MeasuredModel:
    """A model that is wrong on exactly these faces."""
    given = (split.labels + np.isin(np.arange(COUNT), wrong)) % 6
    logits = 4 * np.eye(6, dtype=np.float32)[given]
    return MeasuredModel(
        name=name,
        architecture="gimefive",
        width=0.5,
        num_parameters=1000,
        evaluation=evaluate_logits(split, logits, model_name=name, weights_sha256="0"),
        split=split,
        logits=logits,
        paper_accuracy=0.675,
    )


def test_a_gain_is_the_difference_of_the_accuracies_on_each_part():
    split = _split()
    base = _model("base", split, np.arange(0, 60))
    better = _model("better", split, np.arange(0, 30))
    first, second = compare_models([base, better], baseline="base")
    assert (first.accuracy_gain.value, first.accuracy_gain.interval_95) == (0.0, (0.0, 0.0))
    assert second.accuracy_gain.value == pytest.approx(30 / 240)
    assert second.part_gains["test_deduplicated"].value == pytest.approx(15 / 120)
    assert second.part_gains["test_deduplicated"].count == 120


def test_the_paired_interval_is_narrower_than_that_of_two_samples():
    split = _split()
    # Both fail on the same hard faces, but for a few.
    base = _model("base", split, np.arange(0, 100))
    better = _model("better", split, np.arange(0, 90))
    low, high = compare_models([base, better], baseline="base")[1].accuracy_gain.interval_95 or ()
    share = 10 / 240
    half = 1.96 * np.sqrt(share * (1 - share) / 240)
    assert (low, high) == pytest.approx((share - half, share + half), abs=0.006)
    unpaired = 1.96 * np.sqrt(2 * 0.4 * 0.6 / 240)
    assert high - low < unpaired


def test_copies_are_drawn_together():
    widths = []
    for copies in (1, 4):
        split = _split(copies=copies)
        base, better = _model("base", split, np.arange(80)), _model("better", split, np.arange(40))
        found = compare_models([base, better], baseline="base")[1].accuracy_gain.interval_95
        widths.append(float(np.diff(found or ())[0]))
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.15)


def test_other_faces_and_unknown_baselines_are_refused():
    split = _split()
    base, other = _model("base", split, np.arange(9)), _model("other", split, np.arange(5))
    with pytest.raises(InputError, match=r"baseline 'x' must be one of.*base, other"):
        compare_models([base, other], baseline="x")
    names = FileNames(np.array([f"{i}.png" for i in range(COUNT)]))
    moved = dataclasses.replace(other, split=dataclasses.replace(split, file_names=names))
    with pytest.raises(InputError, match=r"other was measured on .* other faces"):
        compare_models([base, moved], baseline="base")


def test_the_tables_show_each_part_with_gains_and_the_papers_accuracy():
    split = _split()
    models = [_model("base", split, np.arange(60)), _model("a|b", split, np.arange(30))]
    compared = compare_models(models, baseline="base")
    machine = machine_table(compared)
    names = [column.name for column in machine.columns]
    rows = [dict(zip(names, row, strict=True)) for row in machine.rows]
    assert [(row["model"], row["split"]) for row in rows] == [
        ("base", "test"),
        ("base", "test_deduplicated"),
        ("a|b", "test"),
        ("a|b", "test_deduplicated"),
    ]
    assert rows[2]["accuracy_gain"] == pytest.approx(0.125)
    assert [row["paper_accuracy"] for row in rows] == [0.675, None, 0.675, None]
    whole, part = map(markdown, reading_tables(compared, baseline="base"))
    assert "fer2013/six test\n" in whole
    assert "a\\|b" in whole
    assert "+12.50% (" in whole
    assert "+20.00%" in whole  # 87.5 % less the paper's 67.5 %
    assert "test_deduplicated" in part
    assert "the paper's accuracy" in whole
    assert "the paper's accuracy" not in part
