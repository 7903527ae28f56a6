"""The page of an evaluation in a real browser."""

import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.browser import opened_page
from tests.report.made_evaluation import MadeEvaluation, made_evaluation, made_split

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.heavy
HOSTILE = "<script>console.log('run')</script><img src=x onerror=console.log(1)>.png"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> MadeEvaluation:
    folder = tmp_path_factory.mktemp("made") / "evaluation"
    return made_evaluation(folder, made_split(600, file_name=HOSTILE))


@pytest.fixture(scope="module")
def page(measured: MadeEvaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = measured.write_page()
    # Alone in a folder: whatever it needs, it must bring along.
    return Path(shutil.copy(written, tmp_path_factory.mktemp("moved") / "moved.html"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_opens_offline_without_errors_or_requests(page: Path, width: int, scheme: str):
    with opened_page(page, width=width, scheme=scheme) as opened:
        shown = opened.page.evaluate("[...document.images].map(image => image.naturalWidth)")
        assert len(shown) > 40
        assert min(shown) > 0
        assert opened.overflow == 0
        assert HOSTILE in opened.page.inner_text("main")
    assert opened.messages == []
    assert opened.foreign_requests == set()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_click_on_a_confusion_shows_its_faces(page: Path, measured: MadeEvaluation, width: int):
    confusion = np.array(measured.measured.evaluation.confusion)
    with opened_page(page, width=width) as opened:
        assert not opened.page.is_visible(".panel .faces")
        for label, predicted in ((0, 0), (2, 5)):
            opened.page.click(f"a[href='#cell-{label}-{predicted}']")
            faces = opened.page.locator(".panel:target .faces i")
            assert faces.count() == confusion[label, predicted]
            assert faces.first.is_visible()
            assert opened.page.locator(".panel:visible").count() == 1
            heading = opened.page.inner_text(".panel:target h3")
            assert measured.measured.split.emotions[label] in heading
            assert measured.measured.split.emotions[predicted] in heading
            # A face of noise is grey in the middle; a sheet that is missing is black.
            assert np.std(_pixels(faces.first)) > 20
        opened.page.click(".panel:target a[href='#matrix']")
        assert not opened.page.is_visible(".panel .faces")
    assert opened.messages == []
    assert opened.foreign_requests == set()


def _pixels(element: "Locator") -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("L"))
