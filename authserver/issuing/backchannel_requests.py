"""Backchannel authentication: what a client asks for in the background, and whom (CIBA Core §7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from authserver.access.requests import Asked
from authserver.clients.backchannel_notifications import notification_context
from authserver.clients.directory import Client
from authserver.crypto.handles import Handles, Kind
from authserver.crypto.sealing import Sealer
from authserver.events.catalog import BackchannelAuthenticationRequested
from authserver.events.outbox import Recorder
from authserver.issuing.decisions import Decider, Decisions, is_waiting
from authserver.protocol import validity
from authserver.protocol.errors import PersonNotAsked
from authserver.protocol.identifiers import new_id
from authserver.storage.frozen import frozen
from authserver.storage.models.decoupled import BackchannelRequest
from authserver.storage.unit import Unit

MOST_WAITING: Final = 50
"""Requests that wait for a person at once; all of them are shown."""
MOST_OF_ONE_CLIENT: Final = 10
"""How many of these one client may have, so that none can use up what others are due."""
NOT_ASKED: Final = "This person is not asked now; try again when earlier requests were answered or have expired."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants of a person; `expires_in` is seconds or None for what the server usually gives."""

    user_id: str
    asked: Asked
    audience: tuple[str, ...]
    binding_message: str | None = None
    expires_in: int | None = None
    notification_token: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What the client is told (CIBA Core §7.3); `expires_in` and `interval` are seconds."""

    auth_req_id: str
    expires_in: int
    interval: int


class BackchannelAuthentications:
    """Begins requests, finds those that wait for a person, and has them answered.

    Args:
        ttl: seconds until a request expires that does not say when.
        interval: seconds between two polls.
    """

    def __init__(self, handles: Handles, sealer: Sealer, decisions: Decisions, *, ttl: int, interval: int) -> None:
        self._handles = handles
        self._sealer = sealer
        self._decisions = decisions
        self._ttl = ttl
        self._interval = interval

    def start(self, unit: Unit, recorder: Recorder, client: Client, wanted: Wanted) -> Acknowledged:
        """Store what a client asks for.

        Raises:
            PersonNotAsked: as many requests wait for this person as may.
        """
        _require_room(unit, client, wanted.user_id)
        handle, request_id = self._handles.issue(Kind.AUTH_REQUEST), new_id()
        expires_in = wanted.expires_in or self._ttl
        unit.backchannel_requests.add(
            frozen(BackchannelRequest).new(
                id=request_id,
                digest=handle.digest,
                client_id=client.id,
                user_id=wanted.user_id,
                scope=" ".join(sorted(wanted.asked.scopes)),
                resources=list(wanted.audience),
                authorization_details=[dict(detail) for detail in wanted.asked.details] or None,
                binding_message=wanted.binding_message,
                interval=self._interval,
                notification_sealed=self._sealed(request_id, handle.value, wanted.notification_token),
                expires_at=validity.after(expires_in),
            )
        )
        recorder.record(
            unit,
            BackchannelAuthenticationRequested(
                user_id=wanted.user_id,
                client_id=client.id,
                request_id=request_id,
                scopes=tuple(sorted(wanted.asked.scopes)),
                resources=wanted.audience,
            ),
        )
        return Acknowledged(handle.value, expires_in, self._interval)

    def _sealed(self, request_id: str, auth_req_id: str, token: str | None) -> bytes | None:
        """What a client that wants to be told must hear: its own token, and which request it is about."""
        if token is None:
            return None
        return self._sealer.seal(f"{auth_req_id} {token}".encode(), notification_context(request_id))

    def waiting(self, unit: Unit, user_id: str) -> list[BackchannelRequest]:
        """What waits for this person, oldest first."""
        return unit.backchannel_requests.waiting_of(user_id, MOST_WAITING)

    def find(self, unit: Unit, user_id: str, reference: str) -> BackchannelRequest | None:
        """The request that waits for this person, by its own id or by the client's auth_req_id."""
        digest = self._handles.digest(Kind.AUTH_REQUEST, reference)
        requests = unit.backchannel_requests
        found = requests.find_by_digest(digest) if digest is not None else requests.find(reference)
        return found if found is not None and found.user_id == user_id and is_waiting(found) else None

    def allow(self, unit: Unit, request: BackchannelRequest, client: Client, decider: Decider) -> None:
        """Grant everything that was asked for. Raises as `Decisions.allow` does."""
        scopes = frozenset(request.scope.split())
        self._decisions.allow(unit, unit.backchannel_requests, request, client, decider, scopes=scopes)
        unit.backchannel_requests.ring(request.id)

    def deny(self, unit: Unit, request: BackchannelRequest, decider: Decider) -> None:
        """Refuse everything. Raises as `Decisions.deny` does."""
        self._decisions.deny(unit, unit.backchannel_requests, request, decider)
        unit.backchannel_requests.ring(request.id)


def _require_room(unit: Unit, client: Client, user_id: str) -> None:
    """Nobody is flooded, neither their page nor their mailbox.

    The person's row is held until the request is stored, so that of many at once none counts before another is there.
    The two refusals read alike: how many ask a person is not for clients to know.
    """
    unit.users.hold(user_id)
    if unit.backchannel_requests.count_waiting(user_id, client.id) >= MOST_OF_ONE_CLIENT:
        raise PersonNotAsked(NOT_ASKED, reason="requests_of_client_waiting", spec="CIBA Core §13")
    if unit.backchannel_requests.count_waiting(user_id) >= MOST_WAITING:
        raise PersonNotAsked(NOT_ASKED, reason="requests_of_person_waiting", spec="CIBA Core §13")
