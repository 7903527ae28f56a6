"""Tables of what a model says of every face: written, and read again."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Split, open_split
from gimefive_jax.data.names import FileNames
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.predictions import (
    make_predictions,
    read_predictions,
    write_predictions,
    write_predictions_table,
    write_scores,
)
from gimefive_jax.readout import PLAIN, Readout
from gimefive_jax.scaling import at_temperature, log_softmax

CALIBRATED = Readout(scaling=at_temperature(0.5))


@pytest.fixture(scope="module")
def split(tiny_config: ExperimentConfig) -> Split:
    return open_split(tiny_config.data, "test")


@pytest.fixture(scope="module")
def logits(split: Split) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(len(split), 6)).astype(np.float32)


@pytest.mark.parametrize("readout", [PLAIN, CALIBRATED])
def test_what_is_written_is_read(
    split: Split, logits: np.ndarray, readout: Readout, tmp_path: Path
):
    written = make_predictions(split, logits, readout=readout)
    write_predictions(tmp_path / "predictions.csv", written)
    found = read_predictions(tmp_path)
    for name in ("emotions", "file_names"):
        assert getattr(found, name) == getattr(written, name)
    for name in ("index", "labels", "predicted"):
        np.testing.assert_array_equal(getattr(found, name), getattr(written, name))
    np.testing.assert_array_equal(found.logits.astype(np.float32), logits)
    np.testing.assert_allclose(found.raw, np.exp(log_softmax(logits)), rtol=1e-8)
    if readout is PLAIN:
        assert found.calibrated is written.calibrated is None
    else:
        np.testing.assert_allclose(found.shown, CALIBRATED.probabilities(logits), rtol=1e-8)


def test_the_parquet_table_has_the_columns_of_the_csv(
    split: Split, logits: np.ndarray, tmp_path: Path
):
    predictions = make_predictions(split, logits, readout=CALIBRATED)
    write_predictions(tmp_path / "predictions.csv", predictions)
    write_predictions_table(tmp_path / "predictions.parquet", predictions)
    table = pq.read_table(tmp_path / "predictions.parquet")
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert table.column_names == list(rows[0])
    assert table["file_name"].to_pylist() == [row["file_name"] for row in rows]
    np.testing.assert_array_equal(
        np.float32(table["logit:fear"].to_pylist()), np.float32([row["logit:fear"] for row in rows])
    )


def test_scores_have_the_papers_columns_and_the_shown_probabilities(
    split: Split, logits: np.ndarray, tmp_path: Path
):
    write_scores(tmp_path / "scores.csv", make_predictions(split, logits, readout=CALIBRATED))
    with (tmp_path / "scores.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["filepath", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
    assert [row[0] for row in rows] == list(split.file_names)
    np.testing.assert_allclose(
        np.array([row[1:] for row in rows], float), CALIBRATED.probabilities(logits), rtol=1e-8
    )


def test_a_hostile_file_name_stays_one_cell(split: Split, logits: np.ndarray, tmp_path: Path):
    names = np.array(split.file_names, object)
    names[0] = 'a,"b"\n.png'
    hostile = dataclasses.replace(split, file_names=FileNames(names))
    write_predictions(tmp_path / "a.csv", make_predictions(hostile, logits))
    assert read_predictions(tmp_path / "a.csv").file_names[0] == 'a,"b"\n.png'


@pytest.mark.parametrize("content", ["", "index,file_name\n1\n", "index,logit:fear\n1,x\n"])
def test_a_damaged_file_is_named(content: str, tmp_path: Path):
    (tmp_path / "predictions.csv").write_text(content)
    with pytest.raises(InputError, match=r"predictions\.csv is a damaged file.*gimefive evaluate"):
        read_predictions(tmp_path)
    with pytest.raises(InputError, match=r"no file .*b\.csv"):
        read_predictions(tmp_path / "b.csv")
