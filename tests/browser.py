"""A page in a real browser, with all that it complains of and asks for."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class OpenedPage:
    """A page, its complaints, and the addresses that it asked for."""

    def __init__(self, page: "Page", path: Path) -> None:
        self.page, self.path = page, path
        self.messages, self.requests = list[str](), list[str]()
        page.context.set_offline(True)
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri(), wait_until="load")

    @property
    def foreign_requests(self) -> set[str]:
        """What it asked for beside itself."""
        return {url for url in self.requests if not url.startswith("data:")} - {self.path.as_uri()}

    @property
    def overflow(self) -> int:
        """Pixels by which it is wider than the window."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )


@contextlib.contextmanager
def opened_page(path: Path, *, width: int, scheme: str = "light") -> Iterator[OpenedPage]:
    """Opens a file offline in Chromium; skips the test where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed; `apt install chromium` brings it")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        window = {"width": width, "height": 900}
        yield OpenedPage(browser.new_page(viewport=window, color_scheme=scheme), path)
        browser.close()
