import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gimefive_jax
from gimefive_jax.cli import main
from gimefive_jax.errors import InputError
from gimefive_jax.faces import image_landmarks, landmarks, litert, make_detector, mesh_landmarks
from gimefive_jax.faces.found import FoundFace
from gimefive_jax.faces.litert import BLAZEFACE, MESH, find_by_litert, look_by_litert, look_of
from gimefive_jax.files import file_sha256
from gimefive_jax.interop.shipped import ASSETS
from gimefive_jax.predicting.scene import SceneReader
from tests.faces.photos import FACE, astronaut, on_ground, resized
from tests.tolerances import SAME_LANDMARKS, SAME_NETWORK


@pytest.fixture(scope="module")
def _litert() -> None:
    pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """A face that only a tile shows large enough, and a large one."""
    photo = astronaut()
    frame = on_ground(photo[::2, ::2], (800, 1200), left=900, top=300)
    frame[:768, :768] = resized(photo, 1.5)
    return frame


def _same(found: tuple[FoundFace, ...], wanted: tuple[FoundFace, ...]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one.score == pytest.approx(other.score, abs=SAME_NETWORK)
        np.testing.assert_allclose(one.keypoints, other.keypoints, atol=SAME_NETWORK)
        box, expected = vars(one.box), vars(other.box)
        assert box == pytest.approx(expected, abs=SAME_NETWORK)


@pytest.mark.usefixtures("_litert")
@pytest.mark.parametrize("tiles", [False, True])
def test_litert_finds_the_faces_of_our_own_modules(frame: np.ndarray, tiles: bool):
    images = [frame, astronaut(), np.zeros((64, 80, 3), np.uint8)]
    ours, theirs = (make_detector(name, tiles=tiles)(images) for name in ("blazeface", "litert"))
    assert len(theirs[0]) == 1 + tiles
    assert theirs[1][0].box.overlap(FACE) >= 0.5
    for found, wanted in zip(theirs, ours, strict=True):
        _same(found, wanted)


@pytest.mark.usefixtures("_litert")
def test_landmarks_of_crops_are_those_of_our_own_module():
    crops = np.stack([astronaut()[60:220, 140:300], np.zeros((160, 160, 3), np.uint8)])
    ours, theirs = landmarks(crops), landmarks(crops, look=look_by_litert)
    assert theirs.found.tolist() == ours.found.tolist() == [True, False]
    np.testing.assert_allclose(theirs.points[0], ours.points[0], atol=SAME_NETWORK)
    np.testing.assert_allclose(theirs.confidence, ours.confidence, atol=SAME_NETWORK)


@pytest.mark.usefixtures("_litert")
def test_a_reader_whose_detector_litert_runs_gives_the_same_faces_without_our_modules(
    frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    classifier = gimefive_jax.load("small")
    [wanted] = SceneReader(classifier, detector=make_detector()).read([frame])

    def forbidden(*_: object) -> None:
        raise AssertionError("the mesh ran as our own module")

    for module in (image_landmarks, mesh_landmarks):
        monkeypatch.setattr(module, "look_by", forbidden)
    [found] = SceneReader(classifier, detector=make_detector("litert")).read([frame])
    assert len(found) == len(wanted) == 2
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.landmarks, other.landmarks, atol=SAME_LANDMARKS)
        # Where a box differs by rounding, so may a pixel of its crop.
        np.testing.assert_allclose(np.int16(one.pixels), np.int16(other.pixels), atol=1)
        assert one.predicted == other.predicted


@pytest.mark.usefixtures("_litert")
def test_only_litert_brings_a_mesh_of_its_own():
    assert look_of(make_detector("litert")) is look_by_litert
    assert look_of(make_detector()) is None
    assert look_of(make_detector("none")) is None


@pytest.mark.usefixtures("_litert")
def test_threads_that_share_the_networks_get_their_own_results():
    views = np.random.default_rng(0).integers(0, 256, (24, 1, 128, 128, 3), np.uint8)
    least = np.zeros(1, np.float32)
    wanted = [find_by_litert(view, least).corners for view in views]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda view: find_by_litert(view, least).corners, views))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.usefixtures("_litert")
def test_litert_says_nothing_as_it_starts():
    code = "from gimefive_jax.faces import make_detector; make_detector('litert')"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


def test_the_notice_is_of_these_very_files():
    notice = (ASSETS / "NOTICE.md").read_text()
    for name in (BLAZEFACE, MESH):
        digest = file_sha256(ASSETS / "faces" / f"{name}.tflite")
        assert f"| `faces/{name}.tflite` | `{digest}` |" in notice


def test_without_litert_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    litert._network.cache_clear()
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(InputError, match=r"pip install 'gimefive-jax\[litert\]'"):
        make_detector("litert")
    assert main(["predict", "small", "photo.jpg", "--detector", "litert"]) == 2
    assert "gimefive-jax[litert]" in capsys.readouterr().err
