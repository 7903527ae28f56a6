"""Averaging over a face and its mirror image."""

import dataclasses
import json
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest

import gimefive_jax
from gimefive_jax import cli, parallel
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.data import Split, open_split
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.evaluate import average_views, predict_fn
from gimefive_jax.inference import Driver
from gimefive_jax.models import make_model
from gimefive_jax.runs import RunFolder
from gimefive_jax.scaling import at_temperature
from tests.random_variables import random_variables
from tests.relative import relative_difference
from tests.tolerances import RELATIVE, SAME_PROGRAM


@pytest.fixture(scope="module")
def split(tiny_config: ExperimentConfig) -> Split:
    return open_split(tiny_config.data, "test")


def _logits(config: ExperimentConfig, split: Split, *, flip: bool, devices: int) -> np.ndarray:
    model, mesh = make_model(config.model), parallel.make_mesh(devices)
    variables = random_variables(model, size=32)
    return Driver(mesh, 8).run(predict_fn(model, flip=flip), variables, split.images).logits


def _mirrored(split: Split) -> Split:
    return dataclasses.replace(split, images=split.images[:, :, ::-1])


def test_it_is_the_mean_of_both_views_probabilities(tiny_config: ExperimentConfig, split: Split):
    views = [
        jax.nn.softmax(_logits(tiny_config, faces, flip=False, devices=1))
        for faces in (split, _mirrored(split))
    ]
    found = _logits(tiny_config, split, flip=True, devices=1)
    assert relative_difference(np.exp(found), np.mean(views, axis=0)) < RELATIVE
    # They are logarithms of probabilities, so softmax gives those again.
    assert relative_difference(jax.nn.softmax(found), np.exp(found)) < RELATIVE


def test_a_face_and_its_mirror_image_are_predicted_alike(
    tiny_config: ExperimentConfig, split: Split
):
    found = [
        _logits(tiny_config, faces, flip=True, devices=1) for faces in (split, _mirrored(split))
    ]
    assert relative_difference(*found) < SAME_PROGRAM


def test_devices_do_not_change_the_average(tiny_config: ExperimentConfig, split: Split):
    alone = _logits(tiny_config, split, flip=True, devices=1)
    assert relative_difference(_logits(tiny_config, split, flip=True, devices=8), alone) < RELATIVE


def test_logits_too_large_for_probabilities_stay_finite():
    logits = np.array([[[500.0, 0.0], [0.0, 500.0]], [[900.0, 0.0], [900.0, 0.0]]])
    found = np.asarray(average_views(logits))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.exp(found), [[0.5, 0.5], [1.0, 0.0]], atol=SAME_PROGRAM)


def test_both_results_stand_side_by_side(tiny_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    for words in ([], ["--flip"]):
        assert cli.main(["evaluate", str(run), "--calibrate-on", "validation", *words]) == 0
    plain, flipped = (
        json.loads((run / "evaluation" / name / "metrics.json").read_text())
        for name in ("drawn_faces-test", "drawn_faces-test-flip")
    )
    assert (plain["flip"], flipped["flip"]) == (False, True)
    assert plain["weights_sha256"] == flipped["weights_sha256"]
    assert plain["loss"] != flipped["loss"]
    for found in (plain, flipped):
        assert found["loss"] == pytest.approx(found["calibration"]["before"]["loss"], rel=RELATIVE)
        assert found["calibration"]["source"] == "fitted on drawn_faces/six validation"
    assert (run / "evaluation/drawn_faces-test-flip/reliability.png").is_file()


def test_a_config_with_flip_can_be_measured_without(tiny_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    config = json.loads((run / "config.json").read_text())
    config["evaluation"]["flip"] = True
    (run / "config.json").write_text(json.dumps(config))
    for words in ([], ["--no-flip"]):
        assert cli.main(["evaluate", str(run), *words]) == 0
    names = sorted(path.name for path in (run / "evaluation").iterdir())
    assert names == ["drawn_faces-test", "drawn_faces-test-flip"]


def test_the_classifier_predicts_and_evaluates_with_it(tiny_run: Path, split: Split) -> None:
    plain = gimefive_jax.load(tiny_run)
    flipped = plain.with_flip(True)
    assert flipped.with_flip(True) is flipped
    faces = list(split.images[:5])
    both = [
        plain.predict(faces).probabilities,
        plain.predict([f[:, ::-1] for f in faces]).probabilities,
    ]
    wanted = np.mean(both, axis=0)
    assert relative_difference(flipped.predict(faces).probabilities, wanted) < RELATIVE
    assert flipped.evaluate("test").flip is True
    # Maps are of the face as it is.
    one, other = (next(iter(c.explain(faces).values())) for c in (plain, flipped))
    np.testing.assert_array_equal(one.heat_map, other.heat_map)


def test_a_calibration_holds_for_its_own_views_only(tiny_run: Path) -> None:
    calibrated = dataclasses.replace(gimefive_jax.load(tiny_run), scaling=at_temperature(1.5))
    assert calibrated.with_flip(False).scaling == at_temperature(1.5)
    assert calibrated.with_flip(True).scaling.is_plain


def test_the_papers_reference_has_one_view(tiny_run: Path) -> None:
    classifier = gimefive_jax.load(tiny_run)
    reference = dataclasses.replace(
        classifier, config=replace(classifier.config, {"reference": True})
    )
    with pytest.raises(InputError, match="one view of a face"):
        reference.with_flip(True).evaluate("test")


def test_a_run_does_not_go_on_with_other_views(tiny_run: Path):
    # They choose its best checkpoint.
    from gimefive_jax.training.experiment import check_same_experiment

    run = RunFolder(tiny_run)
    config = run.read_config()
    check_same_experiment(replace(config, {"evaluation.batch_size": 8}), run)
    with pytest.raises(InputError, match=r"evaluation\.flip=False, now it is True"):
        check_same_experiment(replace(config, {"evaluation.flip": True}), run)


@pytest.mark.parametrize("words", [["--flip", "--no-flip"], ["--flip=yes"]])
def test_views_are_asked_for_once_and_plainly(words: list[str], capsys) -> None:
    assert cli.main(["evaluate", "small", *words]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "gimefive evaluate --help" in line
