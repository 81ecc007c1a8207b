"""Clients whose id is the address of their metadata (draft-ietf-oauth-client-id-metadata-document).

The document is read when such a client begins an authorization request, and
again when it is some minutes old. Grants and consents need a client to hang on,
so it is kept as a row of its own origin, which every change of the document
makes a new version of. A client that cannot be reached for a moment goes on as
it was; one whose document is gone or no longer acceptable begins nothing new.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from authserver.clients.directory import Client, ClientDirectory
from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import LONGEST_ID, ClientRegistration, Provenance
from authserver.clients.self_described import changes, permitted, wanted
from authserver.events.destinations import OutboundFailed, OutboundRefused
from authserver.events.outbound import Outbound
from authserver.protocol import uris
from authserver.protocol.errors import ConflictError, UnknownClient, ValidationError
from authserver.protocol.policy import SECRET_METHODS
from authserver.settings.schema import Settings
from authserver.storage.database import Database

ORIGIN: Final = "document"
PROFILE: Final = "mcp"
SPEC: Final = "draft-ietf-oauth-client-id-metadata-document"
MAX_BYTES: Final = 10_240
FRESH_SECONDS: Final = 300
PAUSE_SECONDS: Final = 60
"""How long a document that was not acceptable, or not reached, is left alone: strangers choose the addresses."""
CAPACITY: Final = 4096
HTTPS_PORT: Final = 443
LONGEST_NAME: Final = 160
NOT_IN_DOCUMENTS: Final = ("client_secret", "client_secret_expires_at")


@dataclass(frozen=True, slots=True)
class _Read:
    """What became of a document: until when (seconds of the monotonic clock) that holds, and why it is refused."""

    until: float
    refused: str = ""


class ClientDocuments:
    """Finds clients as the directory does, after reading the document of those that have one.

    Never called inside a transaction. Safe among threads.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        outbound: Outbound,
        directory: ClientDirectory,
        registration: ClientRegistration,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._enabled = settings.client_id_metadata_documents
        self._limit = settings.registration_unused_limit
        self._own = frozenset(_place(uri) for uri in (settings.issuer, *settings.issuer_aliases))
        self._database = database
        self._outbound = outbound
        self._directory = directory
        self._registration = registration
        self._clock = clock
        self._lock = threading.Lock()
        self._reads: OrderedDict[str, _Read] = OrderedDict()

    def find(self, client_id: str) -> Client | None:
        """The client with this id.

        Raises:
            UnknownClient: its id is the address of a document that is not acceptable; `details` say why.
        """
        found = self._directory.find(client_id)
        if found is not None and found.origin != ORIGIN:
            return found
        if not self._enabled or not self._names_document(client_id):
            # Switched off, it ends for those that are known already too.
            return None
        self._refresh(client_id, found)
        return self._directory.find(client_id)

    def _names_document(self, client_id: str) -> bool:
        """Whether the id is an address as the draft wants it (§3), and not one of this server's own."""
        if not client_id.startswith("https://") or len(client_id) > LONGEST_ID:
            return False
        try:
            uris.check_https_uri(client_id, "client_id")
        except ValidationError:
            return False
        path = urlsplit(client_id).path
        plain = "#" not in client_id and not {".", ".."}.intersection(path.split("/"))
        return plain and path not in {"", "/"} and _place(client_id) not in self._own

    def _refresh(self, client_id: str, found: Client | None) -> None:
        known = self._reads.get(client_id)
        if known is None or self._clock() >= known.until:
            known = self._read(client_id, found)
            self._remember(client_id, known)
        if known.refused:
            raise UnknownClient(
                "The metadata document of the application cannot be used.",
                reason="client_document_refused",
                spec="draft-ietf-oauth-client-id-metadata-document §4",
                details={"client_id": client_id, "why": known.refused},
            )

    def _read(self, client_id: str, found: Client | None) -> _Read:
        now = self._clock()
        try:
            self._store(client_id, self._fetch(client_id), found)
        except OutboundFailed as error:
            return _Read(now + PAUSE_SECONDS, "" if found is not None else f"not reached: {error}")
        except (OutboundRefused, ValidationError, ValueError) as error:
            return _Read(now + PAUSE_SECONDS, getattr(error, "message", "") or str(error))
        return _Read(now + FRESH_SECONDS)

    def _fetch(self, client_id: str) -> ClientMetadata:
        response = self._outbound.get(client_id, headers={"Accept": "application/json"}, max_bytes=MAX_BYTES)
        if response.status >= 500:
            raise OutboundFailed("answered_with_an_error", str(response.status))
        if response.status != 200:
            raise ValueError(f"the answer was {response.status}, not 200")
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise ValueError("the document is not application/json")
        document = orjson.loads(response.body)
        if not isinstance(document, dict):
            raise ValueError("the document is not a JSON object")
        return _described(client_id, document)

    def _store(self, client_id: str, described: ClientMetadata, found: Client | None) -> None:
        self._registration.check_sector(described)
        if found is None:
            with suppress(ConflictError), self._database.unit() as unit:  # Another request may have been faster.
                self._registration.create_in(
                    unit, permitted(unit, described), client_id=client_id, by=Provenance(ORIGIN)
                )
                if unit.clients.unused() > self._limit:
                    raise ValidationError("too many clients wait for their first use", field="client_id")
        else:
            with self._database.reading() as unit:
                described = permitted(unit, described)
            self._registration.update(client_id, changes(described))
        self._directory.forget()

    def _remember(self, client_id: str, read: _Read) -> None:
        with self._lock:
            self._reads[client_id] = read
            self._reads.move_to_end(client_id)
            while len(self._reads) > CAPACITY:
                self._reads.popitem(last=False)


def _described(client_id: str, document: Mapping[str, Any]) -> ClientMetadata:
    """The metadata in a document, if it is this client's and needs no secret, which nobody could keep there (§4.1)."""
    if document.get("client_id") != client_id:
        raise ValidationError("client_id in the document is not its address", field="client_id")
    if any(name in document for name in NOT_IN_DOCUMENTS):
        raise ValidationError("a document that everybody can read has no secret", field="client_secret")
    stated = {"token_endpoint_auth_method": "none", **document}
    if stated["token_endpoint_auth_method"] in SECRET_METHODS:
        raise ValidationError("a client with a document has no secret", field="token_endpoint_auth_method")
    described = wanted(stated, PROFILE, by_stranger=True)
    # The name is the document's choice, its host is not: people see both.
    return replace(described, name=f"{described.name[:LONGEST_NAME]} ({urlsplit(client_id).hostname})")


def _place(uri: str) -> tuple[str | None, int]:
    """Host and port, whatever the scheme."""
    parts = urlsplit(uri)
    return parts.hostname, parts.port or HTTPS_PORT
