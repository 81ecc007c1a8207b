"""A client that asks in the background, and the person who answers."""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass
from typing import Any

from authserver.clients.extensions import Extensions
from authserver.protocol.policy import CIBA
from authserver.signing.keys import public_jwk
from tests import keys
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, hidden_fields, inputs
from tests.signing import signed

SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
ENDPOINT = "/oauth2/bc-authorize"


@dataclass
class Background(RelyingParty):
    """A client of the CIBA grant."""

    auth_req_id: str = ""

    def ask(self, **values: Any) -> Answer:  # type: ignore[override]
        """POST to the backchannel authentication endpoint; None takes a parameter out."""
        form: dict[str, Any] = {"scope": "openid", "login_hint": "alice"} | values
        return self.send(**{name: value for name, value in form.items() if value is not None})

    def send(self, **form: Any) -> Answer:
        """POST exactly these parameters."""
        credentials = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        return self.installation.post(ENDPOINT, form, headers={"Authorization": f"Basic {credentials}"})

    def start(self, **values: Any) -> dict[str, Any]:
        """Ask, and keep what to poll with."""
        answer = self.ask(**values)
        assert answer.status == 200, answer.text
        self.auth_req_id = answer.json["auth_req_id"]
        return dict(answer.json)

    def poll(self, **values: Any) -> Answer:
        """Ask for tokens."""
        return self.token_request(**{"grant_type": CIBA, "auth_req_id": self.auth_req_id} | values)

    def signed(self, key: str = "PS256", **changes: Any) -> str:
        """A signed authentication request; None takes a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "aud": self.installation.settings.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": secrets.token_urlsafe(16),
            "scope": "openid",
            "login_hint": "alice",
        } | changes
        return signed(claims, keys.signing(key), typ="")


def install_background(
    server: Installation,
    client_id: str = "bank",
    *,
    mode: str = "poll",
    signs: bool = False,
    details: tuple[str, ...] = (),
    **values: Any,
) -> Background:
    """A registered CIBA client that proves itself with a secret."""
    endpoint = values.pop("notification_endpoint", "https://bank.example/ciba" if mode == "ping" else None)
    public = keys.signing("PS256").private.public_key()
    chosen: dict[str, Any] = {
        "name": "Acme Bank",
        "redirect_uris": (),
        "response_types": (),
        "grant_types": (CIBA, "refresh_token"),
        "scopes": SCOPES,
        "jwks": {"keys": [public_jwk("PS256", public)]} if signs else None,
        "extensions": Extensions(
            backchannel_token_delivery_mode=mode,
            backchannel_client_notification_endpoint=endpoint,
            backchannel_authentication_request_signing_alg="PS256" if signs else None,
            authorization_details_types=details,
        ),
    }
    return Background(server, *server.add_client(client_id, **(chosen | values)))


def approvals(browser: Browser, name: str = "alice") -> Answer:
    """Open the page of what waits, signing in where that is asked for."""
    page = browser.open("/approvals")
    return browser.sign_in(page, name) if browser.path == "/login" else page


def answer(browser: Browser, page: Answer, action: str, number: int = 0) -> Answer:
    """Press a button of one of the requests on the page."""
    references = [values["value"] for values in inputs(page) if values.get("name") == "request"]
    return browser.open(browser.url, form=hidden_fields(page) | {"request": references[number], "action": action})


def decide(server: Installation, action: str = "allow", name: str = "alice") -> Answer:
    """The whole journey of the person."""
    browser = Browser(server)
    return answer(browser, approvals(browser, name), action)
