"""Frames to faces: equal to what the classifier says of each crop alone."""

from pathlib import Path

import numpy as np
import pytest
from jaxtyping import UInt8

import gimefive_jax
from gimefive_jax.errors import InputError
from gimefive_jax.faces import region_areas, region_sentence, region_shares, share_name
from gimefive_jax.faces.crops import cut_face
from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.faces.regions import REGIONS
from gimefive_jax.inference import make_step
from gimefive_jax.predicting.scene import SceneReader
from gimefive_jax.predicting.scene_program import read_fn
from tests.tolerances import RELATIVE, SAME_PIXEL_MASKS, SAME_PROGRAM

Image = UInt8[np.ndarray, "height width 3"]
BOXES = (
    FaceBox(10.5, 4.0, 40.0, 40.0),
    FaceBox(-8.0, 20.0, 60.0, 60.0),
    FaceBox(3.0, 3.0, 9.5, 9.5),
)
FACES = tuple(FoundFace(box, score) for box, score in zip(BOXES, (0.9, 0.7, 0.6), strict=True))


def _detect(images: list[Image]) -> list[tuple[FoundFace, ...]]:
    """As many faces as the number of the image says, which its first pixel holds."""
    return [FACES[: image[0, 0, 0]] for image in images]


@pytest.fixture(scope="module")
def classifier(tiny_run: Path) -> gimefive_jax.Classifier:
    return gimefive_jax.load(tiny_run)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    generator = np.random.default_rng(0)
    made = [generator.integers(0, 256, (80, 60 + 9 * i, 3), np.uint8) for i in range(3)]
    for number, image in zip((2, 0, 3), made, strict=True):
        image[0, 0] = number
    return made


def test_each_face_is_what_the_classifier_says_of_its_crop(
    classifier: gimefive_jax.Classifier, images: list[Image]
):
    reader = SceneReader(classifier, detector=_detect, landmarks=False)
    found = reader.read(images)
    assert [len(faces) for faces in found] == [2, 0, 3]
    for image, faces in zip(images, found, strict=True):
        for face, wanted in zip(faces, FACES, strict=False):
            assert (face.box, face.score, face.crop) == (wanted.box, wanted.score, wanted.box)
            pixels = cut_face(image, face.crop, classifier.config.data.image_size)
            np.testing.assert_array_equal(face.pixels, pixels)
            alone = classifier.predict(pixels)
            np.testing.assert_allclose(face.logits, alone.logits[0], rtol=RELATIVE)
            np.testing.assert_allclose(
                face.probabilities, np.asarray(alone.probabilities)[0], rtol=RELATIVE
            )
            assert face.predicted == classifier.emotions[int(alone.emotion[0])]
            shown = next(iter(classifier.explain(pixels).values()))
            assert face.heat_map is not None
            np.testing.assert_allclose(face.heat_map, shown.heat_map[0], rtol=RELATIVE, atol=1e-7)
            assert face.landmarks is None
            assert set(face.shares.values()) == {None}


def test_the_map_is_of_the_category_that_the_averaged_views_name(
    classifier: gimefive_jax.Classifier, images: list[Image]
):
    averaging = classifier.with_flip(True)
    for faces in SceneReader(averaging, detector=_detect, landmarks=False).read(images):
        for face in faces:
            wanted = averaging.predict(face.pixels)
            np.testing.assert_allclose(face.logits, wanted.logits[0], rtol=RELATIVE)
            shown = next(iter(averaging.explain(face.pixels, target=face.predicted).values()))
            assert face.heat_map is not None
            np.testing.assert_allclose(face.heat_map, shown.heat_map[0], rtol=RELATIVE, atol=1e-7)


def test_landmarks_lie_in_the_image_and_shares_are_those_of_the_crop(
    classifier: gimefive_jax.Classifier,
):
    astronaut = pytest.importorskip("skimage.data").astronaut()
    box = FaceBox(165.0, 60.0, 120.0, 120.0)
    reader = SceneReader(classifier, detector=lambda images: [(FoundFace(box, 1.0),)])
    [[face]] = reader.read([astronaut])
    assert face.landmarks is not None
    nose, mouth = face.landmarks[30], face.landmarks[48:60].mean(0)
    # Read off the picture by eye.
    np.testing.assert_allclose(nose, (222, 126), atol=10)
    np.testing.assert_allclose(mouth, (225, 148), atol=10)
    side = classifier.config.data.image_size
    points = (face.landmarks - (box.left, box.top)) * (side / box.width)
    assert face.heat_map is not None
    [wanted] = region_shares(face.heat_map[None], points[None], side=side)
    assert list(face.shares) == [share_name(region) for region in REGIONS]
    np.testing.assert_allclose(list(face.shares.values()), wanted, atol=SAME_PIXEL_MASKS)
    [areas] = region_areas(points[None], side=side)
    np.testing.assert_allclose(list(face.areas.values()), areas, atol=SAME_PIXEL_MASKS)
    times = dict(zip(REGIONS, (wanted / areas).tolist(), strict=True))
    named = dict(zip(REGIONS, wanted.tolist(), strict=True))
    assert face.sentence == region_sentence(face.predicted, named, times)


def test_known_faces_are_not_looked_for(classifier: gimefive_jax.Classifier, images: list[Image]):
    def forbidden(images: list[Image]) -> list[tuple[FoundFace, ...]]:
        raise AssertionError("nothing is to be found")

    reader = SceneReader(classifier, detector=forbidden, explain=False, landmarks=False)
    found = reader.read(images[:2], boxes=[(), FACES[1:]])
    assert [[face.box for face in faces] for faces in found] == [[], list(BOXES[1:])]
    for face in (face for faces in found for face in faces):
        assert face.heat_map is None
        assert (face.shares, face.areas, face.sentence) == ({}, {}, "")
    with pytest.raises(InputError, match="1 images are given for 2"):
        reader.read(images[:2], boxes=[()])


def test_one_face_is_the_largest(classifier: gimefive_jax.Classifier, images: list[Image]):
    reader = SceneReader(
        classifier, detector=_detect, explain=False, landmarks=False, one_face=True
    )
    found = reader.read(images)
    assert [[face.box for face in faces] for faces in found] == [[BOXES[1]], [], [BOXES[1]]]


def test_two_programs_serve_every_number_of_faces(
    classifier: gimefive_jax.Classifier, images: list[Image]
):
    reader = SceneReader(
        classifier, detector=_detect, explain=False, landmarks=False, batch_size=16
    )
    one_by_one = [face for image in images for [*faces] in reader.read([image]) for face in faces]
    for count in range(1, 40, 6):
        many = reader.read([images[2]], boxes=[[FACES[1]] * count])[0]
        assert len(many) == count
        np.testing.assert_allclose(many[-1].logits, one_by_one[3].logits, rtol=SAME_PROGRAM)
    read = read_fn(classifier.predict_function, None, averages_views=False)
    # Eight devices: of 8 and of 16 faces.
    assert make_step(read, classifier.mesh)._cache_size() == 2
