from pathlib import Path

import numpy as np
import pytest
import zarr

from gimefive_jax.errors import InputError
from gimefive_jax.explained import arrays
from gimefive_jax.explained.arrays import SHARD, chunk_file, has_shard, open_array, write_shard

COUNT = 2 * SHARD + 7


def _values(count: int = COUNT) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 3, 2)).astype(np.float32)


def _write(path: Path, values: np.ndarray) -> None:
    for start in range(0, len(values), SHARD):
        rows = slice(start, min(start + SHARD, len(values)))
        write_shard(path, values[rows], rows, count=len(values), axes=("row", "column"))


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    _write(tmp_path / "maps.zarr", _values())
    return tmp_path / "maps.zarr"


def test_zarr_reads_what_was_written(stored: Path):
    array = zarr.open_array(stored, mode="r")
    assert array.metadata.dimension_names == ("face", "row", "column")
    np.testing.assert_array_equal(array[:], _values())


def test_numpy_alone_reads_a_chunk(stored: Path):
    found = np.fromfile(stored / "c/1/0/0", "<f4").reshape(-1, 3, 2)
    np.testing.assert_array_equal(found, _values()[SHARD : 2 * SHARD])
    last = np.fromfile(stored / "c/2/0/0", "<f4").reshape(-1, 3, 2)
    np.testing.assert_array_equal(last[:7], _values()[2 * SHARD :])
    assert (len(last), np.abs(last[7:]).max()) == (SHARD, 0)


def test_few_faces_take_one_chunk_of_their_own_size(tmp_path: Path):
    _write(tmp_path / "maps.zarr", _values(5))
    found = np.fromfile(tmp_path / "maps.zarr/c/0/0/0", "<f4").reshape(-1, 3, 2)
    np.testing.assert_array_equal(found, _values(5))


def test_a_shard_of_zeros_is_a_file_as_well(tmp_path: Path):
    _write(tmp_path / "maps.zarr", np.zeros((COUNT, 3, 2), np.float32))
    assert all(has_shard(tmp_path / "maps.zarr", shard) for shard in range(3))


def test_rows_are_read_as_numpy_reads_them(stored: Path):
    array, values = open_array(stored), _values()
    assert (array.shape, array.dtype, len(array)) == (values.shape, values.dtype, COUNT)
    for rows in (0, -1, SHARD, slice(SHARD - 2, SHARD + 2), [3, SHARD + 1], np.arange(2), slice(0)):
        np.testing.assert_array_equal(array[rows], values[rows])
    flags = np.arange(COUNT) % 200 == 0
    np.testing.assert_array_equal(array[flags], values[flags])
    np.testing.assert_array_equal(np.concatenate([v for _, v in array.shards()]), values)
    assert len(list(array)) == COUNT
    with pytest.raises(IndexError):
        array[COUNT]


def test_an_array_of_before_is_read(tmp_path: Path):
    np.save(tmp_path / "maps.npy", _values())
    np.testing.assert_array_equal(open_array(tmp_path / "maps.zarr"), _values())


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_shard_is_noticed(stored: Path, damage: str):
    chunk = chunk_file(stored, 1, 3)
    chunk.write_bytes(b"12") if damage == "cut" else chunk.unlink()
    assert [has_shard(stored, shard) for shard in range(3)] == [True, False, True]


def test_a_damaged_store_is_named(stored: Path):
    (stored / "zarr.json").write_text("{")
    with pytest.raises(InputError, match=r"maps\.zarr is damaged"):
        open_array(stored)


def test_a_kill_while_a_store_is_made_does_no_harm(stored: Path, tmp_path: Path):
    half = tmp_path / "half.zarr"
    half.mkdir()
    (half / "zarr.0123.partial").write_text("{")
    _write(half, _values())
    np.testing.assert_array_equal(arrays.open_array(half), _values())
