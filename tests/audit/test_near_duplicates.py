import numpy as np
import pytest

from data_prep.drawn_faces import draw_split
from gimefive_jax.audit.near_duplicates import find_near_pairs, number_groups
from gimefive_jax.audit.signatures import sign, standardise
from tests.audit.copies import COPIES, copy
from tests.audit.stacks import make_faces
from tests.tolerances import RELATIVE

NUM_FACES = 240
# Brightening clips what was bright before, and a shift of one pixel moves lines one pixel wide.
LEAST_RECALL = dict.fromkeys(COPIES, 0.99) | {"brighter": 0.97, "shifted": 0.95}


@pytest.fixture(scope="module")
def originals() -> np.ndarray:
    return np.stack([face.pixels for face in draw_split("train", NUM_FACES, seed=3)])


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_found_and_nothing_else(originals: np.ndarray, kind: str) -> None:
    copies = np.stack([copy(pixels, kind) for pixels in originals])
    labels = np.zeros(NUM_FACES, np.int32)
    faces = make_faces(originals, copies, train_labels=labels, test_labels=labels)
    pairs = find_near_pairs(faces, np.arange(len(faces)))
    true = pairs.second == pairs.first + NUM_FACES
    assert true.sum() >= LEAST_RECALL[kind] * NUM_FACES
    # Of 114,000 pairs of different faces.
    assert (~true).sum() == 0
    # A face that is nearly symmetrical may be more like its mirror image once shifted.
    assert (pairs.mirrored[true] == kind.startswith("mirrored")).mean() > 0.99


def test_different_faces_are_no_near_duplicates(originals: np.ndarray) -> None:
    more = np.stack([face.pixels for face in draw_split("test", 600, seed=4)])
    faces = make_faces(originals, more, train_labels=np.zeros(NUM_FACES), test_labels=np.zeros(600))
    assert len(find_near_pairs(faces, np.arange(len(faces)))) == 0


def test_product_of_signatures_is_never_below_the_correlation(originals: np.ndarray) -> None:
    squares = standardise(originals)
    signatures = sign(squares)
    flat = squares.reshape(len(squares), -1)
    mirrored = squares[:, :, ::-1].reshape(len(squares), -1)
    assert (signatures.code @ signatures.code.T >= flat @ flat.T - RELATIVE).all()
    assert (signatures.mirrored @ signatures.code.T >= mirrored @ flat.T - RELATIVE).all()
    np.testing.assert_allclose(signatures.mirrored, sign(squares[:, :, ::-1]).code, atol=RELATIVE)


def test_blocks_do_not_change_the_pairs(
    originals: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = np.stack([copy(pixels, "compressed") for pixels in originals])
    labels = np.zeros(NUM_FACES, np.int32)
    faces = make_faces(originals, copies, train_labels=labels, test_labels=labels)
    whole = find_near_pairs(faces, np.arange(len(faces)))
    for name, size in (("_READ", 50), ("_ROWS", 37), ("_COLUMNS", 91), ("_PAIRS", 7)):
        monkeypatch.setattr(f"gimefive_jax.audit.near_duplicates.{name}", size)
    blocked = find_near_pairs(faces, np.arange(len(faces)))
    np.testing.assert_array_equal(whole.first, blocked.first)
    np.testing.assert_array_equal(whole.second, blocked.second)
    np.testing.assert_allclose(whole.correlation, blocked.correlation, rtol=RELATIVE)


def test_only_candidates_are_compared(originals: np.ndarray) -> None:
    labels = np.zeros(4, np.int32)
    faces = make_faces(originals[:4], originals[:4], train_labels=labels, test_labels=labels)
    pairs = find_near_pairs(faces, np.array([1, 2, 4, 5, 7]))
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(1, 5)]
    assert number_groups(pairs, 8).tolist() == [0, 1, 2, 3, 4, 1, 5, 6]
    assert len(find_near_pairs(faces, np.zeros(0, np.int64))) == 0
