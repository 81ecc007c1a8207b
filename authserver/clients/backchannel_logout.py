"""Tells clients that a session has ended (OpenID Connect Back-Channel Logout 1.0).

Whoever ends a session notes, in the same transaction, every client that got
something in it and wants to hear of it (`storage.repositories.logout_deliveries`).
The worker sends what is due. An answer of 400 means that the client cannot end
its session (§2.8), so sending again is useless; everything else is tried again
for a while, with a token of its own each time. A worker that dies in between
leaves its claim to the next one, so a client may hear of a session twice, and
never not at all.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol
from urllib.parse import urlencode

from authserver.clients.directory import Client, ClientDirectory
from authserver.events.catalog import ClientLogoutFailed, ClientNotifiedOfLogout
from authserver.events.outbound import Outbound, OutboundFailed, OutboundRefused
from authserver.events.outbox import Recorder
from authserver.protocol import validity
from authserver.protocol.errors import ProtocolError
from authserver.protocol.identifiers import new_id
from authserver.protocol.messages import FORM_CONTENT_TYPE
from authserver.storage.database import Database
from authserver.storage.repositories.logout_deliveries import LogoutClaim
from authserver.telemetry.instruments import counter, gauge
from authserver.telemetry.logs import get_logger

BATCH: Final = 16
"""Deliveries attempted at once; one receiver that does not answer must not keep the others waiting."""
LEASE_SECONDS: Final = 120.0
"""After this time another worker may try what this one has claimed: longer than a batch can take."""
MAX_ATTEMPTS: Final = 9
FIRST_PAUSE: Final = 2.0
MAX_PAUSE: Final = 900.0
INTERNAL: Final = "internal_error"

_logger = get_logger(__name__)
_ATTEMPTS: Final = counter("authserver_backchannel_logout_attempts_total", "Logout tokens sent.", ("result",))
_WAITING: Final = gauge("authserver_backchannel_logout_waiting", "Clients still to be told of the end of a session.")

Pause = Callable[[int], float]


class LogoutRejected(Exception):
    """The client answered, and not with success. `is_final` says whether another attempt is useless."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered with {status}")
        self.status = status

    @property
    def is_final(self) -> bool:
        """400 stands for a request that was understood and could not be carried out (§2.8)."""
        return self.status == 400


def growing_pause(attempts: int) -> float:
    """Seconds until the next attempt: doubled each time, spread so that receivers are not hit by a wave."""
    return min(MAX_PAUSE, FIRST_PAUSE * 2.0 ** (attempts - 1)) * random.uniform(0.5, 1.0)  # noqa: S311


class LogoutTokens(Protocol):
    """Makes logout tokens, each for one attempt."""

    def issue(self, client: Client, session_id: str, user_id: str) -> str:
        """A token that says to `client` that a session has ended. Raises ProtocolError where none can be made."""


class BackchannelLogout:
    """The queue of clients to be told, as one worker sees it.

    Args:
        pause: seconds to wait after so many attempts.
    """

    def __init__(
        self,
        database: Database,
        clients: ClientDirectory,
        tokens: LogoutTokens,
        outbound: Outbound,
        recorder: Recorder,
        *,
        pause: Pause = growing_pause,
    ) -> None:
        self._database = database
        self._clients = clients
        self._tokens = tokens
        self._outbound = outbound
        self._recorder = recorder
        self._pause = pause
        self._holder = new_id()

    def step(self) -> int:
        """Sends what is due, a batch at most; tells how many deliveries were attempted."""
        with self._database.reading() as unit:
            if not unit.logout_deliveries.has_due(validity.now()):
                return 0
        with self._database.unit() as unit:
            claims = unit.logout_deliveries.claim(
                holder=self._holder, now=validity.now(), until=validity.after(LEASE_SECONDS), limit=BATCH
            )
        if claims:
            with ThreadPoolExecutor(len(claims), thread_name_prefix="logout") as pool:
                list(pool.map(self._attempt, claims))
        return len(claims)

    def measure(self) -> int:
        """Tells the metrics how many deliveries wait; nothing was done."""
        with self._database.reading() as unit:
            _WAITING.set(unit.logout_deliveries.count())
        return 0

    def _attempt(self, claim: LogoutClaim) -> None:
        client = self._clients.find(claim.client_id)
        uri = client.extensions.backchannel_logout_uri if client is not None and client.enabled else None
        if client is None or uri is None:
            self._forget(claim)
            return
        try:
            self._send(client, uri, claim)
        except Exception as error:
            self._failed(claim, error)
        else:
            self._delivered(claim)

    def _send(self, client: Client, uri: str, claim: LogoutClaim) -> None:
        token = self._tokens.issue(client, claim.session_id, claim.user_id)
        body = urlencode({"logout_token": token}).encode("ascii")
        answer = self._outbound.post(uri, body, content_type=FORM_CONTENT_TYPE)
        # 204 comes from frameworks that answer an empty body with it (§2.8).
        if answer.status not in {200, 204}:
            raise LogoutRejected(answer.status)

    def _forget(self, claim: LogoutClaim) -> None:
        """The client is gone, is switched off or does not want to hear any more."""
        _ATTEMPTS.add("unwanted")
        with self._database.unit() as unit:
            unit.logout_deliveries.complete(claim)

    def _delivered(self, claim: LogoutClaim) -> None:
        _ATTEMPTS.add("delivered")
        with self._database.unit() as unit:
            if unit.logout_deliveries.complete(claim):
                event = ClientNotifiedOfLogout(
                    user_id=claim.user_id,
                    client_id=claim.client_id,
                    session_id=claim.session_id,
                    attempts=claim.attempts,
                )
                self._recorder.record(unit, event)

    def _failed(self, claim: LogoutClaim, error: Exception) -> None:
        _ATTEMPTS.add("rejected" if isinstance(error, LogoutRejected) else "failed")
        if not _is_final(error) and claim.attempts < MAX_ATTEMPTS:
            with self._database.unit() as unit:
                unit.logout_deliveries.postpone(claim, validity.after(self._pause(claim.attempts)), str(error))
            return
        reason = _word(error)
        _logger.warning(
            "a client could not be told of a logout",
            extra={"client_id": claim.client_id, "attempts": claim.attempts, "reason": reason},
            exc_info=error if reason == INTERNAL else None,
        )
        with self._database.unit() as unit:
            if unit.logout_deliveries.fail(claim, validity.now(), str(error)):
                event = ClientLogoutFailed(
                    user_id=claim.user_id,
                    client_id=claim.client_id,
                    session_id=claim.session_id,
                    reason=reason,
                    attempts=claim.attempts,
                )
                self._recorder.record(unit, event)


def _is_final(error: Exception) -> bool:
    """Whether trying again is useless: the client said so, or our own rules forbid the request."""
    if isinstance(error, LogoutRejected):
        return error.is_final
    return isinstance(error, OutboundRefused) and not isinstance(error, OutboundFailed)


def _word(error: Exception) -> str:
    """A stable word for the event."""
    if isinstance(error, LogoutRejected):
        return f"status_{error.status}"
    if isinstance(error, OutboundRefused):
        return error.reason
    return error.reason if isinstance(error, ProtocolError) else INTERNAL
