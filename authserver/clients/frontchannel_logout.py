"""What the browser loads so that clients hear of a logout (OpenID Connect Front-Channel Logout §2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from authserver.clients.directory import ClientDirectory
from authserver.crypto.macs import Macs
from authserver.protocol.redirect_uris import with_parameters
from authserver.storage.models.sessions import Session
from authserver.storage.unit import Unit


@dataclass(frozen=True, slots=True)
class FrontchannelLogout:
    """Says which addresses are to be loaded when sessions end."""

    issuer: str
    clients: ClientDirectory
    macs: Macs

    def addresses(self, unit: Unit, sessions: Iterable[Session]) -> tuple[str, ...]:
        """One for each session and each client that got something in it and registered one.

        `iss` and `sid` come along always, so that a client need not take anybody's word for whose session ended.
        """
        found: list[str] = []
        for session in sessions:
            for client_id in unit.grants.clients_of_session(session.id):
                client = self.clients.find(client_id)
                uri = client.extensions.frontchannel_logout_uri if client is not None and client.enabled else None
                if uri is not None:
                    sid = self.macs.sid(session.id, client_id)
                    found.append(with_parameters(uri, (("iss", self.issuer), ("sid", sid))))
        return tuple(found)
