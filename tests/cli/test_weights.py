"""Weights on the command line: from any place to any other, and into every verb."""

import csv
import dataclasses
import hashlib
import io
import json
from pathlib import Path

import chex
import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax import cli
from gimefive_jax.config import ExperimentConfig, replace, to_dict
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError
from gimefive_jax.interop import is_weight_file, write_weights
from gimefive_jax.recipes.weights import read_any, write_any
from tests.interop.states import make_weights


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    folder = tmp_path / "faces"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for i, shape in enumerate([(90, 70, 3), (48, 48), (33, 120, 3)]):
        Image.fromarray(generator.integers(0, 256, shape, np.uint8)).save(folder / f"{i}.jpg")
    return folder


def _predict(model: Path, faces: Path, capsys: pytest.CaptureFixture[str]) -> np.ndarray:
    capsys.readouterr()
    assert cli.main(["predict", str(model), str(faces), "--faces", "never"]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    return np.array([[float(row[name]) for name in EMOTIONS] for row in rows])


def test_a_run_and_its_file_predict_the_same(
    tiny_run: Path, faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file, back = tmp_path / "a.safetensors", tmp_path / "back"
    assert cli.main(["weights", "convert", str(tiny_run), str(file)]) == 0
    assert cli.main(["weights", "convert", str(file), str(back)]) == 0
    wanted = _predict(tiny_run, faces, capsys)
    np.testing.assert_array_equal(_predict(file, faces, capsys), wanted)
    np.testing.assert_array_equal(_predict(back, faces, capsys), wanted)


def test_a_run_counts_its_steps_for_torch(tiny_run: Path):
    from gimefive_jax.runs.restoring import restore_run

    weights = restore_run(tiny_run).weights
    step = int(weights.source.split()[-1])
    assert step > 0
    assert set(weights.num_batches_tracked.values()) == {step}


def test_a_run_folder_from_weights_can_be_converted_back_and_trained(
    tmp_path: Path, tiny_run: Path
):
    a, run, b = tmp_path / "a.safetensors", tmp_path / "run", tmp_path / "b.safetensors"
    write_weights(a, make_weights("vgg"))
    assert cli.main(["weights", "convert", str(a), str(run)]) == 0
    assert cli.main(["weights", "convert", str(run), str(b)]) == 0
    from gimefive_jax.interop.safetensors_file import read_tensors

    before, after = read_tensors(a)[1], read_tensors(b)[1]
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        np.testing.assert_array_equal(after[name], tensor)


def test_every_verb_with_a_model_takes_a_file(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_directory: Path
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["weights", "convert", str(tiny_run), "small.safetensors"]) == 0
    data = ["--data-dir", str(data_directory)]
    assert cli.main(["evaluate", "small.safetensors", *data]) == 0
    assert cli.main(["explain", "small.safetensors", "--limit", "3", *data]) == 0
    results = tmp_path / "gimefive-out" / "small.safetensors"
    ours = json.loads((results / "evaluation/drawn_faces-test/metrics.json").read_text())
    classifier = gimefive_jax.load(tiny_run)
    assert ours["accuracy"] == classifier.evaluate("test").accuracy
    assert (results / "explanations/drawn_faces-test/manifest.csv").is_file()


def test_what_exists_is_not_replaced(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    target = tmp_path / "a.safetensors"
    target.write_text("precious")
    assert cli.main(["weights", "convert", str(tiny_run), str(target)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert target.read_text() == "precious"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["RUN", "a.onnx"], "'.onnx' is no kind of weights"),
        (["RUN", "a", "--precision", "float16"], "only .safetensors files"),
        (["RUN", "a.safetensors", "--model", "vgg"], "is a gimefive, not a vgg"),
        (["RUN", "a.safetensors", "--image-size", "96"], "is for faces of"),
        (
            ["RUN", "a.safetensors", "--config", "gimefive_fer2013:vgg"],
            "only run folders take a --config",
        ),
        (["RUN", "a", "--config", "gimefive_fer2013:vgg"], "the config has model.name 'vgg'"),
        (["RUN", "a", "--config", "nothing"], "no config 'nothing'"),
        (["nothing", "a.safetensors"], "no model at nothing"),
        (["nothing.safetensors", "a.pth"], "no file nothing.safetensors"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str],
    message: str,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    words = [str(tiny_run) if word == "RUN" else word for word in words]
    assert cli.main(["weights", "convert", *words]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_show_says_what_a_file_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "a.safetensors"
    write_weights(path, make_weights("gimefive"))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert cli.main(["weights", "show", str(path)]) == 0
    shown = capsys.readouterr().out
    for words in ("gimefive, width 0.0625", "happiness, surprise", "64 x 64", "1234", "a formula"):
        assert words in shown
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_show_says_what_differs_from_the_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "a.safetensors"
    weights = make_weights("gimefive", depth=3, squeeze_excite="on", input_channels=1)
    config = dataclasses.replace(weights.config, reference=True)
    write_weights(path, dataclasses.replace(weights, config=config))
    assert cli.main(["weights", "show", str(path)]) == 0
    shown = capsys.readouterr().out.splitlines()[0]
    assert shown.endswith(
        ", depth 3, squeeze-excite on, 1 input channel, reference (as the paper evaluates)"
    )


def _write_config(path: Path, config: ExperimentConfig) -> str:
    path.write_text(json.dumps(to_dict(config)))
    return str(path)


def test_a_run_folder_gets_the_recipe_of_a_config(tmp_path: Path):
    weights = make_weights("gimefive")
    file, run = tmp_path / "a.safetensors", tmp_path / "run"
    write_weights(file, weights)
    recipe = replace(weights.config, {"optimizer.name": "adamw", "model.dropout_rate": 0.1})
    config = _write_config(tmp_path / "recipe.json", recipe)
    assert cli.main(["weights", "convert", str(file), str(run), "--config", config]) == 0
    found = read_any(run)
    assert found.config == recipe
    chex.assert_trees_all_equal(found.variables, weights.variables)


def test_training_goes_on_from_the_weights(tiny_run: Path, tmp_path: Path):
    file, run, config = tmp_path / "a.safetensors", tmp_path / "run", tiny_run / "config.json"
    assert cli.main(["weights", "convert", str(tiny_run), str(file)]) == 0
    words = ["weights", "convert", str(file), str(run), "--config", str(config)]
    assert cli.main(words) == 0
    assert cli.main(["train", "--config", str(config), "--workdir", str(run)]) == 0
    assert "begun from run tiny" in read_any(run).source


def test_a_recipe_for_another_grid_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    weights = make_weights("vgg")
    file, run = tmp_path / "a.safetensors", tmp_path / "run"
    write_weights(file, weights)
    config = _write_config(
        tmp_path / "recipe.json", replace(weights.config, {"data.image_size": 96})
    )
    assert cli.main(["weights", "convert", str(file), str(run), "--config", config]) == 2
    assert "cannot take them; set data.image_size" in capsys.readouterr().err
    assert not run.exists()


def test_a_run_folder_may_be_named_as_a_file_of_weights(tiny_run: Path, tmp_path: Path):
    named = tmp_path / "net.pth"
    named.symlink_to(tiny_run)
    assert not is_weight_file(named)
    assert read_any(named).config == read_any(tiny_run).config


def test_a_run_folder_is_not_made_from_numbers_that_are_none(tmp_path: Path):
    weights = make_weights("gimefive")
    variance = weights.variables["batch_stats"]["block1"]["norm"]
    variance["var"] = -np.ones_like(variance["var"])
    with pytest.raises(InputError, match=r"bn1\.running_var holds negative values"):
        write_any(tmp_path / "run", weights)
    assert not list(tmp_path.iterdir())
