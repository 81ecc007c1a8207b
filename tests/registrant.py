"""An application that registers itself, in a few lines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from authserver.clients.initial_access import InitialAccessTokens
from tests.installation import REDIRECT_URI, Answer, Installation
from tests.relying_party import RelyingParty

REGISTER = "/oauth2/register"


@dataclass
class Registrant:
    """Registers and manages one client; what it was told last is in `told`."""

    installation: Installation
    told: dict[str, Any] = field(default_factory=dict)

    def send(self, method: str, url: str, document: Any = None, token: str | None = None) -> Answer:
        """Send a JSON document, or nothing, with a bearer token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if document is None:
            return self.installation.request(method, url, headers=headers)
        headers["Content-Type"] = "application/json"
        return self.installation.request(method, url, body=json.dumps(document).encode(), headers=headers)

    def ask(self, *, initial_token: str | None = None, **members: Any) -> Answer:
        """Ask to be registered; None takes a member out."""
        wanted = {"redirect_uris": [REDIRECT_URI]} | members
        document = {name: value for name, value in wanted.items() if value is not None}
        answer = self.send("POST", REGISTER, document, initial_token)
        if answer.status == 201:
            self.told = answer.json
        return answer

    def register(self, **members: Any) -> dict[str, Any]:
        """Be registered."""
        answer = self.ask(**members)
        assert answer.status == 201, answer.text
        return self.told

    def manage(self, method: str, document: Any = None, token: str | None = None) -> Answer:
        """Act at the address where this client manages itself."""
        path = urlsplit(self.told["registration_client_uri"]).path
        return self.send(method, path, document, token or self.told["registration_access_token"])

    @property
    def party(self) -> RelyingParty:
        """The relying party that it has become."""
        told = self.told
        uri = told.get("redirect_uris", [REDIRECT_URI])[0]
        return RelyingParty(self.installation, told["client_id"], told.get("client_secret", ""), redirect_uri=uri)


def initial_access_tokens(server: Installation) -> InitialAccessTokens:
    """Makes the tokens of this installation."""
    services = server.services
    return InitialAccessTokens(services.database, services.crypto.handles, services.recorder)
