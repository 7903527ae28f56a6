"""The file of an evaluation: written and read back, and files of earlier versions."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Split, open_split
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation import Evaluation, read_evaluation
from gimefive_jax.evaluation.evaluation import evaluate_logits
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.readout import PLAIN, Readout
from gimefive_jax.scaling import at_temperature

BEFORE = Path(__file__).parent / "metrics_before.json"
"""Of the code that wrote a plain dictionary."""
WITHOUT_CALIBRATION = Path("benchmarks/results/fer2013_modern_width025/test.json")


@pytest.fixture(scope="module")
def split(tiny_config: ExperimentConfig) -> Split:
    return open_split(tiny_config.data, "test")


def _evaluate(split: Split, *, reference: bool = False, readout: Readout = PLAIN) -> Evaluation:
    logits = np.random.default_rng(0).normal(size=(len(split), 6)).astype(np.float32)
    return evaluate_logits(
        split,
        logits,
        model_name="tiny",
        weights_sha256="0" * 64,
        reference=ReferenceEvaluation(seed=0, batch_size=4) if reference else None,
        readout=readout,
    )


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize(
    "readout", [PLAIN, Readout(True, at_temperature(1.7), "fitted on a validation")]
)
def test_what_is_written_is_read(split: Split, reference: bool, readout: Readout, tmp_path: Path):
    written = _evaluate(split, reference=reference, readout=readout)
    written.write(tmp_path)
    assert read_evaluation(tmp_path) == written
    assert read_evaluation(tmp_path).readout == readout


def test_parts_and_subgroups_are_measured_as_splits_of_their_own(split: Split, tmp_path: Path):
    rows = np.array([1, 4, 7, 20])
    words = np.array([b'{"gender": "male"}', b'{"gender": "female"}'])[np.arange(len(split)) % 2]
    extras = {**split.extras, "attributes": words}
    found = _evaluate(dataclasses.replace(split, parts={"few": rows}, extras=extras))
    assert found.measurements is not None
    assert found.parts["few"].count == 4
    groups = found.subgroups["gender"]
    assert [groups[name].count for name in ("female", "male")] == [15, 15]
    correct = sum(np.trace(np.array(groups[name].confusion)) for name in groups)
    assert correct == found.correct == np.trace(np.array(found.measurements.confusion))
    found.write(tmp_path)
    assert read_evaluation(tmp_path) == found


def test_every_number_in_the_file_is_defined_in_it(split: Split):
    found = _evaluate(split, readout=Readout(scaling=at_temperature(2.0)))
    assert found.measurements is not None
    named = {*found.measurements.measures, *found.measurements.per_class["fear"]}
    named |= found.measurements.raw.measures.keys()
    assert named == found.definitions.keys()


def test_a_split_without_a_face_is_refused(split: Split):
    empty = dataclasses.replace(
        split, images=split.images[:0], labels=split.labels[:0], index=split.index[:0]
    )
    with pytest.raises(InputError, match=r"drawn_faces.* test has no face"):
        evaluate_logits(empty, np.zeros((0, 6)), model_name="tiny", weights_sha256="0")


def test_a_file_of_the_code_before_is_read_and_written_as_of_now(tmp_path: Path):
    found = read_evaluation(BEFORE)
    assert found.confusion[0][0] == 1631
    assert found.readout == Readout(False, at_temperature(0.81355), "of the weights")
    found.write(tmp_path)
    assert read_evaluation(tmp_path) == found
    before, after = (json.loads(path.read_text()) for path in (BEFORE, tmp_path / "metrics.json"))
    assert before.pop("calibration").keys() - after.pop("calibration").keys() == {
        "temperature",
        "temperature_source",
    }
    assert before == after


def test_a_file_from_before_calibration_was_measured_is_read(pytestconfig: pytest.Config):
    found = read_evaluation(pytestconfig.rootpath / WITHOUT_CALIBRATION)
    assert (found.calibration, found.readout) == (None, PLAIN)


def test_only_the_reference_says_so_in_the_file(split: Split):
    assert "reference" not in _evaluate(split).to_json()
    assert _evaluate(split, reference=True).to_json()["reference"] is True


def test_a_category_without_a_face_has_no_recall(split: Split, tmp_path: Path):
    empty = dataclasses.replace(split, labels=np.zeros_like(split.labels))
    _evaluate(empty).write(tmp_path)
    assert read_evaluation(tmp_path).per_class["fear"].recall is None


@pytest.mark.parametrize("accuracy", [7, None, "0.5"])
def test_an_accuracy_that_is_no_share_is_damage(accuracy: object, tmp_path: Path):
    values = json.loads(BEFORE.read_text())
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({**values, "accuracy": accuracy}))
    with pytest.raises(InputError, match=r"metrics\.json.*accuracy.*gimefive evaluate"):
        read_evaluation(tmp_path)
