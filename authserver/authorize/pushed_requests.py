"""Pushed authorization requests (RFC 9126): checked and kept before the browser comes with their name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from authserver.clients.directory import Client
from authserver.crypto.handles import Handles, Kind
from authserver.protocol import validity
from authserver.protocol.errors import InvalidRequestURI
from authserver.protocol.messages import Parameters
from authserver.storage.database import Database
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import PushedRequest
from authserver.storage.unit import Unit

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
WORDS: Final = "The request_uri is not valid. Push the request again."


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request that was kept: its name, and for how many seconds it may be used."""

    request_uri: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Recalled:
    """The parameters of a pushed request, and the digest by which it is used up."""

    parameters: Parameters
    digest: bytes


class PushedRequests:
    """Keeps pushed requests and finds them again. They are used up when they are answered, not when they are seen:
    a browser that loads the page twice has not been answered twice.
    """

    def __init__(self, database: Database, handles: Handles, ttl: int) -> None:
        self._database = database
        self._handles = handles
        self._ttl = ttl

    def keep(self, client: Client, parameters: Parameters) -> Pushed:
        """Keep a request that every check has passed."""
        handle = self._handles.issue(Kind.PUSHED_REQUEST)
        request = frozen(PushedRequest).new(
            digest=handle.digest,
            client_id=client.id,
            parameters={"pairs": [list(pair) for pair in parameters.pairs]},
            expires_at=validity.after(self._ttl),
        )
        self._database.single_write(lambda unit: unit.pushed_requests.add(request))
        return Pushed(PREFIX + handle.value, self._ttl)

    def recall(self, client: Client, request_uri: str) -> Recalled:
        """The request that this client pushed under this name.

        Raises:
            InvalidRequestURI: unknown, another client's, expired or answered already; `reason` says which.
        """
        digest = self._handles.digest(Kind.PUSHED_REQUEST, request_uri.removeprefix(PREFIX))
        row = None
        if digest is not None:
            with self._database.reading() as unit:
                row = unit.pushed_requests.find(digest)
        if row is None or digest is None:
            raise _refusal("pushed_request_unknown")
        if row.client_id != client.id:
            raise _refusal("pushed_request_of_other_client")
        if row.consumed_at is not None:
            raise used()
        if row.is_expired:
            raise _refusal("pushed_request_expired")
        return Recalled(Parameters([(name, value) for name, value in row.parameters["pairs"]]), digest)


def consume(unit: Unit, digest: bytes | None) -> None:
    """Use up the request that is being answered, where it was pushed.

    Raises:
        InvalidRequestURI: another request was answered first.
    """
    if digest is not None and not unit.pushed_requests.consume(digest):
        raise used()


def used() -> InvalidRequestURI:
    """The refusal for a pushed request that was answered already."""
    return _refusal("pushed_request_used")


def _refusal(reason: str) -> InvalidRequestURI:
    return InvalidRequestURI(WORDS, reason=reason, spec="RFC 9126 §4")
