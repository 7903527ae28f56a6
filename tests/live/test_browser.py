"""The live page in a real browser, whose camera is a photo that moves."""

from collections.abc import Iterator

import pytest

from benchmarks.live_browser import (
    CHROMIUM,
    LiveCommand,
    open_browser,
    shown,
    wait_for_frames,
    write_camera,
)

pytestmark = pytest.mark.heavy
playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
pytest.importorskip("skimage", reason="pip install scikit-image")
pytest.importorskip("uvicorn", reason="pip install 'gimefive-jax[live]'")
if not CHROMIUM.exists():
    pytest.skip(
        f"{CHROMIUM} is not installed; `apt install chromium` brings it", allow_module_level=True
    )

# Colours of the overlay in the middle of the upper line of the first face's box.
_LINE = """() => {
  const canvas = document.getElementById("overlay");
  const frame = window.gimefiveLive.last;
  const [left, top, width] = frame.faces[0].box;
  const scale = canvas.width / frame.width;
  const mirrored = document.getElementById("mirror").checked;
  const middle = left + 0.3 * width;
  const x = scale * (mirrored ? frame.width - middle : middle);
  const place = [Math.round(x), Math.round(scale * top)];
  return [...canvas.getContext("2d").getImageData(...place, 1, 1).data];
}"""


@pytest.fixture(scope="module")
def command() -> Iterator[LiveCommand]:
    with LiveCommand() as command:
        assert command.address.startswith("http://127.0.0.1:")
        yield command


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["playwright.Browser"]:
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    write_camera(camera)
    with open_browser(camera) as browser:
        yield browser


class Tab:
    """An open page, with all that it complains of and asks for."""

    def __init__(self, browser: "playwright.Browser", address: str, **view: object) -> None:
        self.messages, self.requests = list[str](), list[str]()
        self.page = browser.new_page(**view)
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.goto(address)

    def start(self) -> None:
        self.page.click("#start")


@pytest.mark.parametrize(
    "view",
    [
        {"viewport": {"width": 1280, "height": 900}},
        {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3},
    ],
    ids=["wide", "narrow"],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_faces_with_their_scores_and_asks_nobody_else(
    command: LiveCommand, browser: "playwright.Browser", view: dict[str, object], scheme: str
):
    tab = Tab(browser, command.address, color_scheme=scheme, **view)
    page = tab.page
    tab.start()
    found = wait_for_frames(page, 20)
    assert page.inner_text("#model") == "small"
    assert "research" in page.inner_text("#notice")
    assert found.labels == ("happiness",)
    assert found.refusals == 0
    assert "happiness" in page.inner_text("#faces h3")
    rows = page.inner_text("#faces .face").splitlines()
    assert sum(int(row.split()[0]) for row in rows if row.endswith("%")) in range(97, 104)
    red, green, blue, alpha = page.evaluate(_LINE)
    assert alpha > 200
    assert min(red, green, blue) > 150
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    page.click("#start")
    assert page.inner_text("#status") == "Stopped; the camera is off."
    assert page.evaluate("document.getElementById('video').srcObject") is None
    page.close()
    assert tab.messages == []
    ours = command.address.removeprefix("http://")
    assert {url.split("://", 1)[1].split("/", 1)[0] for url in tab.requests} == {ours}


def test_the_choices_change_what_is_drawn(command: LiveCommand, browser: "playwright.Browser"):
    tab = Tab(browser, command.address)
    # Maps are put, landmarks are arcs, labels and scores are texts.
    tab.page.evaluate("""() => {
      window.drawn = { putImageData: 0, arc: 0, fillText: 0 };
      for (const name in window.drawn) {
        const draw = CanvasRenderingContext2D.prototype[name];
        CanvasRenderingContext2D.prototype[name] = function (...words) {
          window.drawn[name] += 1;
          return draw.apply(this, words);
        };
      }
    }""")
    for name in ("map", "scores", "landmarks"):
        tab.page.set_checked(f"#show-{name}", False)
    tab.start()

    def drawn_per_frame() -> dict[str, int]:
        # One of these frames may have been on its way when the choice was made.
        wait_for_frames(tab.page, shown(tab.page).frames + 3)
        count = "() => ({ ...window.drawn, frames: window.gimefiveLive.frames })"
        before = tab.page.evaluate(count)
        wait_for_frames(tab.page, before["frames"] + 5)
        after = tab.page.evaluate(count)
        num_frames = after.pop("frames") - before["frames"]
        return {name: round((after[name] - before[name]) / num_frames) for name in after}

    assert drawn_per_frame() == {"putImageData": 0, "arc": 0, "fillText": 1}
    tab.page.set_checked("#show-map", True)
    assert drawn_per_frame() == {"putImageData": 1, "arc": 0, "fillText": 1}
    tab.page.set_checked("#show-landmarks", True)
    assert drawn_per_frame() == {"putImageData": 1, "arc": 68, "fillText": 1}
    tab.page.set_checked("#show-scores", True)
    assert drawn_per_frame() == {"putImageData": 1, "arc": 68, "fillText": 13}
    tab.page.close()
    assert tab.messages == []


def test_two_tabs_are_served_at_once(command: LiveCommand, browser: "playwright.Browser"):
    tabs = [Tab(browser, command.address) for _ in range(2)]
    for tab in tabs:
        tab.start()
    wait_for_frames(tabs[0].page, 20)
    counts = [wait_for_frames(tab.page, 20).frames for tab in tabs]
    # Neither waits until the other has ended.
    assert min(counts) > max(counts) / 2
    for tab in tabs:
        assert shown(tab.page).labels == ("happiness",)
        tab.page.close()
        assert tab.messages == []


def test_nothing_is_stored_while_frames_come(command: LiveCommand, browser: "playwright.Browser"):
    tab = Tab(browser, command.address)
    tab.start()
    wait_for_frames(tab.page, 3)
    before = command.bytes_stored
    wait_for_frames(tab.page, 20)
    assert command.bytes_stored == before
    assert tab.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
        0,
        0,
        "",
    ]
    tab.page.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [("NotAllowedError", "does not allow"), ("NotFoundError", "No camera"), ("Error", "told")],
)
def test_a_camera_that_cannot_be_had_is_told_in_words(
    command: LiveCommand, browser: "playwright.Browser", name: str, words: str
):
    tab = Tab(browser, command.address)
    refuse = f"() => Promise.reject(new DOMException('as told', '{name}'))"
    tab.page.evaluate(f"navigator.mediaDevices.getUserMedia = {refuse}; 0")
    tab.start()
    tab.page.wait_for_timeout(500)
    assert words in tab.page.inner_text("#status")
    assert tab.page.inner_text("#start") == "Start"
    tab.page.close()
    assert tab.messages == []


def test_ctrl_c_ends_the_server_within_seconds_while_tabs_are_open(browser: "playwright.Browser"):
    with LiveCommand() as command:
        tab = Tab(browser, command.address)
        tab.start()
        wait_for_frames(tab.page, 5)
        seconds, status, said = command.interrupt()
        tab.page.wait_for_timeout(500)
        assert "server has ended" in tab.page.inner_text("#status")
        tab.start()
        tab.page.wait_for_timeout(500)
        assert "server has ended" in tab.page.inner_text("#status")
        assert tab.page.inner_text("#start") == "Start"
        tab.page.close()
    assert status == 130
    # Idle it takes half a second; other tests may run beside this one.
    assert seconds < 5
    assert "not what the person feels" in said
    assert "Traceback" not in said
    assert said.splitlines()[-1] == "gimefive: interrupted; nothing half-written was left"
