"""A model that no row of the paper's table names goes through every stage."""

import json
from pathlib import Path

import numpy as np
import pytest

import gimefive_jax
from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.explained.opened import open_export
from gimefive_jax.runs import RunFolder
from gimefive_jax.training.experiment import check_same_experiment
from gimefive_jax.training.loop import train


@pytest.fixture(scope="module")
def run(tiny_config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    fields = {"model.input_channels": 1, "model.depth": 3, "model.squeeze_excite": "on"}
    config = replace(tiny_config, {**fields, "training.num_epochs": 1})
    folder = tmp_path_factory.mktemp("runs") / "grey"
    assert train(config, folder, progress=False).ending == "finished"
    return folder


def test_it_is_trained_predicted_and_explained(run: Path, tmp_path: Path):
    classifier = gimefive_jax.load(run)
    params = classifier.variables["params"]
    assert params["block1"]["conv"]["kernel"].shape == (3, 3, 1, 4)
    assert "squeeze_excite" in params["block1"]
    assert classifier.default_layer == "block3/activation"
    split = classifier.open_split("test")
    faces = list(split.images)
    predicted = classifier.predict(faces)
    np.testing.assert_allclose(predicted.logits, classifier.logits(split), rtol=1e-4, atol=1e-5)
    explained = classifier.explain(faces)
    # The map that is drawn, and the exact one.
    assert list(explained) == [(name, "block3/activation") for name in ("layercam", "hirescam")]
    explanation = explained["hirescam", "block3/activation"]
    assert explanation.heat_map.shape == (30, 8, 8)
    classifier.export_explanations(split, tmp_path / "out", pictures="none")
    maps = open_export(tmp_path / "out").heat_maps("hirescam", "block3/activation")
    np.testing.assert_allclose(maps, explanation.heat_map, rtol=1e-3, atol=1e-5)


def test_a_run_of_an_older_release_goes_on(tiny_config: ExperimentConfig, tmp_path: Path):
    values = configs.to_dict(tiny_config)
    for name in ("depth", "input_channels", "squeeze_excite"):
        del values["model"][name]
    del values["reference"]
    (tmp_path / "config.json").write_text(json.dumps(values))
    check_same_experiment(tiny_config, RunFolder(tmp_path))
