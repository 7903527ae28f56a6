import jax.numpy as jnp
import numpy as np

from gimefive_jax.faces.anchors import Detections, anchor_centres, blend_doubles, decode
from gimefive_jax.faces.blazeface import NUM_ANCHORS, AnchorOutputs
from gimefive_jax.faces.found import FaceBox


def _proposals(*rows: tuple[float, float, float, float, float]) -> Detections:
    """One image; left, top, right, bottom and score of each proposal."""
    numbers = jnp.asarray(rows, jnp.float32)[None]
    centres = (numbers[..., :2] + numbers[..., 2:4]) / 2
    keypoints = jnp.broadcast_to(centres[:, :, None], (1, len(rows), 6, 2))
    return Detections(numbers[..., :4], keypoints, numbers[..., 4])


def _blended(found: Detections, *, min_score: float = 0.5, max_faces: int = 4) -> Detections:
    return blend_doubles(found, jnp.asarray([min_score]), max_faces=max_faces)


def test_anchors_are_the_middles_of_two_grids():
    centres = anchor_centres()
    assert centres.shape == (NUM_ANCHORS, 2)
    np.testing.assert_allclose(centres[[0, 1, 2, 32, 511]] * 16, [
        [0.5, 0.5], [0.5, 0.5], [1.5, 0.5], [0.5, 1.5], [15.5, 15.5],
    ])  # fmt: skip
    np.testing.assert_allclose(centres[[512, 517, 518, 560]] * 8, [
        [0.5, 0.5], [0.5, 0.5], [1.5, 0.5], [0.5, 1.5],
    ])  # fmt: skip


def test_values_are_pixels_of_128_around_the_anchor():
    values = np.zeros((1, NUM_ANCHORS, 16), np.float32)
    values[0, 3] = [12.8, -6.4, 25.6, 51.2, 1.28, 2.56, *[0] * 10]
    found = decode(AnchorOutputs(np.zeros((1, NUM_ANCHORS), np.float32), values))
    x, y = anchor_centres()[3]
    np.testing.assert_allclose(
        found.corners[0, 3],
        [x + 0.1 - 0.1, y - 0.05 - 0.2, x + 0.1 + 0.1, y - 0.05 + 0.2],
        atol=1e-6,
    )
    np.testing.assert_allclose(found.keypoints[0, 3, 0], [x + 0.01, y + 0.02], atol=1e-6)
    assert found.scores[0, 3] == 0.5


def test_proposals_of_one_face_are_averaged_by_score_and_keep_the_best_one():
    found = _blended(_proposals((0.1, 0.1, 0.3, 0.3, 0.6), (0.12, 0.1, 0.32, 0.3, 0.9)))
    np.testing.assert_allclose(found.scores[0], [0.9, 0, 0, 0])
    left = (0.1 * 0.6 + 0.12 * 0.9) / 1.5
    np.testing.assert_allclose(found.corners[0, 0], [left, 0.1, left + 0.2, 0.3], atol=1e-6)
    np.testing.assert_allclose(found.keypoints[0, 0, 2], [left + 0.1, 0.2], atol=1e-6)


def test_faces_apart_are_kept_the_surest_first_and_weak_ones_are_none():
    boxes = (0.1, 0.1, 0.3, 0.3, 0.6), (0.5, 0.5, 0.7, 0.7, 0.8), (0.8, 0.1, 0.9, 0.2, 0.4)
    found = _blended(_proposals(*boxes))
    np.testing.assert_allclose(found.scores[0], [0.8, 0.6, 0, 0])
    np.testing.assert_allclose(found.corners[0, :2], [boxes[1][:4], boxes[0][:4]], atol=1e-6)
    np.testing.assert_allclose(_blended(_proposals(*boxes), max_faces=1).scores, [[0.8]])
    assert (_blended(_proposals(*boxes), min_score=0.3).scores[0] > 0).sum() == 3


def test_a_proposal_without_an_area_ends_the_search_for_its_doubles():
    found = _blended(_proposals((0.5, 0.5, 0.5, 0.5, 0.9), (0.1, 0.1, 0.3, 0.3, 0.6)))
    np.testing.assert_allclose(found.scores[0], [0.9, 0.6, 0, 0])
    assert np.isfinite(found.corners).all()


def test_blending_is_what_a_plain_loop_gives():
    generator = np.random.default_rng(0)
    corner = generator.uniform(0, 1, (200, 2))
    rows = np.concatenate(
        [
            corner,
            corner + generator.uniform(0.05, 0.3, (200, 2)),
            generator.uniform(0, 1, (200, 1)),
        ],
        axis=1,
    )
    expected = []
    left = sorted((row for row in rows if row[4] >= 0.5), key=lambda row: -row[4])
    while left and len(expected) < 32:
        box = FaceBox(*left[0][:2], *(left[0][2:4] - left[0][:2]))
        same = [box.overlap(FaceBox(*row[:2], *(row[2:4] - row[:2]))) > 0.3 for row in left]
        group = np.array([row for row, is_same in zip(left, same, strict=True) if is_same])
        expected.append([*np.average(group[:, :4], axis=0, weights=group[:, 4]), left[0][4]])
        left = [row for row, is_same in zip(left, same, strict=True) if not is_same]
    found = _blended(_proposals(*map(tuple, rows)), max_faces=32)
    count = len(expected)
    np.testing.assert_allclose(found.corners[0, :count], np.array(expected)[:, :4], atol=1e-5)
    np.testing.assert_allclose(found.scores[0, :count], np.array(expected)[:, 4], atol=1e-6)
    assert not found.scores[0, count:].any()
