from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax.errors import InputError
from tests.relative import relative_difference
from tests.tolerances import SAME_PROGRAM


@pytest.fixture(scope="module")
def classifier(tiny_run: Path) -> gimefive_jax.Classifier:
    return gimefive_jax.load(tiny_run)


@pytest.fixture
def face() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8))


def test_a_file_an_image_and_an_array_are_one_face(
    classifier: gimefive_jax.Classifier, face: Image.Image, tmp_path: Path
):
    face.save(tmp_path / "face.png")
    found = classifier.predict(
        [tmp_path / "face.png", str(tmp_path / "face.png"), face, np.asarray(face)]
    )
    assert (found.logits == found.logits[0]).all()


def test_grey_faces_equal_their_three_equal_channels(
    classifier: gimefive_jax.Classifier, face: Image.Image
):
    grey = face.convert("L")
    array = np.asarray(grey)
    found = classifier.predict([grey, array, array[..., None], array[..., None].repeat(3, 2)])
    assert (found.logits == found.logits[0]).all()


def test_neighbours_do_not_change_a_face(classifier: gimefive_jax.Classifier, face: Image.Image):
    others = list(np.random.default_rng(1).integers(0, 256, (20, 64, 64), np.uint8))
    alone = classifier.predict([face]).logits[0]
    for faces in ([face, *others[:2]], [face, *others]):
        assert relative_difference(classifier.predict(faces).logits[0], alone) < SAME_PROGRAM


def test_a_split_evaluates_to_what_its_faces_predict(classifier: gimefive_jax.Classifier):
    split = classifier.open_split("test")
    emotions = np.asarray(classifier.predict(list(split.images)).emotion)
    assert classifier.evaluate("test").accuracy == (emotions == split.labels).mean()


def test_explaining_a_named_category(classifier: gimefive_jax.Classifier, face: Image.Image):
    found = classifier.explain([face], methods=("hirescam", "gradcam"), target="fear")
    assert set(found) == {(m, "block5/activation") for m in ("hirescam", "gradcam")}
    for explanation in found.values():
        assert classifier.emotions[explanation.target[0]] == "fear"


def test_one_face_is_a_batch_of_one_in_every_form(
    classifier: gimefive_jax.Classifier, face: Image.Image, tmp_path: Path
):
    face.save(tmp_path / "face.png")
    wanted = classifier.predict([face]).logits
    array = np.asarray(face)
    forms = [face, array, array[None], str(tmp_path / "face.png"), tmp_path / "face.png"]
    for form in [*forms, (one for one in [face])]:
        np.testing.assert_array_equal(classifier.predict(form).logits, wanted)
    [explanation] = classifier.explain(array).values()
    assert len(explanation.heat_map) == 1


def test_no_faces_are_refused(classifier: gimefive_jax.Classifier):
    with pytest.raises(InputError, match="no images given"):
        classifier.predict([])
