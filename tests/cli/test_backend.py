"""jax that cannot start: one line and status 2, whatever stands in its way and whoever asks."""

from pathlib import Path

import pytest
from PIL import Image

from gimefive_jax.cli.backend import backend_failure
from tests.cli.command import run


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("JAX_PLATFORMS", "cuda", "cuda"),
        ("JAX_PLATFORMS", "tpu", "libtpu"),
        ("JAX_PLATFORMS", "cqu", "cqu"),
        ("JAX_PLATFORMS", "cpu,cqu", "'cqu'"),
        ("JAX_NUM_CPU_DEVICES", "0", "backend 'cpu'"),
        ("JAX_ENABLE_X64", "perhaps", "JAX_ENABLE_X64"),
    ],
)
def test_whatever_stops_jax_is_named(name: str, value: str, named: str, tmp_path: Path):
    Image.new("L", (64, 64), 128).save(tmp_path / "face.png")
    environment = {"JAX_PLATFORMS": "", name: value}
    done = run("predict", "small", tmp_path / "face.png", environment=environment)
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert line.startswith("gimefive: jax cannot start")
    assert named in line
    assert "JAX_PLATFORMS=cpu" in line
    assert "Traceback" not in done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "{run}", "--out", "{out}"],
        ["explain", "{run}", "--out", "{out}"],
        ["train", "--config", "{run}/config.json", "--workdir", "{out}"],
        ["sweep", "--config", "{run}/config.json", "--grid", "model.width=0.1", "--out", "{out}"],
        [
            "quickstart",
            "--out",
            "{out}",
            "--num-train",
            "6",
            "--num-validation",
            "6",
            "--num-test",
            "6",
        ],
        ["weights", "ship", "{run}", "{out}", "--name", "tiny"],
        ["data", "show", "drawn_faces", "--data-dir", "{data}", "--out", "{out}.png"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_verb_that_computes_says_so(
    words: list[str], tiny_run: Path, data_directory: Path, tmp_path: Path
):
    filled = [word.format(run=tiny_run, data=data_directory, out=tmp_path / "x") for word in words]
    done = run(*filled, environment={"JAX_PLATFORMS": "cuda"})
    assert done.returncode == 2
    assert "jax cannot start with JAX_PLATFORMS=cuda" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_an_error_of_another_cause_is_none_of_jax():
    assert backend_failure(RuntimeError("a fault of ours")) is None
