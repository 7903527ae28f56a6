from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gimefive_jax.video.smoothing import SmoothScores
from gimefive_jax.video.table import ClipRow, write_rows
from gimefive_jax.video.timeline import plot_timeline
from tests.video.made_faces import CATEGORIES, made_face


@pytest.mark.parametrize("num_tracks", [0, 1, 3, 12])
def test_each_face_has_its_own_axes_up_to_eight(tmp_path: Path, num_tracks: int) -> None:
    face = made_face([0.7, 0.2, 0.1])
    rows = [
        ClipRow(i, i / 25, track + 1, face, SmoothScores((0.7, 0.2, 0.1), 0))
        for i in range(60)
        for track in range(num_tracks)
    ] or [ClipRow(0, 0.0)]
    write_rows(tmp_path / "0.parquet", rows, CATEGORIES)
    plot_timeline([tmp_path / "0.parquet"], CATEGORIES, tmp_path / "out.png", title="clip.mp4")
    picture = Image.open(tmp_path / "out.png").convert("RGB")
    # 120 dots per inch, 2.1 inches for each face.
    assert picture.height == pytest.approx(120 * (1.4 + 2.1 * min(max(num_tracks, 1), 8)), abs=2)
    colours = {tuple(pixel) for pixel in np.asarray(picture).reshape(-1, 3)}
    assert ((0, 114, 178) in colours) == (num_tracks > 0)
