"""The exported page in a real browser, with photos and with a camera that is a moving photo."""

import base64
import dataclasses
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from benchmarks.live_browser import CHROMIUM, open_browser, write_camera
from benchmarks.web_browser import served, wait_for_frames, wait_for_state
from gimefive_jax.faces.crops import cut_face
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.faces.views import View, cut_view
from gimefive_jax.predicting.scene import SceneFace
from gimefive_jax.web.runtime import PACKAGE, VERSION

pytestmark = pytest.mark.heavy
playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
skimage_data = pytest.importorskip("skimage.data", reason="pip install scikit-image")
pytest.importorskip("onnxruntime")
if not CHROMIUM.exists():
    pytest.skip(
        f"{CHROMIUM} is not installed; `apt install chromium` brings it", allow_module_level=True
    )

WIDE = {"viewport": {"width": 1280, "height": 900}}
NARROW = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3}


# In a process of its own, on one device as for a user.
_SCRIPT = """
import pickle, sys
from pathlib import Path
import gimefive_jax
from gimefive_jax import images
from gimefive_jax.predicting.looking import FaceSearch
from gimefive_jax.predicting.scene import SceneReader
from gimefive_jax.recipes import export
from gimefive_jax.recipes.web_folder import export_web

package, folder, results, *photos = map(Path, sys.argv[1:])
classifier = gimefive_jax.load("small")
export._NUM_FACES = 8
export_web(classifier, folder, runtime=package)
search = FaceSearch()
# As predict_files has it, without the landmarks.
reader = SceneReader(classifier, detector=search.detect, landmarks=False, batch_size=1)
looked = search.look([(path, images.read(path)) for path in photos], fit="squash")
found = {one.path: reader.read_crops(one.faces) for one in looked}
results.write_bytes(pickle.dumps(found))
"""


@dataclasses.dataclass(frozen=True)
class Exported:
    folder: Path
    predicted: dict[Path, list[SceneFace]]
    """What Python says of the photos."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Faces large and small, level and tilted, in a photo that lies; an image that is a face."""
    place, astronaut = tmp_path_factory.mktemp("photos"), Image.fromarray(skimage_data.astronaut())
    several = Image.new("RGB", (1000, 700), (90, 110, 130))
    several.paste(astronaut.resize((430, 430)), (20, 30))
    several.paste(astronaut.rotate(25, Image.Resampling.BICUBIC).resize((300, 300)), (650, 380))
    several.paste(astronaut.resize((221, 221)).convert("L").convert("RGB"), (701, 47))
    several.save(place / "several.png")
    astronaut.crop((165, 60, 280, 200)).save(place / "face.png")
    lying = Image.Exif()
    lying[ExifTags.Base.Orientation] = 6
    astronaut.rotate(90).save(place / "turned.jpg", quality=90, exif=lying)
    return {path.stem: path for path in place.iterdir()}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Exported:
    place = tmp_path_factory.mktemp("web")
    if shutil.which("npm") is None:
        pytest.skip(f"npm, which fetches {PACKAGE}, is not installed")
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(place)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {PACKAGE} {VERSION}: {done.stderr.strip()}")
    [package] = place.glob("*.tgz")
    folder, results = place / "page", place / "results.pickle"
    words = [sys.executable, "-c", _SCRIPT, package, folder, results, *photos.values()]
    subprocess.run([str(word) for word in words], check=True, env={**os.environ, "XLA_FLAGS": ""})
    return Exported(folder, pickle.loads(results.read_bytes()))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["playwright.Browser"]:
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    write_camera(camera)
    with open_browser(camera) as browser:
        yield browser


@pytest.fixture(scope="module")
def address(exported: Exported) -> Iterator[str]:
    with served(exported.folder) as address:
        yield address


class Tab:
    """An open page, with all that it complains of and asks for."""

    def __init__(self, browser: "playwright.Browser", address: str, **view: object) -> None:
        self.messages, self.requests = list[str](), list[str]()
        self.page = browser.new_page(**view)
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        wait_for_state(self.page, "ready")

    def open(self, photo: Path) -> dict:
        self.page.set_input_files("#photo", photo)
        wait_for_state(self.page, "ready")
        return self.page.evaluate("window.gimefiveWeb.last")

    @property
    def overflow(self) -> int:
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )


