import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.explained.evidence import (
    EvidenceOfMaps,
    measure_evidence,
)
from gimefive_jax.explanation.methods import is_degenerate

EMOTIONS = ("happiness", "surprise")


def _evidence(num_faces: int = 12) -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.random((num_faces, 64, 64)) < 0.2


def _maps(num_faces: int = 12, grid: tuple[int, int] = (4, 4)) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(num_faces, *grid)).astype(np.float32)


def _measure(heat_maps: np.ndarray, evidence: np.ndarray, **changed: object) -> EvidenceOfMaps:
    count = len(heat_maps)
    known = {
        "images": np.random.default_rng(2).integers(0, 256, (count, 64, 64, 3), np.uint8),
        "labels": np.arange(count, dtype=np.int32) % 2,
        "explained": np.arange(count, dtype=np.int32) // 2 % 2,
        "correct": np.arange(count) % 3 > 0,
        "emotions": EMOTIONS,
    }
    return measure_evidence(heat_maps, evidence, **{**known, **changed})


def test_uniform_map_reaches_chance() -> None:
    evidence = _evidence()
    uniform = np.full((12, 4, 4), 0.3, np.float32)
    found = _measure(uniform, evidence).all
    assert found.enrichment == pytest.approx(1)
    assert found.share == pytest.approx(found.chance)


def test_map_without_a_positive_cell_counts_as_uniform_and_as_degenerate() -> None:
    maps, evidence = _maps(), _evidence()
    maps[0], maps[1] = 0, -1
    assert is_degenerate(maps).tolist() == [True, True] + [False] * 10
    assert _measure(maps, evidence).num_degenerate == 2


def test_all_mass_on_the_evidence_is_a_share_of_one_and_beats_every_baseline() -> None:
    evidence = np.zeros((4, 64, 64), np.bool_)
    evidence[:, 16:32, :16] = True
    maps = np.zeros((4, 4, 4), np.float32)
    maps[:, 1, 0] = 2.5
    flat = np.full((4, 64, 64, 1), 128, np.uint8)
    found = _measure(maps, evidence, images=flat).all
    beside = found.beside
    assert beside["edges"].share == beside["uniform"].share == found.chance == 1 / 16
    assert found.share == found.best_cell == found.above_chance == found.pointing_game == 1
    assert found.enrichment == 16
    assert beside["uniform"].difference_interval_95 == (15 / 16, 15 / 16)
    assert beside["centre_gaussian"].difference_interval_95[0] > 0
    assert beside["random"].difference_interval_95[0] > 0
    # All maps are the same one, so the category's mean is as good.
    assert beside["class_mean"].difference_interval_95 == (0, 0)


def test_no_map_does_better_than_the_best_cell() -> None:
    evidence = _evidence()
    maps = _maps()
    for i in range(12):
        found = _measure(maps[i : i + 1], evidence[i : i + 1], emotions=("happiness",)).all
        assert found.share <= found.best_cell + 1e-12
        assert all(one.share <= found.best_cell + 1e-12 for one in found.beside.values())


def test_other_maps_stand_beside_on_grids_of_their_own() -> None:
    evidence = _evidence()
    found = _measure(_maps(), evidence, beside={"occlusion": evidence.astype(np.float32)}).all
    assert list(found.beside) == [
        "random",
        "uniform",
        "centre_gaussian",
        "edges",
        "class_mean",
        "occlusion",
    ]
    assert found.beside["occlusion"].share == 1
    assert found.beside["occlusion"].difference_interval_95[1] < 0


def test_the_mean_map_is_that_of_faces_explained_as_the_same_category() -> None:
    evidence, maps = _evidence(4), _maps(4)
    found = _measure(maps, evidence, explained=np.array([0, 0, 1, 1])).all
    other = maps[[1, 0, 3, 2]]
    wanted = _measure(other, evidence).all.share
    assert found.beside["class_mean"].share == pytest.approx(wanted)


def test_differences_are_paired_face_by_face() -> None:
    evidence, maps = _evidence(), _maps()
    found = _measure(maps, evidence, beside={"itself": maps}).all
    assert found.beside["itself"].difference_interval_95 == (0, 0)
    assert found.share_interval_95[0] < found.share < found.share_interval_95[1]


def test_groups_add_up_to_the_whole() -> None:
    found = _measure(_maps(), _evidence())
    whole = found.all
    for groups in (found.per_category.values(), (found.correct, found.wrong)):
        assert sum(group.count for group in groups) == whole.count == 12
        mean = sum(group.count * group.share for group in groups) / 12
        assert mean == pytest.approx(whole.share)


def test_a_group_without_faces_and_faces_without_evidence_are_none_not_nan() -> None:
    nothing = np.zeros((12, 64, 64), np.bool_)
    found = _measure(_maps(), nothing, labels=np.zeros(12, np.int32), correct=np.ones(12, np.bool_))
    assert found.per_category["surprise"] is None
    assert found.wrong is None
    assert found.all.share == found.all.chance == 0
    assert found.all.enrichment is None


def test_map_finer_than_the_evidence_is_refused() -> None:
    with pytest.raises(InputError, match="finer than the mask"):
        _measure(_maps(2, (96, 96)), _evidence(2))
