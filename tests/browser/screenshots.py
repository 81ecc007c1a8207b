"""Photographs every page in every state into `test-artifacts/pages/`, and asks axe-core about each.

Run: `python -m tests.browser.screenshots [name…]`. Requests are answered from
the renderer in this process, so no server is needed. axe-core is looked for
in `node_modules/`; without it only the pictures are made.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import Browser, Route, sync_playwright

from authserver.protocol.messages import Request
from authserver.web.page_values import Page
from authserver.web.pages import Pages
from tests.browser.page_samples import samples

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "test-artifacts" / "pages"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
ISSUER = "https://auth.example"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"] + [
    f"--disable-{what}" for what in ("background-networking", "component-update", "sync")
]
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
    scheme: str = "light"
    language: str = "en"
    forced: str = "none"
    direction: str = ""
    scripts: bool = True


VIEWS = (
    View("wide-light"),
    View("wide-dark", scheme="dark"),
    View("narrow-light", width=320, height=640),
    View("narrow-dark", width=320, height=640, scheme="dark"),
    View("german", language="de"),
    View("forced-colours", forced="active"),
    View("right-to-left", direction="rtl"),
    View("zoom-200", width=640, height=400),
    View("scripts-off", scripts=False),
)


def renderer() -> Pages:
    """The renderer with sample settings."""
    return Pages(SimpleNamespace(issuer=ISSUER, environment="development", default_locale="en"))


def answer(route: Route, pages: Pages, page: Page, view: View) -> None:
    """Answer one request of the browser from memory."""
    path = route.request.url.removeprefix(ISSUER).partition("?")
    if route.request.url.startswith("https://photos.example/logo"):
        route.fulfill(body=LOGO, content_type="image/svg+xml")
    elif path[0].startswith("/static/"):
        response = pages.assets.respond(Request("GET", path[0], path[2]))
        route.fulfill(status=response.status, headers=dict(response.headers), body=response.body)
    elif path[0] == "/page":
        response = pages.render(page, Request("GET", "/page", headers={"accept-language": view.language}))
        body = response.body.decode()
        if view.direction:
            body = body.replace('dir="ltr"', f'dir="{view.direction}"', 1)
        route.fulfill(status=200, headers=dict(response.headers), body=body)
    else:
        route.abort()


def photograph(browser: Browser, pages: Pages, name: str, page: Page, view: View) -> list[str]:
    """Save one picture and return what is wrong with the page, in words."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme=view.scheme,  # type: ignore[arg-type]
        forced_colors=view.forced,  # type: ignore[arg-type]
        java_script_enabled=view.scripts,
    )
    # Pages that send themselves on would be gone before the picture is taken.
    context.route("**/form_post.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    tab = context.new_page()
    tab.route(re.compile(r"^(?!.*form_post\.js)"), lambda route: answer(route, pages, page, view))
    wrong: list[str] = []
    tab.on("console", lambda message: wrong.append(f"console: {message.text}") if message.type == "error" else None)
    tab.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    tab.goto(f"{ISSUER}/page")
    tab.screenshot(path=PICTURES / view.name / f"{name}.png", full_page=True)
    if view.scripts:
        if tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append("scrolls sideways")
        wrong += axe_findings(tab)
    context.close()
    return wrong


def axe_findings(tab: Any) -> list[str]:
    """What axe-core finds on the page that `tab` shows."""
    if not AXE.exists():
        return []
    tab.evaluate(AXE.read_text())
    found = tab.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"axe {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def main(names: list[str]) -> int:
    """Take every picture, print what is wrong, and return how much is."""
    pages = renderer()
    wrong = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, page in samples().items():
            for view in VIEWS:
                if names and name not in names and view.name not in names:
                    continue
                for finding in photograph(browser, pages, name, page, view):
                    wrong += 1
                    print(f"{name} ({view.name}): {finding}")  # noqa: T201
        browser.close()
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
