import itertools
import json

import numpy as np

from gimefive_jax import api
from gimefive_jax.live.answers import LiveFrame, encode
from gimefive_jax.live.page_reader import PageReader, about
from tests.live.made_up_faces import OneFace


def test_the_page_gets_the_faces_in_pixels_of_the_frame_and_in_little_room():
    times = itertools.count()
    read = PageReader(OneFace(), clock=lambda: float(next(times)))
    faces = read(np.full((480, 640, 3), 100, np.uint8))
    text = encode(LiveFrame(640, 480, faces, 1.0))
    assert len(text) < 4000
    [face] = json.loads(text)["faces"]
    assert face["box"] == face["crop"] == [160, 120, 320, 240]
    assert (face["track"], face["label"]) == (3, "happiness")
    assert face["heat_map"] == {
        "rows": 4,
        "columns": 4,
        "values": np.diag([255] * 4).ravel().tolist(),
    }
    assert face["landmarks"] == []
    assert face["regions"] == ""


def test_the_page_knows_model_map_and_colours():
    told = about(api.load("small"))
    assert told.model == "small"
    assert told.map_name == "LayerCAM at block3/activation"
    assert len(told.emotions) == 6
    assert told.colours[0] == (0, 0, 3)
    assert len(told.colours) == 64
