"""The driver alone: what it computes depends neither on batches nor on devices."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh

from gimefive_jax import parallel
from gimefive_jax.errors import InputError
from gimefive_jax.inference import Driver, View, make_step, mirror, place

NUM_FACES = 23
FACES = np.random.default_rng(0).integers(0, 256, (NUM_FACES, 4, 4, 1), np.uint8)
WEIGHT = np.float32(2.0)


def _darker(faces: jax.Array, index: jax.Array) -> jax.Array:
    """Each face by its own number."""
    return (faces // (index[:, None, None, None] % 5 + 1)).astype(np.uint8)


def _sums(weight: jax.Array, faces: jax.Array, *columns: jax.Array) -> dict[str, jax.Array]:
    rows = jnp.asarray(faces, jnp.float32).sum((1, 2, 3)) * weight
    return {"sum": rows, **{str(i): column for i, column in enumerate(columns)}}


@pytest.fixture(params=[1, 8], ids=["one", "eight"])
def mesh(request: pytest.FixtureRequest) -> Mesh:
    return parallel.make_mesh(request.param)


@pytest.mark.parametrize("batch_size", [1, 5, 23, 64])
def test_each_face_counts_once_in_order(mesh: Mesh, batch_size: int):
    labels = np.arange(NUM_FACES) * 3
    found = Driver(mesh, batch_size).run(_sums, WEIGHT, FACES, labels)
    chex.assert_trees_all_equal(found, {"sum": 2.0 * FACES.sum((1, 2, 3)), "0": labels})


def test_a_stream_gives_the_rows_of_each_batch(mesh: Mesh):
    stream = Driver(mesh, 8).stream(_sums, WEIGHT, FACES)
    rows = [(rows.start, rows.stop, len(found["sum"])) for rows, found in stream]
    assert rows == [(0, 8, 8), (8, 16, 8), (16, 23, 7)]


def test_faces_are_read_only_a_batch_ahead():
    last_read = -1

    def watch(faces: np.ndarray, index: np.ndarray) -> np.ndarray:
        nonlocal last_read
        last_read = int(index[-1])
        return faces

    driver = Driver(parallel.make_mesh(1), 4, view=View(watch, on_host=True))
    for rows, _ in driver.stream(_sums, WEIGHT, FACES):
        assert last_read == min(rows.stop + 4, NUM_FACES) - 1


@pytest.mark.parametrize("on_host", [True, False], ids=["host", "program"])
@pytest.mark.parametrize("batch_size", [5, 64])
def test_a_view_knows_each_face_whatever_the_batch(mesh: Mesh, batch_size: int, on_host: bool):
    index = np.arange(NUM_FACES)[::-1] + 100
    driver = Driver(mesh, batch_size, view=View(_darker, on_host=on_host))
    found = driver.run(_sums, WEIGHT, FACES, index=index)
    np.testing.assert_array_equal(found["sum"], 2.0 * _darker(FACES, index).sum((1, 2, 3)))


def test_mirroring_is_a_view():
    def left(weight: jax.Array, faces: jax.Array) -> jax.Array:
        return faces[:, 0, 0, 0]

    driver = Driver(parallel.make_mesh(1), 8, view=View(mirror))
    np.testing.assert_array_equal(driver.run(left, WEIGHT, FACES), FACES[:, 0, -1, 0])


def test_small_numbers_of_faces_share_a_few_programs():
    traced = chex.assert_max_traces(n=3)(_sums)
    driver = Driver(parallel.make_mesh(1), 16)
    for count in range(5, 20):
        driver.run(traced, WEIGHT, FACES[:count])
    assert make_step(traced, driver.mesh)._cache_size() == 2  # of 8 and of 16 faces


def test_variables_that_lie_on_the_devices_stay_where_they_are(mesh: Mesh):
    placed = place({"weight": WEIGHT}, mesh)
    assert place(placed, mesh) is placed
    assert placed["weight"].sharding == parallel.replicated(mesh)


def test_no_faces_are_refused():
    with pytest.raises(InputError, match="no faces"):
        Driver(parallel.make_mesh(1), 8).run(_sums, WEIGHT, FACES[:0])
