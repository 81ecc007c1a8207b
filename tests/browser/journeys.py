"""A person with a browser, an application in a process of its own, and a real server: what journeys are walked on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from playwright.sync_api import Browser, ConsoleMessage, Response

from tests.browser import axe
from tests.servers.authserver import Instance, running
from tests.servers.process import ServerProcess, accepts, free_port

PASSWORD = "Correct-Horse-7-Battery"
APPLICATION = "Acme Photos"
SCOPE = "openid profile email phone address offline_access"
PROGRAM = Path(__file__).with_name("relying_party_process.py")
PICTURES = Path(__file__).resolve().parents[2] / "test-artifacts" / "journeys"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass
class Ground:
    """The server, and the application that people sign in to."""

    instance: Instance
    application: str
    photographed: set[str] = field(default_factory=set)

    def start(self, **parameters: Any) -> str:
        """The address at which the application begins a sign-in with these parameters."""
        return f"{self.application}/start?{urlencode(parameters)}"


@contextmanager
def prepared(directory: Path) -> Iterator[Ground]:
    """Set a server up by its commands, as somebody would, and start the application."""
    port = free_port()
    origin = f"http://localhost:{port}"
    with running(directory, {"AUTHSERVER_RATE_LIMIT_LOGIN": "200/minute"}) as instance:
        for name in ("ada", "grace", "mallory", "newcomer"):
            claims = directory / f"{name}.json"
            claims.write_text(json.dumps({"name": f"{name.title()} Example"}))
            options = ("--email", f"{name}@example.com", "--username", name, "--verified", "--claims", str(claims))
            instance.create("users", *options, "--password-stdin", stdin=f"{PASSWORD}\n")
        uris = ("--redirect-uri", f"{origin}/callback", "--post-logout-redirect-uri", f"{origin}/signed-out")
        links = ("--client-uri", f"{origin}/", "--policy-uri", f"{origin}/privacy")
        registered = instance.create("clients", "--name", APPLICATION, *uris, *links, "--scope", SCOPE)
        configuration = {
            "port": port,
            "issuer": instance.issuer,
            "client_id": registered["client_id"],
            "client_secret": registered["client_secret"],
        }
        command = [sys.executable, PROGRAM, json.dumps(configuration)]
        with ServerProcess(command, directory / "application.log", ready=lambda: accepts(port)):
            yield Ground(instance, origin)


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, ground: Ground, browser: Browser, *, scripts: bool = True) -> None:
        self.ground = ground
        self.scripts = scripts
        self.context = browser.new_context(
            viewport=WIDE, java_script_enabled=scripts, reduced_motion="reduce", locale="en-GB"
        )
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.tab.set_default_timeout(60_000)
        self.tab.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.tab.on("console", self._said)
        self.tab.on("response", self._came)

    def _said(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains about; that a page has an error status is no complaint."""
        ours = message.location.get("url", "").startswith(self.ground.instance.issuer)
        if message.type == "error" and ours and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _came(self, response: Response) -> None:
        ours = response.url.startswith(self.ground.instance.issuer)
        if ours and response.status >= 400 and response.request.resource_type != "document":
            self.complaints.append(f"{response.status} {response.url}")

    # --- what a person does -------------------------------------------------------------------

    def begin(self, **parameters: Any) -> None:
        """Start at the application, which sends the browser to the server."""
        self.tab.goto(self.ground.start(**parameters))

    def log_in(self, name: str = "ada", password: str = PASSWORD) -> None:
        """Fill in the login page."""
        self.tab.fill("#username", name)
        self.tab.fill("#password", password)
        self.tab.click("#login-submit")

    def allow(self, *, remember: bool = False) -> None:
        """Allow what the consent page asks for."""
        self.tab.set_checked("#remember", remember)
        self.tab.click("#consent-allow")

    def sign_in(self, name: str = "ada", **parameters: Any) -> dict[str, Any]:
        """The whole journey; what the application got."""
        self.begin(**parameters)
        self.log_in(name)
        self.allow()
        return self.signed_in

    def press_until(self, element: str, most: int = 20) -> None:
        """Press Tab until the element has the focus; every stop on the way must be visible as one."""
        for _ in range(most):
            if self.focused == element:
                return
            self.tab.keyboard.press("Tab")
            assert self.tab.evaluate(HAS_RING), f"one does not see that {self.focused} has the focus"
        raise AssertionError(f"the keyboard does not reach {element}")

    # --- what a person sees -------------------------------------------------------------------

    @property
    def focused(self) -> str:
        """The id of the element that has the focus."""
        return str(self.tab.evaluate("document.activeElement.id || document.activeElement.tagName"))

    @property
    def signed_in(self) -> dict[str, Any]:
        """What the application shows after a sign-in."""
        return self._shown("signed-in")

    @property
    def not_signed_in(self) -> dict[str, Any]:
        """What the application shows when it was sent an error."""
        return self._shown("not-signed-in")

    def _shown(self, element: str) -> dict[str, Any]:
        self.tab.wait_for_selector("#signed-in, #not-signed-in, #refused")
        result = self.tab.inner_text("#result")
        assert self.tab.locator(f"#{element}").count() == 1, result
        return dict(json.loads(result))

    def sees(self, element: str) -> None:
        """Wait until the page has the element."""
        self.tab.wait_for_selector(f"#{element}")

    def is_at(self, path: str, picture: str = "") -> None:
        """The browser shows this page of the server, and the page is sound: its picture is kept under its name."""
        self.tab.wait_for_url(f"{self.ground.instance.issuer}{path}*")
        name = picture or path.strip("/").replace("/", "-")
        key = f"{name}{'' if self.scripts else '-scripts-off'}"
        assert self.complaints == []
        if key in self.ground.photographed:
            return
        self.ground.photographed.add(key)
        wrong = self._photograph(key)
        assert wrong == [], key

    def _photograph(self, name: str) -> list[str]:
        """Keep pictures of the page as it is, wide and narrow, light and dark; what is wrong with it there."""
        wrong: list[str] = []
        for size, viewport in (("wide", WIDE), ("narrow", NARROW)):
            self.tab.set_viewport_size(viewport)
            for scheme in SCHEMES:
                self.tab.emulate_media(color_scheme=scheme)
                self.tab.screenshot(path=PICTURES / f"{size}-{scheme}" / f"{name}.png", full_page=True)
                if self.scripts and (size, scheme) in {("wide", "light"), ("narrow", "dark")}:
                    wrong += axe.findings(self.tab)
            if self.tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong.append(f"scrolls sideways when {size}")
        self.tab.set_viewport_size(WIDE)
        self.tab.emulate_media(color_scheme="light")
        return wrong


HAS_RING = """() => {
    const style = getComputedStyle(document.activeElement);
    return document.activeElement === document.body || style.outlineStyle !== "none" || style.boxShadow !== "none";
}"""
