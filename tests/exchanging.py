"""Token exchange in a few words: a rule of a client, and a request."""

from __future__ import annotations

from typing import Any

from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"
FRONT, ORDERS, BILLS = "https://front.example", "https://orders.example", "https://bills.example"


def rule(name: str = "to-orders", **values: Any) -> dict[str, Any]:
    """A rule for tokens of the client `app`, or what `values` say."""
    return {"name": name, "clients": ["app"], "targets": [ORDERS]} | values


def exchanger(server: Installation, client_id: str, *rules: dict[str, Any], **values: Any) -> RelyingParty:
    """A service that may exchange tokens by `rules`."""
    chosen: dict[str, Any] = {
        "redirect_uris": (),
        "grant_types": (GRANT, "client_credentials"),
        "scopes": frozenset({"read", "write"}),
        "resources": (FRONT, ORDERS, BILLS),
        "policy": {"exchange": list(rules)},
    }
    return RelyingParty(server, *server.add_client(client_id, **(chosen | values)))


def exchange(party: RelyingParty, token: str, token_type: str = ACCESS_TOKEN, **values: Any) -> Answer:
    """Ask for a token for the orders, or what `values` say; None takes a parameter out."""
    form = {"subject_token": token, "subject_token_type": token_type, "resource": ORDERS} | values
    return party.token_request(grant_type=GRANT, **{name: value for name, value in form.items() if value is not None})


def exchanged(party: RelyingParty, token: str, token_type: str = ACCESS_TOKEN, **values: Any) -> str:
    """The token that an exchange yields."""
    answer = exchange(party, token, token_type, **values)
    assert answer.status == 200, answer.text
    return str(answer.json["access_token"])
