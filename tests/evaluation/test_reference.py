"""`config.reference`: random flips by row, and a loss that is the mean of batch means."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax import parallel
from gimefive_jax.api import Classifier, load
from gimefive_jax.cli import main
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.data import Split, sample_faces
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.evaluation.metrics import measure
from gimefive_jax.evaluation.reference import ReferenceEvaluation, reference_evaluation
from gimefive_jax.inference import Driver
from gimefive_jax.runs.run_log import read_rows
from gimefive_jax.scaling import log_softmax
from gimefive_jax.training.loop import train
from tests.relative import relative_difference
from tests.tolerances import SAME_PROGRAM

REFERENCE = ReferenceEvaluation(seed=3, batch_size=16)


@pytest.fixture(scope="module")
def ours(tiny_run: Path) -> Classifier:
    return load(tiny_run)


@pytest.fixture(scope="module")
def theirs(ours: Classifier) -> Classifier:
    return dataclasses.replace(ours, config=replace(ours.config, {"reference": True}))


@pytest.fixture(scope="module")
def split(ours: Classifier) -> Split:
    return ours.open_split("test")


def _logits(classifier: Classifier, split: Split, *, batch_size: int, devices: int) -> np.ndarray:
    mesh = parallel.make_mesh(devices)
    reference = reference_evaluation(classifier.config)
    driver = Driver(mesh, batch_size, view=None if reference is None else reference.view)
    predict = predict_fn(classifier.model)
    return driver.run(predict, classifier.variables, split.images, index=split.index).logits


def test_each_face_is_itself_or_its_mirror_image_whatever_the_batch():
    faces = np.random.default_rng(0).integers(0, 256, (400, 8, 8, 1), np.uint8)
    index = np.arange(400)
    whole = REFERENCE.flip(faces, index)
    kept, mirrored = (
        (whole == candidate).all((1, 2, 3)) for candidate in (faces, faces[:, :, ::-1])
    )
    assert (kept ^ mirrored).all()
    # Six standard deviations of 400 fair draws.
    assert abs(mirrored.sum() - 200) < 60
    part = index[123:130]
    np.testing.assert_array_equal(REFERENCE.flip(faces[part], part), whole[part])
    other = dataclasses.replace(REFERENCE, seed=4).flip(faces, index)
    assert (other != whole).any()


def test_flips_depend_neither_on_batches_nor_on_devices(theirs: Classifier, split: Split):
    whole = _logits(theirs, split, batch_size=len(split), devices=1)
    for batch_size, devices in [(7, 1), (16, 2), (64, 8)]:
        found = _logits(theirs, split, batch_size=batch_size, devices=devices)
        assert relative_difference(found, whole) < SAME_PROGRAM


def test_a_face_of_a_sample_is_flipped_as_in_the_whole(theirs: Classifier, split: Split):
    sample = sample_faces(split, 7)
    found = theirs.logits(sample)
    assert relative_difference(found, theirs.logits(split)[sample.index]) < SAME_PROGRAM


def test_flipped_logits_are_those_of_faces_flipped_by_hand(
    ours: Classifier, theirs: Classifier, split: Split
):
    reference = reference_evaluation(theirs.config)
    assert reference is not None
    flipped = dataclasses.replace(
        split, images=reference.flip(np.asarray(split.images), split.index)
    )
    wanted = ours.logits(flipped)
    assert relative_difference(theirs.logits(split), wanted) < SAME_PROGRAM
    assert relative_difference(ours.logits(split), wanted) > 0.001


def test_the_loss_is_the_mean_of_batch_means(split: Split):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(37, 6)).astype(np.float32)
    labels = generator.integers(0, 6, 37)
    losses = -log_softmax(logits)[np.arange(37), labels]
    wanted = np.mean([losses[start : start + 16].mean() for start in (0, 16, 32)])
    emotions = split.emotions
    found = measure(logits, labels, reference=REFERENCE).compute(emotions)
    plain = measure(logits, labels).compute(emotions)
    assert found.loss == pytest.approx(wanted)
    assert abs(plain.loss - wanted) > 1e-4
    # Nothing else differs, and our own results bear no mark.
    assert found == dataclasses.replace(plain, loss=found.loss, reference=True)


def test_results_of_the_reference_say_so(
    theirs: Classifier, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert theirs.evaluate("test").reference is True
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "checkpoints").symlink_to(tiny_run / "checkpoints")
    values = json.loads((tiny_run / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**values, "reference": True}))
    assert main(["evaluate", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert "as the paper's reference evaluates" in capsys.readouterr().out
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert written["reference"] is True
    assert written["loss"] == pytest.approx(theirs.evaluate("test").loss)


def test_training_validates_as_the_reference_and_trains_as_ever(
    tiny_config: ExperimentConfig, tiny_run: Path, tmp_path: Path
):
    config = replace(tiny_config, {"reference": True, "training.num_epochs": 1})
    train(config, tmp_path / "theirs", progress=False)
    [theirs], ours = (
        read_rows(tmp_path / "theirs" / "metrics.csv"),
        read_rows(tiny_run / "metrics.csv"),
    )
    assert theirs.train_loss == ours[0].train_loss
    assert theirs.validation_loss != ours[0].validation_loss
    classifier = load(tmp_path / "theirs")
    assert classifier.evaluate("validation").loss == pytest.approx(theirs.validation_loss, rel=1e-5)
