import errno
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax.api import Classifier
from gimefive_jax.cli import main
from gimefive_jax.config import DataConfig, ExperimentConfig, ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop.stablehlo import PLATFORMS, StableHloProgram
from gimefive_jax.models import ARCHITECTURES, make_model
from gimefive_jax.recipes import export as module
from gimefive_jax.recipes import export_check
from gimefive_jax.recipes.export import Form, export_model
from gimefive_jax.recipes.export_check import TOLERANCE
from gimefive_jax.scaling import Scaling
from tests.random_variables import seeded_variables

FORMS = ("onnx", "stablehlo")
EXAMPLE = Path(__file__).parents[2] / "examples" / "exported_file.py"
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def narrow(name: str, *, width: float, size: int = 64) -> Classifier:
    """A model of the table with made-up weights, which never were trained."""
    config = ExperimentConfig(
        model=ModelConfig(name=name, width=width), data=DataConfig(image_size=size)
    )
    variables = seeded_variables(make_model(config.model), size=size)
    return Classifier(name, config, variables, None, scaling=Scaling("temperature", (1.3,)))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_narrow_model_of_the_table_is_exported_and_equal(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_NUM_FACES", 11)
    classifier = narrow(name, width=1 / 32)
    out = tmp_path / "model.onnx"
    done = export_model(classifier, out)
    assert out.stat().st_size == done.num_bytes
    assert {"logits", "probabilities", "predicted", "heat_map", "heat_maps"} < set(
        done.agreement.differences
    )
    assert max(done.agreement.differences.values()) <= TOLERANCE
    assert done.agreement.differences["predicted"] == 0


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "to"), [("gimefive", "onnx"), ("resnet18", "stablehlo")])
def test_a_whole_model_of_the_table_is_exported_and_equal(name: str, to: Form, tmp_path: Path):
    # With made-up weights rounding moves maps of a face or two, which the check has to tell.
    done = export_model(narrow(name, width=1.0), tmp_path / "model", to=to)
    assert max(done.agreement.differences.values()) <= TOLERANCE
    assert done.agreement.num_on_edge <= 16


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "small.onnx"
    export_model(gimefive_jax.load("small"), path, explain="hirescam")
    return path


