import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from gimefive_jax import api
from gimefive_jax.api import Classifier
from gimefive_jax.data import Split, sample_faces
from gimefive_jax.errors import InputError
from gimefive_jax.explanation.faithfulness.mass import mass_on
from gimefive_jax.faithfulness import (
    FaceCounts,
    FaithfulnessPlan,
    MeasuredSplit,
    PlannedMaps,
    measure_split,
    read_faithfulness,
)
from gimefive_jax.faithfulness.planning import make_plan

LAYER = "block4/activation"
PLAN = FaithfulnessPlan(
    maps=(PlannedMaps("hirescam", LAYER), PlannedMaps("gradcam", LAYER, on_few_faces=True)),
    metrics=("deletion", "planted_evidence"),
    counts=FaceCounts(perturbed=12, few=6),
)


@pytest.fixture(scope="module")
def classifier(tiny_run: Path) -> Classifier:
    return api.load(tiny_run)


@pytest.fixture(scope="module")
def split(classifier: Classifier) -> Split:
    return classifier.open_split("test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faithfulness") / "out"


@pytest.fixture(scope="module")
def found(classifier: Classifier, split: Split, folder: Path) -> MeasuredSplit:
    return measure_split(classifier, split, PLAN, folder)


def test_what_is_written_is_what_is_read(found: MeasuredSplit, folder: Path):
    assert read_faithfulness(folder) == found.summary


def test_a_mean_is_that_of_the_maps(found: MeasuredSplit, classifier: Classifier, split: Split):
    [explained] = classifier.explain(list(split.images), layers=LAYER, methods="hirescam").values()
    shares = np.asarray(mass_on(np.asarray(explained.heat_map), split.extras["evidence"]))
    maps = found.summary.maps_of("hirescam", LAYER)
    assert maps is not None
    measure = maps.measures["planted_evidence"]
    assert measure.all is not None
    assert measure.all.mean == pytest.approx(shares.mean(), rel=1e-4)
    assert measure.all.count == len(split)
    low, high = measure.all.interval_95
    assert low < measure.all.mean < high


def test_groups_add_up_to_the_whole(found: MeasuredSplit):
    for maps in found.summary.maps:
        for measure in maps.measures.values():
            assert measure.all is not None
            parts = [measure.correct, measure.wrong]
            for groups in (parts, list(measure.per_category.values())):
                known = [one for one in groups if one is not None]
                assert sum(one.count for one in known) == measure.all.count
                total = sum(one.count * one.mean for one in known)
                assert total == pytest.approx(measure.all.count * measure.all.mean)


def test_maps_on_few_faces_are_measured_on_faces_of_the_others(found: MeasuredSplit):
    few = found.summary.maps_of("gradcam", LAYER)
    assert few is not None
    assert few.count == 6
    many, fewer = (
        {row for row, value in enumerate(columns["planted_evidence"]) if np.isfinite(value)}
        for key, columns in found.table.columns.items()
        if key.kind == "method"
    )
    assert fewer < many


def test_gains_are_paired_and_positive_where_the_map_is_better(found: MeasuredSplit):
    summary = found.summary
    maps = summary.maps_of("hirescam", LAYER)
    random = summary.maps_of("random", "4x4")
    assert maps is not None
    assert random is not None
    ours, theirs = maps.measures["planted_evidence"], random.measures["planted_evidence"]
    assert ours.all is not None
    assert theirs.all is not None
    assert ours.gains["random"].mean == pytest.approx(ours.all.mean - theirs.all.mean)
    assert set(ours.gains) == {"random", "uniform", "centre_gaussian", "edges", "class_mean"}
    assert not theirs.gains


def test_the_same_call_computes_nothing_again(
    found: MeasuredSplit, classifier: Classifier, split: Split, folder: Path
):
    said: list[str] = []
    again = measure_split(classifier, split, PLAN, folder, say=said.append)
    assert again.summary == found.summary
    assert said == ["intervals"]


def test_other_faces_do_not_use_the_steps_of_these(
    found: MeasuredSplit, classifier: Classifier, split: Split, folder: Path
):
    part = sample_faces(split, 9)
    other = measure_split(classifier, part, PLAN, folder)
    assert other.summary.count == 9
    [explained] = classifier.explain(list(part.images), layers=LAYER, methods="hirescam").values()
    np.testing.assert_allclose(other.maps[0].heat_map, explained.heat_map, rtol=1e-4, atol=1e-6)
    measure_split(classifier, split, PLAN, folder)


