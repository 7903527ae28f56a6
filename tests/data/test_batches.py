from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.data import Split, training_batch, training_index
from gimefive_jax.data.mapped import take_faces
from gimefive_jax.data.names import FileNames
from gimefive_jax.errors import InputError

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


@pytest.mark.parametrize("process_count", [1, 2, 4, 8])
@pytest.mark.parametrize("batch_size", [8, 64])
def test_processes_share_the_first_hundred_batches_of_one(
    split: Split, process_count: int, batch_size: int
) -> None:
    for step in range(100):
        whole = training_batch(split, step, batch_size=batch_size, seed=1)
        parts = [
            training_batch(
                split,
                step,
                batch_size=batch_size,
                seed=1,
                process_index=process,
                process_count=process_count,
            )
            for process in range(process_count)
        ]
        for name in ("index", "image", "label", "mask"):
            joined = np.concatenate([getattr(part, name) for part in parts])
            np.testing.assert_array_equal(joined, getattr(whole, name))


def test_a_batch_the_processes_cannot_share_is_refused() -> None:
    with pytest.raises(InputError, match="batch_size 6 must be a multiple of the 4 processes"):
        training_index(NUM_FACES, 0, batch_size=6, seed=0, process_count=4)


def test_the_stream_is_its_epochs_permutations_in_a_row() -> None:
    steps = [training_index(NUM_FACES, step, batch_size=5, seed=2) for step in range(46)]
    # An epoch as one batch is its permutation alone.
    epochs = [training_index(NUM_FACES, epoch, batch_size=NUM_FACES, seed=2) for epoch in range(10)]
    np.testing.assert_array_equal(np.concatenate(steps), np.concatenate(epochs))


def test_rows_of_a_large_mapped_array_are_the_rows(
    split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every array counts as large, and is let go after every second row.
    monkeypatch.setattr("gimefive_jax.data.mapped._KEPT_BYTES", 0)
    monkeypatch.setattr("gimefive_jax.data.mapped._KEPT_ROWS", 2)
    np.save(tmp_path / "images.npy", split.images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    index = np.array([3, 22, 3, 0, 7])
    np.testing.assert_array_equal(take_faces(mapped, index), split.images[index])
    np.testing.assert_array_equal(take_faces(mapped[5:], index[2:]), split.images[index[2:] + 5])


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
