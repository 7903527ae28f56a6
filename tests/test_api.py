import copy
import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax.data import sample_faces
from gimefive_jax.errors import InputError
from gimefive_jax.inference import place
from tests.relative import relative_difference
from tests.tolerances import RELATIVE, SAME_PROGRAM


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
    assert all(len(one.heat_map) == 1 for one in classifier.explain(array).values())


def test_no_faces_are_refused(classifier: gimefive_jax.Classifier):
    with pytest.raises(InputError, match="no images given"):
        classifier.predict([])


@pytest.mark.parametrize("copy", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_copy_predicts_and_explains_the_same(tiny_run: Path, copy: Callable, when: str):
    original = gimefive_jax.load(tiny_run)
    faces = [np.arange(64 * 64, dtype=np.uint32).reshape(64, 64).astype(np.uint8)]
    if when == "after":
        original.predict(faces)
        original.explain(faces)
    copied = copy(original)
    np.testing.assert_array_equal(copied.predict(faces).logits, original.predict(faces).logits)
    found, wanted = copied.explain(faces), original.explain(faces)
    assert list(found) == list(wanted)
    for key, one in found.items():
        np.testing.assert_array_equal(one.heat_map, wanted[key].heat_map)
    assert copied.weights_sha256 == original.weights_sha256


def test_methods_and_layers_may_be_words_or_lists(
    classifier: gimefive_jax.Classifier, face: Image.Image
):
    words = classifier.explain([face], methods="gradcam", layers="block4/activation")
    lists = classifier.explain([face], methods=["gradcam"], layers=["block4/activation"])
    assert list(words) == list(lists) == [("gradcam", "block4/activation")]
    # Not a letter at a time, and one program for both.
    assert classifier.explain_function("gradcam", "block4") is classifier.explain_function(
        ["gradcam"], ("block4",)
    )


def test_a_method_of_ones_own_is_passed_in(
    classifier: gimefive_jax.Classifier, face: Image.Image, tmp_path: Path
):
    def positive(activation: jax.Array, gradient: jax.Array) -> jax.Array:
        return (activation * jax.nn.relu(gradient)).sum(-1)

    [(key, found)] = classifier.explain([face], methods=positive, layers="input").items()
    assert key == ("positive", "input")
    assert found.heat_map.shape == (1, 32, 32)
    part = sample_faces(classifier.open_split("test"), 3)
    classifier.export_explanations(part, tmp_path / "out", methods=[positive], pictures="none")
    assert (tmp_path / "out/heat_maps/positive.block5-activation.zarr/c/0/0/0").is_file()


def test_targets_know_synonyms(classifier: gimefive_jax.Classifier, face: Image.Image):
    named, known = (classifier.explain([face], target=word) for word in ("fear", "Afraid"))
    for key, one in named.items():
        np.testing.assert_array_equal(one.heat_map, known[key].heat_map)
    with pytest.raises(InputError, match="'glee'"):
        classifier.explain([face], target="glee")
    with pytest.raises(InputError, match="'label'"):
        classifier.explain([face], target="label")


def test_a_target_that_is_no_word_is_refused(
    classifier: gimefive_jax.Classifier, face: Image.Image
):
    given: dict[str, Any] = {"target": 3}
    with pytest.raises(InputError, match=r"not 3; .*happiness"):
        classifier.explain([face], **given)


def test_why_this_and_not_that(classifier: gimefive_jax.Classifier, face: Image.Image):
    [plain] = classifier.explain([face], methods="hirescam").values()
    predicted = classifier.emotions[int(plain.target[0])]
    other = "fear" if predicted != "fear" else "anger"
    [rest] = classifier.explain([face], methods="hirescam", target=other).values()
    for target in ("predicted", predicted):
        [found] = classifier.explain(
            [face], methods="hirescam", target=target, against=other
        ).values()
        wanted = plain.heat_map - rest.heat_map
        assert relative_difference(found.heat_map, wanted) < RELATIVE
        assert found.score[0] == pytest.approx(plain.score[0] - rest.score[0], rel=1e-4)


def test_functions_of_new_methods_do_not_gather(classifier: gimefive_jax.Classifier):
    kept = [
        classifier.explain_function(
            "hirescam", classifier.default_layer, score=lambda logits, n=n: n * logits[:, 0]
        )
        for n in range(12)
    ]
    assert len(set(map(id, kept))) == 12
    assert len(classifier._explain_functions) <= 8
    same = [classifier.explain_function("gradcam", classifier.default_layer) for _ in range(2)]
    assert same[0] is same[1]


def test_a_split_may_be_given_by_name_or_open(classifier: gimefive_jax.Classifier, tmp_path: Path):
    split = classifier.open_split("test")
    assert classifier.evaluate(split) == classifier.evaluate("test")
    np.testing.assert_array_equal(classifier.logits(split), classifier.logits("test"))
    for name, given in (("open", split), ("named", "test")):
        classifier.export_explanations(given, str(tmp_path / name), pictures="none")
    manifests = [(tmp_path / name / "manifest.csv").read_bytes() for name in ("open", "named")]
    assert manifests[0] == manifests[1]


def test_variables_are_placed_once(classifier: gimefive_jax.Classifier, face: Image.Image):
    before = classifier.placed_variables
    classifier.predict([face])
    assert classifier.placed_variables is before
    assert place(before, classifier.mesh) is before


@pytest.mark.parametrize("change", ["order", "names", "number"])
def test_a_split_of_other_categories_is_refused_by_their_names(
    classifier: gimefive_jax.Classifier, change: str
):
    split = classifier.open_split("test")
    emotions = {
        "order": split.emotions[::-1],
        "names": (*split.emotions[:-1], "bored"),
        "number": (*split.emotions, "neutral"),
    }[change]
    with pytest.raises(InputError) as error:
        classifier.evaluate(dataclasses.replace(split, emotions=emotions))
    facts = (", ".join(emotions), ", ".join(classifier.emotions), split.data_name, "--categories")
    assert all(fact in str(error.value) for fact in facts)