def test_a_damaged_step_is_named(
    found: MeasuredSplit, classifier: Classifier, split: Split, tmp_path: Path
):
    measure_split(classifier, split, PLAN, tmp_path / "out")
    part = tmp_path / "out" / "parts" / "logits.safetensors"
    part.write_bytes(part.read_bytes()[:30])
    with pytest.raises(InputError, match=r"logits\.safetensors is damaged.*remove it"):
        measure_split(classifier, split, PLAN, tmp_path / "out")


def test_values_of_every_face_are_a_table(found: MeasuredSplit, split: Split, folder: Path):
    table = pyarrow.parquet.read_table(folder / "faithfulness.parquet").to_pylist()
    rows = [row for row in table if row["method"] == "hirescam"]
    assert [row["file_name"] for row in rows] == list(split.file_names)
    mean = np.mean([row["planted_evidence"] for row in rows])
    maps = found.summary.maps[0]
    assert maps.measures["planted_evidence"].all is not None
    assert mean == pytest.approx(maps.measures["planted_evidence"].all.mean)
    header, *lines = (folder / "faithfulness.csv").read_text().splitlines()
    assert "planted_evidence" in header
    assert len(lines) == len(table)


def test_other_files_are_not_replaced(classifier: Classifier, split: Split, tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="holds other files"):
        measure_split(classifier, split, PLAN, tmp_path)


def test_stages_of_randomisation_go_from_the_head_down(
    classifier: Classifier, split: Split, tmp_path: Path
):
    plan = dataclasses.replace(PLAN, maps=PLAN.maps[:1], metrics=("randomisation", "random_logit"))
    found = measure_split(classifier, split, plan, tmp_path / "out").summary
    stages = found.maps[0].sanity
    assert stages[0].layer == "another face"
    assert stages[1].layer.startswith("head") or "logits" in stages[1].layer
    assert stages[-1].layer.startswith("block1")
    assert stages[-1].spearman.mean < stages[1].spearman.mean
    # Stages are no metrics of their own, and baselines explain nothing.
    assert set(found.metrics) >= {"random_logit", "completeness_gap"}
    assert [one.method for one in found.maps] == ["hirescam"]


def test_the_default_plan_shows_the_default_map(classifier: Classifier, split: Split):
    plan = make_plan(classifier, split)
    shown = plan.maps[0]
    assert f"{shown.method}@{shown.layer}" == classifier.shown_map
    assert plan.counts == FaceCounts(cheap=None, perturbed=500, few=100)


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"methods": ["hirescan"]}, "hirescam"),
        ({"layers": ["block9"]}, "block9"),
        ({"metrics": ["deletoin"]}, "deletoin"),
    ],
)
def test_unknown_names_are_refused(
    classifier: Classifier, split: Split, asked: dict[str, list[str]], match: str
):
    with pytest.raises(InputError, match=match):
        make_plan(classifier, split, **asked)


def test_no_map_and_a_map_twice_are_refused():
    with pytest.raises(InputError, match="no map"):
        dataclasses.replace(PLAN, maps=())
    with pytest.raises(InputError, match="twice"):
        dataclasses.replace(PLAN, maps=(PLAN.maps[0], PLAN.maps[0]))


def test_perturbed_faces_are_counted(found: MeasuredSplit):
    maps = found.summary.maps_of("hirescam", LAYER)
    assert maps is not None
    deletion = maps.measures["deletion"].all
    assert deletion is not None
    assert deletion.count == 12
    assert 0 < deletion.mean < 1
    counts = [one.measures["deletion"].all for one in found.summary.maps]
    forwards = found.summary.metrics["deletion"].forwards
    assert found.summary.num_forwards == forwards * sum(one.count for one in counts if one)


def test_curves_of_the_same_faces_begin_and_end_alike(found: MeasuredSplit):
    curves = [
        one.curves["deletion_curve"]
        for one in found.summary.maps
        if (measured := one.measures["deletion"].all) is not None and measured.count == 12
    ]
    assert len(curves) > 2
    # The same faces before, and the same mean face after, whatever the order between.
    np.testing.assert_allclose([curve[0] for curve in curves], curves[0][0], rtol=1e-4)
    np.testing.assert_allclose([curve[-1] for curve in curves], curves[0][-1], rtol=1e-4)
