import os
import sys
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.faces.dlib_landmarks import dlib_landmarks_of
from gimefive_jax.faces.image_landmarks import landmarks_of
from tests.faces.photos import astronaut


def test_dlib_and_the_mesh_place_the_same_68_points():
    pytest.importorskip("dlib")
    model = Path(os.environ.get("DLIB_LANDMARKS", "shape_predictor_68_face_landmarks.dat"))
    if not model.is_file():
        pytest.skip(f"no {model}; DLIB_LANDMARKS names dlib's file")
    photo = astronaut()
    found = make_detector(tiles=False)([photo, photo[:60, :60]])
    theirs, none = dlib_landmarks_of([photo, photo[:60, :60]], found, model=model)
    [ours] = landmarks_of([photo], found[:1])
    apart = np.linalg.norm(ours.points[0, 36] - ours.points[0, 45])
    gaps = np.linalg.norm(theirs.points[0] - ours.points[0], axis=-1) / apart
    # Two definitions of the same places: the jaw least, which has no corners.
    assert gaps[36:].mean() < 0.06
    assert gaps.mean() < 0.1
    assert none.points.shape == (0, 68, 2)


def test_a_file_that_is_no_model_is_named(tmp_path: Path):
    pytest.importorskip("dlib")
    with pytest.raises(InputError, match=r"missing\.dat.*shape_predictor_68"):
        dlib_landmarks_of([], [], model=tmp_path / "missing.dat")


def test_without_dlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(InputError, match=r"pip install 'gimefive-jax\[dlib\]'"):
        dlib_landmarks_of([], [], model=Path("any.dat"))
