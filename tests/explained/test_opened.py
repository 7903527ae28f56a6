"""The folder of an explained split: written and read back, and one of earlier code."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.api import load
from gimefive_jax.errors import InputError
from gimefive_jax.explained.evidence_file import Evidence, measure_export, read_evidence
from gimefive_jax.explained.opened import Export, open_export
from tests.tolerances import RELATIVE

LAYERS = ("block5/activation", "block3/conv")
BEFORE = Path(__file__).parent / "export_before"
"""Summary and first rows of the manifest, from code that wrote plain dictionaries."""


@pytest.fixture(scope="module")
def export(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder = tmp_path_factory.mktemp("opened") / "test"
    classifier = load(tiny_run)
    split = classifier.open_split("test")
    classifier.export_explanations(split, folder, layers=LAYERS, activations=True, pictures="none")
    opened = open_export(folder)
    measure_export(opened, split, model_name="tiny").write(folder)
    return opened


def test_summary_manifest_and_arrays_are_of_the_same_faces(export: Export):
    assert export.summary.layers == LAYERS
    assert [row.row for row in export.rows] == list(range(export.summary.count))
    for method in export.summary.methods:
        for layer in LAYERS:
            heat_maps = export.heat_maps(method, layer)
            sums = [row.sums[method, layer] for row in export.rows]
            np.testing.assert_allclose(
                sums, np.asarray(heat_maps).sum((1, 2), dtype=np.float64), rtol=1e-6, atol=1e-7
            )
    flat = [flag for row in export.rows for flag in row.degenerate.values()]
    assert sum(flat) == export.summary.num_degenerate_maps


def test_the_measured_gap_is_small_where_the_identity_holds(export: Export):
    for row in export.rows:
        gap, share = row.gaps["hirescam", "block5/activation"], row.bias_shares["block5/activation"]
        assert gap is not None
        assert share is not None
        assert gap < RELATIVE
        assert 0 <= share <= 1


def test_probabilities_of_a_row_sum_to_one_and_the_predicted_is_the_largest(export: Export):
    for row in export.rows:
        assert sum(row.probabilities.values()) == pytest.approx(1)
        assert max(row.probabilities, key=lambda name: row.probabilities[name]) == row.predicted
        assert row.is_correct == (row.label == row.predicted)


def test_the_summary_that_is_written_is_read(export: Export, tmp_path: Path):
    for reference in (False, True):
        summary = dataclasses.replace(export.summary, reference=reference)
        summary.write(tmp_path)
        assert open_export(tmp_path).summary == summary


def test_the_evidence_that_is_written_is_read(export: Export, tmp_path: Path):
    found = read_evidence(export.folder)
    assert isinstance(found, Evidence)
    found.write(tmp_path)
    before, after = (folder / "evidence.json" for folder in (export.folder, tmp_path))
    assert after.read_bytes() == before.read_bytes()
    assert list(found.maps) == ["hirescam", "gradcam"]


def test_evidence_of_an_earlier_version_says_how_to_make_it_anew(export: Export, tmp_path: Path):
    values = json.loads((export.folder / "evidence.json").read_text())
    for layers in values["maps"].values():
        for found in layers.values():
            del found["all"]["beside"]
    (tmp_path / "evidence.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=r"beside is missing.*earlier version"):
        read_evidence(tmp_path)


def test_a_folder_of_the_code_before_is_read_and_written_with_its_calibration(tmp_path: Path):
    opened = open_export(BEFORE)
    opened.summary.write(tmp_path)
    name = "explanation.json"
    written, before = (json.loads((folder / name).read_text()) for folder in (tmp_path, BEFORE))
    # A temperature was the one way to calibrate then.
    assert before.pop("temperature") == 1.0
    assert written.pop("calibration") == {"kind": "temperature", "parameters": [1.0]}
    assert written == before
    first = opened.rows[0]
    assert (first.file_name, first.target, first.is_correct) == (
        "test_000000.png",
        "surprise",
        True,
    )
    assert first.probabilities["happiness"] == 0.120246779
    assert first.bias_shares["block3/activation"] == 0.114173119
    assert first.sums["gradcam", "block3/activation"] == 0.0970738587
    # Completeness was not measured then.
    assert set(first.gaps.values()) == {None}


def test_arrays_that_are_not_there_are_named_with_those_that_are(export: Export):
    with pytest.raises(InputError, match=r"score_cam\.block5-activation\.zarr.*hirescam"):
        export.heat_maps("score_cam", "block5/activation")
    with pytest.raises(InputError, match="block1/activation"):
        export.activations("block9/activation")


def test_what_is_no_export_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"explanation\.json.*gimefive explain"):
        open_export(tmp_path)


@pytest.mark.parametrize("damage", ["header", "cell"])
def test_a_damaged_manifest_is_named_with_its_line(damage: str, tmp_path: Path):
    folder = tmp_path / "export"
    shutil.copytree(BEFORE, folder)
    path = folder / "manifest.csv"
    text = path.read_text()
    path.write_text(
        text.replace("b_eff:block5", "b:block5")
        if damage == "header"
        else text.replace("1.01392472", "one")
    )
    with pytest.raises(InputError, match=r"manifest\.csv is damaged at line [12]"):
        list(open_export(folder).rows)


def test_a_summary_of_another_type_is_named_by_its_field(tmp_path: Path):
    values = json.loads((BEFORE / "explanation.json").read_text())
    (tmp_path / "explanation.json").write_text(json.dumps({**values, "layers": "block5"}))
    with pytest.raises(InputError, match="layers"):
        open_export(tmp_path)
