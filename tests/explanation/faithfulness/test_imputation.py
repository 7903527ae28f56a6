import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from gimefive_jax.explanation.faithfulness.imputation import TOLERANCE, impute, residual
from gimefive_jax.explanation.faithfulness.multigrid import _coarser, _finer, cycle, grids
from tests.tolerances import IMPUTATION, RELATIVE

NEIGHBOURS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x]


def solved_by_scipy(image: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """The same equations, one image and one pixel after the other, in float64."""
    number = np.full(removed.shape, -1)
    number[removed] = np.arange(removed.sum())
    entries, right = [], np.zeros(removed.sum())
    for y, x in np.argwhere(removed):
        row = number[y, x]
        for down, along in NEIGHBOURS:
            to = (y + down, x + along)
            if min(to) < 0 or to[0] >= removed.shape[0] or to[1] >= removed.shape[1]:
                continue
            weight = 1 / 12 if down and along else 1 / 6
            entries.append((row, row, weight))
            if removed[to]:
                entries.append((row, number[to], -weight))
            else:
                right[row] += weight * image[to]
    rows, columns, values = zip(*entries, strict=True)
    filled = image.astype(np.float64)
    filled[removed] = spsolve(coo_matrix((values, (rows, columns))).tocsc(), right)
    return filled


def _removed(kind: str, share: float, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    noise = generator.random(size)
    cells = np.kron(generator.random((4, 4)), np.ones((size[0] // 4 + 1, size[1] // 4 + 1)))
    y, x = np.mgrid[: size[0], : size[1]]
    order = {"scattered": noise, "corner": -(y + x + noise), "cells": cells[: size[0], : size[1]]}
    rank = (order[kind] + 1e-3 * noise).ravel().argsort().argsort().reshape(size)
    return rank < round(share * noise.size)


@pytest.mark.parametrize("kind", ["scattered", "cells", "corner"])
@pytest.mark.parametrize("size", [(64, 64), (32, 48), (21, 30)])
def test_filled_pixels_are_the_solution_of_scipy(kind: str, size: tuple[int, int]) -> None:
    images = np.random.default_rng(1).random((3, *size, 1)).astype(np.float32)
    removed = np.stack([_removed(kind, share, size) for share in (0.1, 0.5, 0.9)])
    filled = np.asarray(impute(images, removed))
    for image, gone, found in zip(images[..., 0], removed, filled[..., 0], strict=True):
        np.testing.assert_allclose(found, solved_by_scipy(image, gone), atol=IMPUTATION)
        np.testing.assert_array_equal(found[~gone], image[~gone])
    assert (np.asarray(residual(filled, removed)) <= TOLERANCE + 1e-6).all()


def test_residual_is_that_of_the_equations() -> None:
    image = np.random.default_rng(0).random((1, 8, 8, 2)).astype(np.float32)
    removed = np.zeros((1, 8, 8), np.bool_)
    removed[0, 0, 3] = True
    around = [((0, 2), 2), ((0, 4), 2), ((1, 3), 2), ((1, 2), 1), ((1, 4), 1)]
    miss = sum(w * (image[0][at] - image[0, 0, 3]) for at, w in around) / 12
    np.testing.assert_allclose(residual(image, removed), np.abs(miss).max(), rtol=RELATIVE)


def test_an_image_is_filled_alike_beside_any_others() -> None:
    images = np.random.default_rng(1).random((70, 32, 32, 1)).astype(np.float32)
    removed = np.stack([_removed("cells", 0.1 + 0.01 * i, (32, 32), seed=i) for i in range(70)])
    together = np.asarray(impute(images, removed))
    alone = np.asarray(impute(images[40:41], removed[40:41]))
    np.testing.assert_allclose(together[40:41], alone, atol=1e-6)


def test_channels_are_filled_each_by_itself() -> None:
    images = np.random.default_rng(1).random((2, 16, 16, 3)).astype(np.float32)
    removed = np.stack([_removed("cells", 0.5, (16, 16), seed=i) for i in range(2)])
    together = np.asarray(impute(images, removed))
    for channel in range(3):
        alone = impute(images[..., channel : channel + 1], removed)
        np.testing.assert_allclose(together[..., channel], alone[..., 0], atol=1e-6)


def test_an_image_that_keeps_nothing_gives_numbers() -> None:
    filled = impute(np.ones((1, 16, 16, 1), np.float32), np.ones((1, 16, 16), np.bool_))
    assert np.isfinite(filled).all()


def test_a_cycle_is_symmetric_as_conjugate_gradients_need_it() -> None:
    gone = jnp.asarray(_removed("cells", 0.6, (16, 16))[..., None], jnp.float32)
    levels = grids(gone, 1 - gone)
    basis = jnp.eye(256).reshape(256, 16, 16, 1) * gone
    matrix = np.asarray(jax.vmap(lambda one: cycle(levels, one))(basis)).reshape(256, 256)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-5)
    inside = np.flatnonzero(np.asarray(gone))
    assert np.linalg.eigvalsh(matrix[np.ix_(inside, inside)].astype(np.float64)).min() > 0


def test_restriction_is_the_transpose_of_interpolation() -> None:
    fine, coarse = jnp.eye(64).reshape(8, 8, 64), jnp.eye(16).reshape(4, 4, 16)
    np.testing.assert_allclose(
        np.asarray(_finer(coarse)).reshape(64, 16), np.asarray(_coarser(fine)).reshape(16, 64).T
    )