def test_faces_labels_and_maps_of_photos_are_those_of_python(
    browser: "playwright.Browser", address: str, exported: Exported
):
    tab = Tab(browser, address, **WIDE)
    counts = {}
    for path, ours in exported.predicted.items():
        theirs = tab.open(path)["faces"]
        counts[path.stem] = len(ours)
        assert len(theirs) == len(ours)
        for face, other in zip(ours, theirs, strict=True):
            assert other["label"] == face.predicted
            crop = [face.crop.left, face.crop.top, face.crop.width, face.crop.height]
            np.testing.assert_allclose(other["crop"], crop, atol=0.01)
            np.testing.assert_allclose(other["probabilities"], face.probabilities, atol=1e-3)
            heat_map = np.reshape(other["map"]["values"], face.heat_map.shape)
            assert np.corrcoef(heat_map.ravel(), face.heat_map.ravel())[0, 1] >= 0.999
    assert counts["turned"] == counts["face"] == 1
    assert counts["several"] >= 2
    assert tab.overflow == 0
    tab.page.close()
    assert tab.messages == []
    assert {url.rsplit("/", 1)[0] for url in tab.requests} <= {address, f"{address}/onnxruntime"}


def test_pixels_are_cut_as_by_pil_to_the_last_bit(browser: "playwright.Browser", address: str):
    tab = Tab(browser, address)
    image = np.ascontiguousarray(skimage_data.astronaut()[:407, :491])
    views = [View(-40.5, 13.25, 333.3), View(200.0, 180.0, 97.0), View(0.0, -42.0, 491.0)]
    crops = [FaceBox(100.2, 50.7, 61.3, 61.3), FaceBox(-20.0, -9.5, 301.7, 301.7)]
    found = tab.page.evaluate(
        """async ([data, views, crops]) => {
          const { Pixels } = await import("./pixels.js");
          const { cutFace, cutView } = await import("./views.js");
          const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
          const image = new Pixels(491, 407, bytes);
          const seen = views.map((view) => cutView(image, view, 64));
          const faces = crops.map((crop) => cutFace(image, crop, 64));
          return [...seen, ...faces].map((one) => Array.from(one.data));
        }""",
        [
            base64.b64encode(image.tobytes()).decode(),
            [dataclasses.asdict(view) for view in views],
            [dataclasses.astuple(crop) for crop in crops],
        ],
    )
    ours = [cut_view(image, view, side=64) for view in views]
    ours += [cut_face(image, crop, 64) for crop in crops]
    for one, other in zip(found, ours, strict=True):
        np.testing.assert_array_equal(np.reshape(one, (64, 64, 3)), other)
    tab.page.close()


@pytest.mark.parametrize("isolated", [False, True], ids=["one_thread", "threads"])
def test_the_camera_is_explained_frame_by_frame_and_stopped(
    browser: "playwright.Browser", exported: Exported, isolated: bool
):
    with served(exported.folder, isolated=isolated) as address:
        tab = Tab(browser, address, **NARROW)
        page = tab.page
        assert (page.evaluate("window.gimefiveWeb.threads") > 1) == isolated
        page.click("#start")
        found = wait_for_frames(page, 10)
        assert [face["label"] for face in found["last"]["faces"]] == ["happiness"]
        assert max(found["last"]["faces"][0]["map"]["values"]) > 0
        assert "research" in page.inner_text("#notice")
        assert tab.overflow == 0
        page.click("#start")
        assert page.inner_text("#status") == "Stopped; the camera is off."
        assert page.evaluate("document.getElementById('video').srcObject") is None
        page.close()
    assert tab.messages == []
    ours = address.removeprefix("http://")
    assert {url.split("://", 1)[1].split("/", 1)[0] for url in tab.requests} == {ours}


def test_what_is_no_picture_is_told_and_other_places_are_out_of_reach(
    browser: "playwright.Browser", address: str, photos: dict[str, Path], tmp_path: Path
):
    tab = Tab(browser, address)
    (tmp_path / "letter.jpg").write_text("no picture")
    assert tab.open(tmp_path / "letter.jpg") is None
    assert "letter.jpg is no picture" in tab.page.inner_text("#status")
    # While a photo is read, another may be opened.
    tab.page.set_input_files("#photo", photos["several"])
    assert len(tab.open(photos["face"])["faces"]) == 1
    assert tab.messages == []
    reached = "fetch('http://localhost:9/').then(() => true, () => false)"
    assert not tab.page.evaluate(reached)
    assert "Content Security Policy" in tab.messages[0]
    with pytest.raises(playwright.Error, match="TrustedHTML"):
        tab.page.evaluate("document.body.innerHTML = '<b>text</b>'")
    tab.page.close()