def test_ten_lines_without_this_package_predict_and_explain(exported: Path, tmp_path: Path):
    astronaut = pytest.importorskip("skimage.data").astronaut()
    Image.fromarray(astronaut[60:215, 150:300]).save(tmp_path / "face.png")
    # Isolated: what is imported is what is installed, and this package must not be needed.
    command = [sys.executable, "-I", EXAMPLE, exported, tmp_path / "face.png"]
    said = subprocess.run(command, check=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    found = np.load(tmp_path / "found.npz")
    classifier = gimefive_jax.load("small")
    every = classifier.explain([tmp_path / "face.png"], methods="hirescam", target="all")
    [ours] = every.values()
    label = int(found["predicted"][0])
    assert classifier.emotions[label] == "happiness"
    np.testing.assert_allclose(
        found["probabilities"], ours.predictions.probabilities, atol=TOLERANCE
    )
    np.testing.assert_allclose(found["heat_maps"], ours.heat_map, atol=TOLERANCE)
    np.testing.assert_allclose(found["heat_map"], ours.heat_map[:, label], atol=TOLERANCE)
    np.testing.assert_allclose(found["b_eff"], ours.bias_effect, atol=TOLERANCE)
    # HiResCAM at the last activation: every map and its biases add up to the logit.
    total = found["heat_maps"].sum((2, 3)) + found["b_eff"]
    np.testing.assert_allclose(total, found["logits"], atol=TOLERANCE)
    told = dict(line.split() for line in said.stdout.splitlines())
    assert list(told) == list(classifier.emotions)
    np.testing.assert_allclose([*map(float, told.values())], found["probabilities"][0], atol=1e-6)
    words = {one.key: one.value for one in onnx.load(exported).metadata_props}
    assert words["method"] == "hirescam"
    assert words["layer"] == "block5/activation"
    assert words["weights_sha256"] == classifier.weights_sha256
    assert words["notice"] == classifier.notice


def test_the_page_holds_the_example():
    _, _, code = EXAMPLE.read_text().split('"""', 2)
    assert code.strip() in (EXAMPLE.parents[1] / "docs" / "export.md").read_text()
    assert "gimefive_jax" not in code


@pytest.mark.parametrize("to", FORMS)
def test_a_file_without_maps_and_for_three_faces(to: Form, tmp_path: Path):
    classifier = narrow("gimefive", width=1 / 32)
    done = export_model(classifier, tmp_path / "a", to=to, explain="none", batch=3)
    assert set(done.agreement.differences) == {"logits", "probabilities", "predicted"}


def test_a_file_of_the_predicted_category_alone_says_so(tmp_path: Path):
    classifier = narrow("gimefive", width=1 / 32, size=32)
    done = export_model(classifier, tmp_path / "a.onnx", every_category=False)
    # Beside the model's own, so the map is checked.
    assert set(done.agreement.differences) == {"logits", "probabilities", "predicted", "heat_map"}
    facts = {one.key: one.value for one in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert json.loads(facts["outputs"]) == ["logits", "probabilities", "predicted", "heat_map"]
    assert "heat_maps" not in facts["reading"]
    assert "only the predicted" in facts["no_b_eff"]


@pytest.mark.parametrize("to", FORMS)
def test_float16_halves_the_file_and_says_what_it_changes(to: Form, tmp_path: Path):
    classifier = narrow("gimefive", width=1 / 8)
    whole = export_model(classifier, tmp_path / "whole", to=to)
    half = export_model(classifier, tmp_path / "half", to=to, precision="float16")
    assert half.num_bytes < 0.6 * whole.num_bytes
    assert max(half.agreement.differences.values()) <= TOLERANCE
    assert 0 < half.rounding["probabilities"] < 0.05
    assert not whole.rounding


def test_an_exported_file_holds_none_of_our_forms_of_convolutions(tmp_path: Path):
    classifier = narrow("gimefive", width=1.0, size=32)
    export_model(classifier, tmp_path / "a.onnx", explain="none", batch=1)
    kinds = [node.op_type for node in onnx.load(tmp_path / "a.onnx").graph.node]
    assert kinds.count("Conv") == 5
    assert kinds.count("MatMul") == 3


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("artifact") / "a.stablehlo"
    export_model(narrow("gimefive", width=1.0, size=32), path, to="stablehlo", explain="none")
    return path


def test_one_artifact_serves_three_platforms_with_their_own_convolutions(artifact: Path):
    with zipfile.ZipFile(artifact) as parts:
        program = jax.export.deserialize(bytearray(parts.read("program")))
    assert program.platforms == PLATFORMS
    # Each of the five once for every platform.
    assert program.mlir_module().count("stablehlo.convolution") == 5 * len(PLATFORMS)
    opened, classifier = StableHloProgram(artifact), narrow("gimefive", width=1.0, size=32)
    assert json.loads(opened.metadata["categories"]) == list(classifier.emotions)
    faces = np.full((2, 32, 32, 3), 128, np.uint8)
    wanted = classifier.predict(list(faces)).probabilities
    np.testing.assert_allclose(opened(faces)["probabilities"], wanted, atol=TOLERANCE)


def test_an_artifact_names_no_folder_of_the_machine_that_made_it(artifact: Path):
    with zipfile.ZipFile(artifact) as parts:
        held = b"".join(map(parts.read, parts.namelist()))
    # Where an operation comes from is told by the file's name alone.
    assert b"stablehlo.py" in held
    package = Path(gimefive_jax.__file__).parent
    folders = (package, package.parent, Path.home(), Path(jax.__file__).parent, Path(sys.prefix))
    assert not [folder for folder in folders if f"{folder}/".encode() in held]


def test_what_is_no_artifact_is_refused(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"no zip")
    with pytest.raises(InputError, match="no exported StableHLO"):
        StableHloProgram(tmp_path / "a")


def test_a_file_that_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(export_check, "TOLERANCE", -1.0)
    with pytest.raises(InputError, match="differs from the model's"):
        export_model(narrow("gimefive", width=1 / 32), tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("onnx --explain hirescam@block9/activation", "block9/activation"),
        ("onnx --explain hirecam", "did you mean 'hirescam'"),
        ("onnx --explain hirescam,gradcam", "hirescam,gradcam"),
        ("onnx --batch 0", "--batch 0"),
        ("onnx --batch many", "--batch many"),
        ("onnx --precision int8", "int8"),
        ("tflite", "tflite"),
        ("onnx --out /dev/null/small.onnx", "/dev/null/small.onnx"),
        ("onnx --out .", "cannot be written"),
        ("onnx --explain eigencam", "--batch N"),
        ("onnx --explain eigencam --batch 2", "--explain none"),
        ("stablehlo --explain eigencam", "--batch N"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_file(
    words: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "small", "--to", *words.split()]) == 2
    # Behind the notice of the weights.
    [line] = [one for one in capsys.readouterr().err.splitlines() if "for research use" not in one]
    assert told in line
    assert not list(tmp_path.iterdir())


class Cumulative(nn.Module):
    """A network with an operation that nothing here expresses."""

    num_classes: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        x = nn.relu(nn.Conv(4, (3, 3), name="conv")(x))
        return nn.Dense(self.num_classes)(jnp.cumsum(x, axis=1).mean((1, 2)))


def test_a_model_that_cannot_be_expressed_is_one_line_and_leaves_no_file(tmp_path: Path):
    config = ExperimentConfig(model=ModelConfig(name=f"{__name__}:Cumulative"))
    variables = seeded_variables(make_model(config.model))
    classifier = Classifier("own", config, variables, None)
    with pytest.raises(InputError, match="the operation cumsum cannot be written to ONNX"):
        export_model(classifier, tmp_path / "own.onnx", explain="none")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_ends_leaves_the_file_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_NUM_FACES", 8)
    out = tmp_path / "a.stablehlo"
    out.write_bytes(b"before")

    def fails(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:99])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(OSError, match="No space left"):
        export_model(narrow("gimefive", width=1 / 32, size=32), out, to="stablehlo", explain="none")
    monkeypatch.undo()
    assert out.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [out]


def test_without_onnx_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["export", "small", "--to", "onnx"]) == 2
    assert "pip install 'gimefive-jax[export]'" in capsys.readouterr().err


def test_without_onnx_python_users_are_told_the_extra_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "gimefive_jax.interop.onnx", None)
    with pytest.raises(InputError, match=r"pip install 'gimefive-jax\[export\]'"):
        export_model(narrow("gimefive", width=1 / 32), tmp_path / "a.onnx")
