"""Shows every page in every state to Chromium: pictures into `test-artifacts/pages/`, and what is wrong with it.

`python -m tests.browser.screenshots [page or view …]` looks at all of them or
at some. Requests are answered by the renderer in this process, so no server
is needed.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

from playwright.sync_api import Browser, Route, sync_playwright
from playwright.sync_api import Page as Tab

from authserver.protocol.messages import Request
from authserver.web.page_values import Page
from authserver.web.pages import Pages
from tests.browser import axe
from tests.browser.page_samples import samples
from tests.servers.chromium import FLAGS

PICTURES = Path(__file__).resolve().parents[2] / "test-artifacts" / "pages"
ISSUER = "https://auth.example"
SENDING_ON = {"/static/form_post.js", "/static/frontchannel_logout.js"}
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="12" fill="#0b7a75"/>'
    '<circle cx="24" cy="25" r="10" fill="none" stroke="#fff" stroke-width="4"/></svg>'
)


@dataclass(frozen=True)
class View:
    """One way to look at a page."""

    name: str
    width: int = 1280
    height: int = 800
    scheme: Literal["light", "dark"] = "light"
    language: str = "en"
    forced: Literal["active", "none"] = "none"
    direction: str = "ltr"
    scripts: bool = True
    axe: bool = True


VIEWS = (
    View("wide-light"),
    View("wide-dark", scheme="dark"),
    View("narrow-light", width=320, height=640),
    View("narrow-dark", width=320, height=640, scheme="dark", axe=False),
    View("german", language="de", axe=False),
    View("forced-colours", forced="active", axe=False),
    View("right-to-left", direction="rtl", axe=False),
    View("zoom-200", width=640, height=400, axe=False),
    View("scripts-off", scripts=False),
)


class Viewer:
    """One tab with one view; `show` loads a page into it."""

    def __init__(self, tab: Tab, view: View) -> None:
        self.tab = tab
        self._view = view
        self._pages = Pages(SimpleNamespace(issuer=ISSUER, environment="development", default_locale="en"))
        self._page: Page | None = None
        self.complaints: list[str] = []
        self.lets_pages_go = False
        tab.route("**/*", self._answer)
        tab.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        tab.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    def show(self, page: Page) -> None:
        """Load `page` and forget what was wrong before."""
        self._page = page
        self.complaints.clear()
        self.tab.goto(f"{ISSUER}/page")

    def photograph(self, name: str) -> None:
        """Keep a picture of the whole page."""
        self.tab.screenshot(path=PICTURES / self._view.name / f"{name}.png", full_page=True)

    def problems(self) -> list[str]:
        """What is wrong: refused resources, broken scripts, sideways scrolling, findings of axe-core."""
        wrong = list(self.complaints)
        if not self._view.scripts:
            return wrong
        if self.tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append("scrolls sideways")
        return wrong + axe.findings(self.tab) if self._view.axe and not axe.missing() else wrong

    def _answer(self, route: Route) -> None:
        path, _, query = route.request.url.removeprefix(ISSUER).partition("?")
        if path == "/page" and self._page:
            asked = Request("GET", path, headers={"accept-language": self._view.language})
            response = self._pages.render(self._page, asked)
            body = response.body.replace(b'dir="ltr"', f'dir="{self._view.direction}"'.encode(), 1)
            route.fulfill(status=200, headers=dict(response.headers), body=body)
        elif path in SENDING_ON and not self.lets_pages_go:
            # It would send the page on before anybody could look at it.
            route.fulfill(body="", content_type="text/javascript")
        elif path.startswith("/static/"):
            response = self._pages.assets.respond(Request("GET", path, query))
            route.fulfill(status=response.status, headers=dict(response.headers), body=response.body)
        elif path.endswith("/logo.svg"):
            route.fulfill(body=LOGO, content_type="image/svg+xml")
        else:
            route.fulfill(body="", content_type="text/plain")


@contextmanager
def viewing(browser: Browser, view: View) -> Iterator[Viewer]:
    """A viewer in a browser of its own."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme=view.scheme,
        forced_colors=view.forced,
        java_script_enabled=view.scripts,
        reduced_motion="reduce",
    )
    try:
        yield Viewer(context.new_page(), view)
    finally:
        context.close()


def main(names: set[str]) -> int:
    """Look at the pages and print what is wrong; 1 when anything is."""
    wrong = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for view in VIEWS:
            with viewing(browser, view) as viewer:
                for name, page in samples().items():
                    if names and not {name, view.name} & names:
                        continue
                    viewer.show(page)
                    viewer.photograph(name)
                    for problem in viewer.problems():
                        wrong = 1
                        sys.stdout.write(f"{name} ({view.name}): {problem}\n")
        browser.close()
    return wrong


if __name__ == "__main__":
    sys.exit(main(set(sys.argv[1:])))
