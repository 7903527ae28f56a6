"""Image files to typed rows, without the command."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax import predicting
from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.images import Box
from gimefive_jax.predicting import FaceSearch, PredictedImage, UnreadableImage
from tests.tolerances import RELATIVE


@pytest.fixture(scope="module")
def classifier(tiny_run: Path) -> gimefive_jax.Classifier:
    return gimefive_jax.load(tiny_run)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 40, 30), np.uint8)
    named = [tmp_path / f"{i}.png" for i in range(5)]
    for path, one in zip(named, pixels, strict=True):
        Image.fromarray(one).save(path)
    return named


def test_rows_are_what_the_classifier_says_of_each_file(
    classifier: gimefive_jax.Classifier, paths: list[Path], monkeypatch: pytest.MonkeyPatch
):
    wanted = classifier.predict(paths)
    monkeypatch.setattr("gimefive_jax.predicting.looking._FILES_AT_A_TIME", 2)
    images = list(predicting.predict_files(classifier, paths))
    for i, image in enumerate(images):
        assert isinstance(image, PredictedImage)
        assert (image.path, image.size, image.way) == (paths[i], (30, 40), "whole")
        [face] = image.faces
        assert (face.box, face.heat_map, face.landmarks) == (
            FaceBox(0.0, 0.0, 30.0, 40.0),
            None,
            None,
        )
        # The very pixels, and so the logits but for the size of the batch.
        np.testing.assert_array_equal(face.pixels, classifier.pixels(paths[i])[0])
        np.testing.assert_allclose(face.logits, np.asarray(wanted.logits)[i], rtol=RELATIVE)
        assert face.predicted == classifier.emotions[int(wanted.emotion[i])]
    assert len(images) == len(paths)


def test_memory_is_bounded_by_pixels_too(
    classifier: gimefive_jax.Classifier, paths: list[Path], monkeypatch: pytest.MonkeyPatch
):
    usual = list(predicting.predict_files(classifier, paths))
    monkeypatch.setattr("gimefive_jax.predicting.looking._PIXELS_AT_A_TIME", 2000)
    again = list(predicting.predict_files(classifier, paths))
    for one, other in zip(usual, again, strict=True):
        assert isinstance(one, PredictedImage)
        assert isinstance(other, PredictedImage)
        np.testing.assert_allclose(one.faces[0].logits, other.faces[0].logits, rtol=RELATIVE)


def test_an_explained_row_holds_the_map_of_its_image(
    classifier: gimefive_jax.Classifier, paths: list[Path]
):
    # The first one is the map that is drawn.
    wanted = next(iter(classifier.explain(paths).values()))
    for i, image in enumerate(predicting.predict_files(classifier, paths, explain=True)):
        assert isinstance(image, PredictedImage)
        [face] = image.faces
        assert face.heat_map is not None
        np.testing.assert_allclose(face.heat_map, wanted.heat_map[i], rtol=RELATIVE, atol=1e-7)
        assert face.predicted == classifier.emotions[int(wanted.target[i])]
        assert predicting.draw_prediction(classifier, image).width > 3 * 192


def test_a_row_without_a_map_cannot_be_drawn(
    classifier: gimefive_jax.Classifier, paths: list[Path]
):
    [image] = predicting.predict_files(classifier, paths[:1])
    assert isinstance(image, PredictedImage)
    with pytest.raises(InputError, match="explain=True"):
        predicting.draw_prediction(classifier, image)


def test_a_broken_file_keeps_its_place_among_the_rows(
    classifier: gimefive_jax.Classifier, paths: list[Path]
):
    paths[1].write_text("no image")
    rows = list(predicting.predict_files(classifier, paths))
    assert [row.path for row in rows] == paths
    assert [isinstance(row, UnreadableImage) for row in rows] == [False, True, *[False] * 3]
    assert isinstance(rows[1], UnreadableImage)
    assert str(paths[1]) in rows[1].reason
    assert all(
        isinstance(row, UnreadableImage) for row in predicting.predict_files(classifier, paths[1:2])
    )


def test_a_crop_is_of_every_image(classifier: gimefive_jax.Classifier, paths: list[Path]):
    box = Box(left=3, top=4, width=20, height=25)
    [image] = predicting.predict_files(classifier, paths[:1], search=FaceSearch(crop=box))
    assert isinstance(image, PredictedImage)
    with Image.open(paths[0]) as photo:
        wanted = classifier.predict(box.cut(photo))
    [face] = image.faces
    np.testing.assert_allclose(face.logits, np.asarray(wanted.logits)[0], rtol=RELATIVE)
    assert face.box == FaceBox(3.0, 4.0, 20.0, 25.0)
    assert (image.size, image.way) == ((30, 40), "crop")


def test_photos_are_searched_and_face_crops_are_not(
    classifier: gimefive_jax.Classifier, paths: list[Path], tmp_path: Path
):
    photo = tmp_path / "photo.png"
    Image.new("RGB", (400, 300)).save(photo)
    found = (
        FoundFace(FaceBox(10.0, 20.0, 50.0, 50.0), 0.9),
        FoundFace(FaceBox(5.0, 5.0, 90.0, 90.0), 0.6),
    )
    search = FaceSearch(detector=lambda images: [found] * len(images))
    crop, whole = predicting.predict_files(classifier, [paths[0], photo], search=search)
    assert isinstance(crop, PredictedImage)
    assert isinstance(whole, PredictedImage)
    assert (crop.way, len(crop.faces)) == ("whole", 1)
    assert (whole.way, [face.score for face in whole.faces]) == ("found", [0.9, 0.6])
    one_face = FaceSearch(detector=search.detector, one_face=True, when="always")
    for image in predicting.predict_files(classifier, [paths[0], photo], search=one_face):
        assert isinstance(image, PredictedImage)
        assert [face.score for face in image.faces] == [0.6]
    never = FaceSearch(detector=search.detector, when="never")
    for image in predicting.predict_files(classifier, [paths[0], photo], search=never):
        assert isinstance(image, PredictedImage)
        assert image.way == "whole"
