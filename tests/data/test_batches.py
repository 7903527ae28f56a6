from collections import Counter

import numpy as np
import pytest

from gimefive_jax.data import Split, evaluation_batches, training_batch
from gimefive_jax.data.names import FileNames

NUM_FACES = 23


@pytest.fixture(scope="module")
def split() -> Split:
    random = np.random.default_rng(0)
    return Split(
        name="train",
        data_name="made/six",
        images=random.integers(0, 256, (NUM_FACES, 4, 4, 1), dtype=np.uint8),
        labels=random.integers(0, 6, NUM_FACES, dtype=np.int32),
        file_names=FileNames(np.array([f"{row}.png" for row in range(NUM_FACES)])),
        emotions=("a", "b", "c", "d", "e", "f"),
        digest="",
        extras={},
        index=np.arange(NUM_FACES),
    )


def stream(split: Split, *, num_faces: int, batch_size: int, seed: int = 0) -> list[int]:
    steps = range(-(-num_faces // batch_size))
    batches = [training_batch(split, step, batch_size=batch_size, seed=seed) for step in steps]
    return np.concatenate([batch.index for batch in batches])[:num_faces].tolist()


@pytest.mark.parametrize("batch_size", [1, 5, 16, 23, 64])
def test_each_face_comes_once_per_epoch_for_any_batch_size(split: Split, batch_size: int) -> None:
    faces = stream(split, num_faces=4 * NUM_FACES, batch_size=batch_size)
    epochs = [faces[start : start + NUM_FACES] for start in range(0, len(faces), NUM_FACES)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(NUM_FACES))
    assert len({tuple(epoch) for epoch in epochs}) == 4


@pytest.mark.parametrize("batch_size", [1, 5, 64])
def test_order_of_faces_does_not_depend_on_the_batch_size(split: Split, batch_size: int) -> None:
    one = stream(split, num_faces=100, batch_size=7)
    assert stream(split, num_faces=100, batch_size=batch_size) == one


def test_batch_of_a_step_does_not_depend_on_where_one_starts(split: Split) -> None:
    forwards = [training_batch(split, step, batch_size=5, seed=3) for step in range(40)]
    for step in reversed(range(40)):
        again = training_batch(split, step, batch_size=5, seed=3)
        np.testing.assert_array_equal(again.index, forwards[step].index)
        np.testing.assert_array_equal(again.image, forwards[step].image)


def test_seeds_give_different_orders(split: Split) -> None:
    orders = {tuple(stream(split, num_faces=23, batch_size=5, seed=seed)) for seed in range(5)}
    assert len(orders) == 5


def test_order_is_the_same_on_every_machine_and_version(split: Split) -> None:
    # A run that is resumed under another numpy must see the same faces.
    assert stream(split, num_faces=6, batch_size=6) == [18, 4, 20, 10, 11, 2]


def test_training_batches_are_whole_and_join_faces_to_labels(split: Split) -> None:
    batch = training_batch(split, 4, batch_size=5, seed=0)
    assert batch.image.dtype == np.uint8
    assert batch.mask.all()
    np.testing.assert_array_equal(batch.image, split.images[batch.index])
    np.testing.assert_array_equal(batch.label, split.labels[batch.index])


@pytest.mark.parametrize("batch_size", [1, 5, 23, 64])
def test_evaluation_sees_each_face_once_in_order(split: Split, batch_size: int) -> None:
    batches = list(evaluation_batches(split, batch_size))
    assert Counter(batch.image.shape for batch in batches) == {
        (batch_size, 4, 4, 1): -(-NUM_FACES // batch_size)
    }
    masks = np.concatenate([batch.mask for batch in batches])
    for name, whole in [
        ("index", np.arange(NUM_FACES)),
        ("label", split.labels),
        ("image", split.images),
    ]:
        rows = np.concatenate([getattr(batch, name) for batch in batches])
        np.testing.assert_array_equal(rows[masks], whole)
        assert not rows[~masks].any()
