"""Image files to typed rows, without the command."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax import predicting
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box
from gimefive_jax.predicting import PredictedImage, UnreadableImage


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
    monkeypatch.setattr("gimefive_jax.predicting.predict._CHUNK", 2)
    rows = list(predicting.predict_files(classifier, paths))
    for i, row in enumerate(rows):
        assert isinstance(row, PredictedImage)
        assert (row.path, row.size, row.explanation) == (paths[i], (30, 40), None)
        np.testing.assert_array_equal(row.probabilities, np.asarray(wanted.probabilities)[i])
        assert row.predicted == classifier.emotions[int(wanted.emotion[i])]
    assert len(rows) == len(paths)


def test_an_explained_row_holds_the_map_of_its_image(
    classifier: gimefive_jax.Classifier, paths: list[Path]
):
    # The first one is the map that is drawn.
    (method, _), wanted = next(iter(classifier.explain(paths).items()))
    assert method == classifier.shown_map.partition("@")[0]
    for i, row in enumerate(predicting.predict_files(classifier, paths, explain=True)):
        assert isinstance(row, PredictedImage)
        assert row.method == method
        assert row.explanation is not None
        np.testing.assert_array_equal(row.explanation.heat_map[0], wanted.heat_map[i])
        assert row.explanation.target.tolist() == [int(wanted.target[i])]
        assert predicting.draw_prediction(classifier, row).width > 3 * 192


def test_a_row_without_a_map_cannot_be_drawn(
    classifier: gimefive_jax.Classifier, paths: list[Path]
):
    [row] = predicting.predict_files(classifier, paths[:1])
    assert isinstance(row, PredictedImage)
    with pytest.raises(InputError, match="explain=True"):
        predicting.draw_prediction(classifier, row)


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
    [row] = predicting.predict_files(classifier, paths[:1], crop=box)
    assert isinstance(row, PredictedImage)
    with Image.open(paths[0]) as image:
        wanted = classifier.predict(box.cut(image))
    np.testing.assert_array_equal(row.probabilities, np.asarray(wanted.probabilities)[0])
    assert row.size == (20, 25)


def test_what_is_passed_over_in_a_folder_is_listed(paths: list[Path], tmp_path: Path):
    folder = tmp_path / "folder"
    folder.mkdir()
    picture, link = folder / "a.png", folder / "link.png"
    picture.write_bytes(paths[0].read_bytes())
    link.symlink_to(picture)
    other = {folder / name for name in ("gone.png", "pipe.png", "pipe", "elsewhere")}
    (folder / "gone.png").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    (folder / "elsewhere").symlink_to(paths[0].parent)
    found = predicting.find_images([folder])
    assert found.paths == (picture, link)
    assert set(found.passed_over) == other


def test_nothing_that_is_missing_or_empty_is_searched(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for named, fact in [([], "at least one"), (["no"], "no file"), (["empty"], "JPEG")]:
        with pytest.raises(InputError, match=fact):
            predicting.find_images([tmp_path / name for name in named])
