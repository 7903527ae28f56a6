import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gimefive_jax.api import Classifier, load
from gimefive_jax.data import Split, sample_faces
from gimefive_jax.errors import InputError
from gimefive_jax.explained.opened import open_export
from gimefive_jax.explained.summary import read_summary
from gimefive_jax.scaling import Scaling
from tests.relative import relative_difference
from tests.tolerances import RELATIVE, SAME_PROGRAM

LAYER = "block5/activation"


@pytest.fixture(scope="module")
def classifier(tiny_run: Path) -> Classifier:
    return load(tiny_run)


@pytest.fixture(scope="module")
def split(classifier: Classifier) -> Split:
    return classifier.open_split("test")


@pytest.fixture(scope="module")
def exported(
    classifier: Classifier, split: Split, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("export") / "test"
    classifier.export_explanations(split, folder)
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of every file in a folder, by its path there."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_face_has_its_row_its_map_and_its_activations(exported: Path, split: Split):
    rows = _rows(exported)
    assert [row["file_name"] for row in rows] == list(split.file_names)
    for method in ("hirescam", "gradcam"):
        heat_maps = open_export(exported).heat_maps(method, LAYER)
        assert (heat_maps.shape, heat_maps.dtype) == ((len(split), 2, 2), np.float32)


def test_activations_are_written_where_they_are_asked_for(
    classifier: Classifier, split: Split, exported: Path, tmp_path: Path
):
    assert not (exported / "activations").exists()
    classifier.export_explanations(split, tmp_path / "out", activations=True, pictures="none")
    export = open_export(tmp_path / "out")
    for block, side in zip(range(1, 6), (32, 16, 8, 4, 2), strict=True):
        layer = f"block{block}/activation"
        means, strongest = export.activations(layer), export.strongest_channels(layer)
        assert means.shape == (len(split), side, side)
        num_channels = strongest.shape[1]
        assert strongest.shape == (len(split), num_channels, side, side)
        numbers = np.asarray(export.channel_numbers(layer))
        assert all(len(set(row)) == num_channels for row in numbers.tolist())
        strength = np.asarray(strongest).mean((2, 3))
        assert (np.diff(strength, axis=1) <= SAME_PROGRAM).all()
        assert (np.asarray(means) >= 0).all()
        if num_channels < 8:
            # These are all channels of the layer.
            np.testing.assert_allclose(
                np.asarray(strongest).mean(1), means, rtol=RELATIVE, atol=RELATIVE
            )


def test_hirescam_maps_sum_to_the_logit_less_the_bias_effect(exported: Path):
    heat_maps = open_export(exported).heat_maps("hirescam", LAYER)
    for row, heat_map in zip(_rows(exported), np.asarray(heat_maps, np.float64), strict=True):
        logit, effect = float(row["target_logit"]), float(row[f"b_eff:{LAYER}"])
        size = abs(logit) + abs(effect) + np.abs(heat_map).sum()
        assert abs(heat_map.sum() - (logit - effect)) <= RELATIVE * size


def test_every_column_of_the_manifest_is_of_its_own_array(
    classifier: Classifier, split: Split, tmp_path: Path
):
    # Neither in alphabetical order: jit sorts the keys of what it returns.
    methods, layers = ("hirescam", "gradcam"), (LAYER, "block3/conv", "block4")
    classifier.export_explanations(
        split, tmp_path / "out", methods=methods, layers=layers, pictures="none"
    )
    rows = _rows(tmp_path / "out")
    for method in methods:
        for layer in layers:
            heat_maps = open_export(tmp_path / "out").heat_maps(method, layer)
            sums = [float(row[f"sum:{method}:{layer}"]) for row in rows]
            np.testing.assert_allclose(
                sums, np.asarray(heat_maps).sum((1, 2), dtype=np.float64), rtol=1e-6, atol=1e-7
            )


def test_a_split_equals_its_faces_one_by_one(classifier: Classifier, split: Split, exported: Path):
    heat_maps = open_export(exported).heat_maps("gradcam", LAYER)
    for i in (0, 7, 29):
        alone = classifier.explain([split.images[i]], methods=("gradcam",))["gradcam", LAYER]
        assert relative_difference(alone.heat_map[0], heat_maps[i]) < RELATIVE
        assert classifier.emotions[alone.target[0]] == _rows(exported)[i]["predicted"]


def test_neither_padding_nor_devices_change_a_map(
    classifier: Classifier, split: Split, exported: Path, tmp_path: Path
):
    import dataclasses

    from gimefive_jax import parallel
    from gimefive_jax.config import replace

    alone = dataclasses.replace(
        classifier, config=replace(classifier.config, {"explanation.batch_size": 7})
    )
    alone.__dict__["mesh"] = parallel.make_mesh(1)
    alone.export_explanations(split, tmp_path / "out", pictures="none")
    found, wanted = (
        np.asarray(open_export(folder).heat_maps("hirescam", LAYER))
        for folder in (tmp_path / "out", exported)
    )
    assert relative_difference(found, wanted) < SAME_PROGRAM * 10


@pytest.mark.parametrize("targets", ["label", "fear"])
def test_the_target_is_the_one_asked_for(
    classifier: Classifier, split: Split, targets: str, tmp_path: Path
):
    classifier.export_explanations(split, tmp_path / "out", targets=targets, pictures="none")
    for row in _rows(tmp_path / "out"):
        assert row["target"] == (row["label"] if targets == "label" else "fear")
    assert not (tmp_path / "out" / "pictures").exists()


def test_a_sample_is_spread_over_the_split(classifier: Classifier, split: Split, tmp_path: Path):
    part = sample_faces(split, 6)
    classifier.export_explanations(part, tmp_path / "out", pictures="all")
    rows = _rows(tmp_path / "out")
    assert [row["index"] for row in rows] == ["0", "5", "10", "15", "20", "25"]
    assert [row["file_name"] for row in rows] == list(split.file_names[::5])
    pictures = sorted((tmp_path / "out" / "pictures").iterdir())
    assert len(pictures) == 6
    with Image.open(pictures[0]) as picture:
        assert picture.width > 3 * 192


def test_the_summary_says_what_was_exported(exported: Path, split: Split):
    summary = json.loads((exported / "explanation.json").read_text())
    assert (summary["count"], summary["split"]) == (30, "test")
    assert summary["data_sha256"] == split.digest
    assert (summary["methods"], summary["layers"]) == (["layercam", "hirescam", "gradcam"], [LAYER])
    assert summary["maps"][0] == ["layercam", "block3/activation"]


def test_a_failed_export_leaves_the_old_one_and_the_next_call_goes_on(
    classifier: Classifier, split: Split, exported: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = files_of(exported)
    monkeypatch.setattr("gimefive_jax.explained.export.write_pictures", fail)
    with pytest.raises(OSError, match="No space left"):
        classifier.export_explanations(split, exported)
    assert files_of(exported) == before
    assert sorted(path.name for path in exported.parent.iterdir()) == ["test", "test.unfinished"]
    monkeypatch.undo()
    # Nothing is computed again: the shards are there.
    monkeypatch.setattr("gimefive_jax.explained.writer.ShardWriter.add", fail)
    classifier.export_explanations(split, exported)
    assert files_of(exported) == before
    assert [path.name for path in exported.parent.iterdir()] == ["test"]


def test_unknown_methods_and_targets_are_refused(
    classifier: Classifier, split: Split, tmp_path: Path
):
    with pytest.raises(InputError, match="did you mean 'hirescam'"):
        classifier.export_explanations(split, tmp_path / "out", methods=("hirescan",))
    with pytest.raises(InputError, match=r"'glee'.*happiness"):
        classifier.export_explanations(split, tmp_path / "out", targets="glee")
    assert list(tmp_path.iterdir()) == []


def test_a_calibration_changes_probabilities_and_no_map(
    classifier: Classifier, split: Split, exported: Path, tmp_path: Path
):
    calibrated = dataclasses.replace(classifier, scaling=Scaling("power", (0.5, 1.5)))
    calibrated.export_explanations(split, tmp_path / "out", pictures="none")
    found_maps, maps = (
        np.asarray(open_export(folder).heat_maps("hirescam", LAYER))
        for folder in (tmp_path / "out", exported)
    )
    np.testing.assert_array_equal(found_maps, maps)
    assert read_summary(tmp_path / "out").calibration == calibrated.scaling
    wanted = calibrated.predict(list(split.images)).probabilities
    found = _rows(tmp_path / "out")
    for row, raw, shares in zip(found, _rows(exported), np.asarray(wanted), strict=True):
        assert (row["predicted"], row["target_logit"]) == (raw["predicted"], raw["target_logit"])
        values = [float(row[f"probability:{emotion}"]) for emotion in split.emotions]
        np.testing.assert_allclose(values, shares, atol=SAME_PROGRAM)


def test_a_difference_explains_why_the_one_and_not_the_other(
    classifier: Classifier, split: Split, tmp_path: Path
):
    layer = "block3/activation"
    exports = {}
    for targets in ("happy-fear", "happiness", "fear"):
        classifier.export_explanations(
            split, tmp_path / targets, targets=targets, layers=layer, pictures="none"
        )
        exports[targets] = open_export(tmp_path / targets)
    both, one, other = exports.values()
    assert both.summary.targets == "happiness-fear"
    for row, first, second in zip(both.rows, one.rows, other.rows, strict=True):
        assert (row.target, row.against) == ("happiness", "fear")
        assert row.target_logit == pytest.approx(first.score, abs=1e-5)
        assert row.score == pytest.approx(first.score - second.score, abs=1e-5)
    maps = [np.asarray(export.heat_maps("hirescam", layer)) for export in (both, one, other)]
    assert relative_difference(maps[0], maps[1] - maps[2]) < RELATIVE


class _Halves:
    """Mass in the upper and in the lower half of each map."""

    names = ("upper", "lower")

    def __call__(self, rows: np.ndarray, heat_maps: np.ndarray) -> np.ndarray:
        middle = heat_maps.shape[1] // 2
        halves = (heat_maps[:, :middle], heat_maps[:, middle:])
        found = np.stack([half.sum((1, 2)) for half in halves], axis=1)
        # A number that is not known.
        found[rows == 3, 1] = np.nan
        return found


@pytest.mark.parametrize("targets", ["predicted", "all"])
def test_further_columns_are_measured_on_each_map(
    classifier: Classifier, split: Split, targets: str, tmp_path: Path
):
    classifier.export_explanations(
        split, tmp_path / "out", targets=targets, measures=[_Halves()], pictures="none"
    )
    export = open_export(tmp_path / "out")
    maps = {key: np.asarray(export.heat_maps(*key)) for key in export.maps}
    for row in export.rows:
        for key, (low, high) in row.scales.items():
            heat_map = maps[key][row.row]
            if targets == "all":
                heat_map = heat_map[split.emotions.index(row.target)]
            assert (low, high) == (heat_map.min(), heat_map.max())
            upper = heat_map[: len(heat_map) // 2].sum()
            assert row.measures["upper"][key] == pytest.approx(upper, abs=1e-6)
            assert (row.measures["lower"][key] is None) == (row.row == 3)


def test_a_method_of_the_input_has_one_array_whatever_layers_are_named(
    classifier: Classifier, split: Split, tmp_path: Path
):
    layers = (LAYER, "block3/activation")
    classifier.export_explanations(
        sample_faces(split, 4),
        tmp_path / "out",
        methods=("integrated_gradients", "hirescam"),
        layers=layers,
        pictures="all",
    )
    export = open_export(tmp_path / "out")
    assert export.maps == (
        ("integrated_gradients", "input"),
        *(("hirescam", layer) for layer in layers),
    )
    assert export.heat_maps("integrated_gradients", "input").shape == (4, 32, 32)
    assert set(export.rows[0].sums) == set(export.maps)
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 4
