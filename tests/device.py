"""A device without a keyboard, and the person who connects it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from authserver.protocol.policy import DEVICE_CODE
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, inputs

SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass
class Device(RelyingParty):
    """A client of the device grant."""

    device_code: str = ""
    user_code: str = ""

    def ask(self, **values: Any) -> Answer:  # type: ignore[override]
        """POST to the device authorization endpoint."""
        headers = {}
        if self.secret:
            credentials = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        else:
            values = {"client_id": self.client_id} | values
        return self.installation.post("/oauth2/device_authorization", values, headers=headers)

    def start(self, scope: str | None = "openid", **values: Any) -> dict[str, Any]:
        """Ask for codes and keep them."""
        answer = self.ask(**({"scope": scope} if scope else {}), **values)
        assert answer.status == 200, answer.text
        self.device_code, self.user_code = answer.json["device_code"], answer.json["user_code"]
        return dict(answer.json)

    def poll(self, **values: Any) -> Answer:
        """Ask for tokens."""
        return self.token_request(**{"grant_type": DEVICE_CODE, "device_code": self.device_code} | values)

    def connected(self, **values: Any) -> dict[str, Any]:
        """Tokens from a whole journey."""
        self.start(**values)
        allow(Browser(self.installation), self.user_code)
        answer = self.poll()
        assert answer.status == 200, answer.text
        return dict(answer.json)


def install_device(server: Installation, client_id: str = "tv", *, public: bool = True, **values: Any) -> Device:
    """A registered device client; public unless it is said otherwise."""
    chosen: dict[str, Any] = {
        "name": "Acme TV",
        "redirect_uris": (),
        "grant_types": (DEVICE_CODE, "refresh_token"),
        "scopes": SCOPES,
        "token_endpoint_auth_method": "none" if public else "client_secret_basic",
    }
    return Device(server, *server.add_client(client_id, **(chosen | values)))


def sign_in(browser: Browser, page: Answer, name: str = "alice") -> Answer:
    """Past the login page, where there is one."""
    return browser.sign_in(page, name) if browser.path == "/login" else page


def enter(browser: Browser, user_code: str, name: str = "alice") -> Answer:
    """Open the page, sign in and type the code."""
    page = sign_in(browser, browser.open("/device"), name)
    return browser.submit(page, user_code=user_code, action="enter")


def decide(browser: Browser, page: Answer, action: str, scopes: list[str] | None = None) -> Answer:
    """Press a button of the page that shows what is asked for."""
    offered = [values["value"] for values in inputs(page) if values.get("name") == "scope"]
    return browser.submit(page, action=action, scope=offered if scopes is None else scopes)


def allow(browser: Browser, user_code: str, name: str = "alice") -> Answer:
    """The whole journey of the person."""
    return decide(browser, enter(browser, user_code, name), "allow")
