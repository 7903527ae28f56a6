import numpy as np

from gimefive_jax.audit.blanks import measure_contrast
from gimefive_jax.audit.duplicates import group_by
from gimefive_jax.audit.near_duplicates import NearPairs, number_groups
from gimefive_jax.data.pictures import number_pictures
from tests.audit.stacks import make_faces


def _hashes(pictures: list[int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (10, 32), dtype=np.uint8)[pictures]


def test_groups_hold_every_face_of_a_repeated_picture() -> None:
    groups = group_by(number_pictures(_hashes([7, 2, 7, 5, 2, 7])))
    assert [group.tolist() for group in groups] == [[0, 2, 5], [1, 4]]
    assert group_by(number_pictures(_hashes([1, 2, 3]))) == []


def test_hashes_that_differ_in_the_last_byte_are_different() -> None:
    hashes = np.zeros((2, 32), np.uint8)
    hashes[1, 31] = 1
    assert group_by(number_pictures(hashes)) == []


def test_pairs_that_share_a_picture_make_one_group() -> None:
    pairs = NearPairs(
        first=np.array([1, 3]),
        second=np.array([3, 5]),
        correlation=np.ones(2, np.float32),
        mirrored=np.zeros(2, np.bool_),
    )
    assert number_groups(pairs, 6).tolist() == [0, 1, 2, 1, 3, 1]


def test_contrast_is_that_of_the_pixels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 1), dtype=np.uint8)
    images[1] = 40
    images[2, :62] = 40
    images[3] = 40 + images[3] % 5
    labels = np.zeros(2, np.int32)
    faces = make_faces(images[:2], images[2:], train_labels=labels, test_labels=labels)
    contrast = measure_contrast(faces)
    np.testing.assert_allclose(contrast.deviation, images.reshape(4, -1).std(axis=1), rtol=1e-5)
    assert contrast.flat_share[1] == contrast.flat_share[3] == 1
    assert 62 / 64 <= contrast.flat_share[2] < 1
    # The third is nearly all one value, though what is left of it has contrast.
    assert contrast.blank().tolist() == [1, 2, 3]
