import sys

import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.faces.crops import crop_of
from gimefive_jax.faces.detectors import make_detector
from tests.faces.photos import FACE, astronaut


def test_haar_gives_the_boxes_of_opencv_and_its_face():
    cv2 = pytest.importorskip("cv2")
    photo = astronaut()
    [found] = make_detector("haar", min_score=0.0)([photo])
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    expected = {tuple(box) for box in cascade.detectMultiScale(grey, 1.1, 5, minSize=(40, 40))}
    boxes = [(face.box.left, face.box.top, face.box.width, face.box.height) for face in found]
    assert set(boxes) == expected
    assert max(face.box.overlap(FACE) for face in found) >= 0.5
    assert crop_of(found[0]) == found[0].box


def test_haar_gives_nothing_where_there_is_no_face_and_keeps_the_limits():
    pytest.importorskip("cv2")
    photo = astronaut()
    row = np.concatenate([photo, photo], axis=1)
    assert len(make_detector("haar")([np.zeros((90, 90, 3), np.uint8)])[0]) == 0
    assert len(make_detector("haar", max_faces=1)([row])[0]) == 1
    assert len(make_detector("haar", min_score=1.0)([photo])[0]) == 0


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r"pip install 'gimefive-jax\[faces\]'"):
        make_detector("haar")
