"""What a core install does, where no library of an extra can be imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gimefive_jax.predicting import read_rows

_EXTRAS = ("cv2", "av", "starlette", "uvicorn", "websockets", "torch", "ai_edge_litert", "dlib")
# As where these are not installed: nothing finds them.
_CODE = f"""
import sys
from importlib.machinery import PathFinder

class WithoutExtras(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in {_EXTRAS!r}:
            return None
        return PathFinder.find_spec(name, path, target)

sys.meta_path[:] = [one for one in sys.meta_path if one is not PathFinder] + [WithoutExtras]
from gimefive_jax.cli import main
sys.exit(main(sys.argv[1:]))
"""


def _run(*words: object) -> "subprocess.CompletedProcess[str]":
    """The command without the libraries of the extras."""
    return subprocess.run(
        [sys.executable, "-c", _CODE, *map(str, words)],
        env={**os.environ, "XLA_FLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_photo_is_found_scored_and_drawn_without_any_extra(tmp_path: Path):
    data = pytest.importorskip("skimage.data")
    from PIL import Image

    Image.fromarray(data.astronaut()).save(tmp_path / "photo.png")
    words = ["--out", tmp_path / "rows.json", "--pictures-dir", tmp_path / "pictures"]
    done = _run("predict", "small", tmp_path / "photo.png", *words)
    assert done.returncode == 0, done.stderr
    [row] = read_rows(tmp_path / "rows.json")
    assert (row.predicted, row.scores["happiness"] >= 0.8) == ("happiness", True)
    assert (tmp_path / "pictures" / "photo.png.png").exists()


def test_what_needs_an_extra_names_it_in_a_line(tmp_path: Path):
    from PIL import Image

    Image.new("RGB", (300, 300)).save(tmp_path / "photo.png")
    done = _run("predict", "small", tmp_path / "photo.png", "--detector", "haar")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert "gimefive-jax[faces]" in line
