"""The real command in a process of its own, and its page in a real browser."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy
CHROMIUM = Path("/usr/bin/chromium")
_SMALL = ["--num-train", "240", "--num-validation", "48", "--num-test", "60", "--num-epochs", "2"]


def _quickstart(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, "quickstart", "--out", str(out), *_SMALL, *words],
        env={**os.environ, "XLA_FLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quickstart") / "a b"
    done = _quickstart(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(folder / "index.html")
    assert re.search(r"^test accuracy [\d.]+%", done.stdout, re.MULTILINE)
    assert re.search(r"hirescam at block5/activation .* planted evidence, chance", done.stdout)
    return folder


def test_every_stage_leaves_its_files(out: Path) -> None:
    run = out / "run"
    for path in (
        "config.json",
        "environment.json",
        "metrics.csv",
        "curves.png",
        "evaluation/drawn_faces-test/metrics.json",
        "evaluation/drawn_faces-test/confusion_matrix.png",
        "explanations/drawn_faces-test/manifest.csv",
        "explanations/drawn_faces-test/evidence.json",
        "explanations/drawn_faces-test/heat_maps/gradcam.block5-activation.zarr/c/0/0/0",
    ):
        assert (run / path).stat().st_size > 0
    evidence = json.loads((run / "explanations/drawn_faces-test/evidence.json").read_text())
    assert evidence["maps"]["hirescam"]["block5/activation"]["all"]["count"] == 60
    assert not list(out.rglob("*.partial"))


def test_second_run_trains_nothing_and_writes_the_page_again(out: Path) -> None:
    metrics = (out / "run" / "metrics.csv").read_bytes()
    evidence = (out / "run/explanations/drawn_faces-test/evidence.json").read_bytes()
    page = (out / "index.html").read_bytes()
    (out / "index.html").unlink()
    done = _quickstart(out)
    assert done.returncode == 0, done.stderr
    assert "already there" in done.stdout
    assert (out / "run" / "metrics.csv").read_bytes() == metrics
    assert (out / "run/explanations/drawn_faces-test/evidence.json").read_bytes() == evidence
    assert (out / "index.html").read_bytes() == page


def test_other_settings_in_the_same_folder_are_one_line_and_change_nothing(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    done = _quickstart(out, "--seed", "1")
    assert done.returncode == 2
    assert "seed=0, now it is 1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("width", [1280, 390])
def test_page_opens_offline_without_errors_or_requests(
    out: Path, tmp_path: Path, width: int
) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed; `apt install chromium` brings it")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    # Alone in a folder: whatever it needs, it must bring along.
    path = Path(shutil.copy(out / "index.html", tmp_path / "moved.html"))
    messages: list[str] = []
    requests: list[str] = []
    failed: list[str] = []
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.context.set_offline(True)
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto(path.as_uri(), wait_until="load")
        widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        heading = page.inner_text("h1")
        browser.close()
    assert messages == []
    assert failed == []
    assert {url for url in requests if not url.startswith("data:")} == {path.as_uri()}
    assert len(widths) > 10
    assert min(widths) > 0
    assert overflow == 0
    assert heading
