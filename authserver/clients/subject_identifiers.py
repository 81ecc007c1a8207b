"""What a client calls a person: the user's id, or for pairwise clients a name of their sector (OIDC Core §8.1).

Names are made and traced with a key of the installation that `init` makes once
and nothing ever changes. Clients of one sector share a name, others cannot tell
that they know the same person.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from authserver.clients.directory import Client
from authserver.crypto.pseudonyms import Pseudonyms, new_key
from authserver.crypto.sealing import Sealer
from authserver.protocol.errors import ServerError
from authserver.protocol.identifiers import looks_like_id
from authserver.storage.database import Database
from authserver.storage.unit import Unit

PURPOSE = "pairwise-subjects"


class SubjectIdentifiers:
    """Turns user ids into the `sub` that a client sees, and back."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._loaded: Pseudonyms | None = None

    def of(self, client: Client, user_id: str) -> str:
        """The `sub` of a person for this client, in every token and answer alike; a client stays what it is."""
        if not client.is_pairwise or not looks_like_id(user_id):
            return user_id
        return self._pseudonyms.of(sector_of(client), user_id)

    def user_of(self, client: Client, subject: str) -> str | None:
        """The id of the person whom this client calls `subject`, or None if that is nobody.

        A user id passes too: the client may have become pairwise after it got an ID token.
        """
        if looks_like_id(subject) or not client.is_pairwise:
            return subject
        return self._pseudonyms.user_of(sector_of(client), subject)

    def named_by(self, client: Client, subject: str) -> str:
        """The id of the person whom a request of this client names, or an empty string, which is nobody's.

        A user id is nobody's name here: it would let a pairwise client find out whether the person in front of
        the browser is the one that another client knows by it.
        """
        if not client.is_pairwise:
            return subject
        return "" if looks_like_id(subject) else self._pseudonyms.user_of(sector_of(client), subject) or ""

    @property
    def _pseudonyms(self) -> Pseudonyms:
        if self._loaded is None:
            with self._database.reading_aside() as unit:
                sealed = unit.installation_keys.find(PURPOSE)
            if sealed is None:
                raise ServerError(
                    "The server cannot name people for this application.",
                    reason="no_pairwise_key",
                    spec="OIDC Core §8.1",
                    setting="authserver init",
                )
            self._loaded = Pseudonyms(self._sealer.open(sealed, PURPOSE))
        return self._loaded


def ensure_key(unit: Unit, sealer: Sealer) -> None:
    """Make the key of the installation, unless it is there."""
    if unit.installation_keys.find(PURPOSE) is None:
        unit.installation_keys.add_missing(PURPOSE, sealer.seal(new_key(), PURPOSE))


def sector_of(client: Client) -> str:
    """The sector of a client: the host of its sector identifier, else of its redirect URIs (OIDC Core §8.1).

    A native client's private scheme stands for a host; without any redirect URI the client is a sector of its own.
    """
    named = client.extensions.sector_identifier_uri or next(iter(client.redirect_uris), None)
    if named is None:
        return f"client:{client.id}"
    parts = urlsplit(named)
    return parts.hostname or parts.scheme
