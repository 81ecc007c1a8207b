"""Tells clients that a person has decided (CIBA Core §10.2, delivery mode ping).

The decision makes a row due in its own transaction; the worker sends what is
due. An answer of 2xx or 4xx is final (§10.2), a redirect is not followed and as
final. Everything else is tried again for a while; who was not told learns of it
by polling.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import orjson

from authserver.clients.directory import ClientDirectory
from authserver.crypto.sealing import Sealer, SealingError
from authserver.events.outbound import Outbound, OutboundFailed, OutboundRefused
from authserver.protocol import validity
from authserver.storage.database import Database
from authserver.storage.models.decoupled import BackchannelRequest
from authserver.telemetry.instruments import counter
from authserver.telemetry.logs import get_logger

BATCH: Final = 16
LEASE_SECONDS: Final = 120.0
"""After this time another worker may try what this one has claimed: longer than a batch can take."""
MAX_ATTEMPTS: Final = 5
FIRST_PAUSE: Final = 2.0

_logger = get_logger(__name__)
_ATTEMPTS: Final = counter("authserver_ciba_notifications_total", "Clients told of a decision.", ("result",))


def notification_context(request_id: str) -> str:
    """What the content of a notification is sealed for."""
    return f"backchannel notification {request_id}"


class BackchannelNotifications:
    """The queue of clients to be told, as one worker sees it."""

    def __init__(self, database: Database, clients: ClientDirectory, sealer: Sealer, outbound: Outbound) -> None:
        self._database = database
        self._clients = clients
        self._sealer = sealer
        self._outbound = outbound

    def step(self) -> int:
        """Sends what is due, a batch at most; tells how many notifications were attempted."""
        with self._database.reading() as unit:
            if not unit.backchannel_requests.has_due():
                return 0
        with self._database.unit() as unit:
            claimed = unit.backchannel_requests.claim(validity.after(LEASE_SECONDS), BATCH)
        if claimed:
            with ThreadPoolExecutor(len(claimed), thread_name_prefix="ciba") as pool:
                list(pool.map(self._attempt, claimed))
        return len(claimed)

    def _attempt(self, request: BackchannelRequest) -> None:
        result = self._sent(request)
        _ATTEMPTS.add(result)
        attempts = request.notify_attempts
        tries_again = result == "failed" and attempts < MAX_ATTEMPTS and not request.is_expired
        again_at = validity.after(FIRST_PAUSE * 2.0 ** (attempts - 1)) if tries_again else None
        with self._database.unit() as unit:
            unit.backchannel_requests.told(request.id, attempts, again_at)

    def _sent(self, request: BackchannelRequest) -> str:
        """How it went: `delivered`, `rejected` for good, `unwanted`, or `failed` for now."""
        client = self._clients.find(request.client_id)
        endpoint = client.extensions.backchannel_client_notification_endpoint if client is not None else None
        if client is None or not client.enabled or endpoint is None or request.notification_sealed is None:
            return "unwanted"
        try:
            opened = self._sealer.open(request.notification_sealed, notification_context(request.id)).decode()
            return self._post(endpoint, *opened.split(" ", 1))
        except OutboundFailed as failed:
            _logger.info("a client could not be told of a decision: %s", failed)
            return "failed"
        except (OutboundRefused, SealingError) as error:
            _logger.warning("a client is not told of a decision: %s", error)
            return "rejected"

    def _post(self, endpoint: str, auth_req_id: str, token: str) -> str:
        body = orjson.dumps({"auth_req_id": auth_req_id})
        headers = {"Authorization": f"Bearer {token}"}
        answer = self._outbound.post(endpoint, body, content_type="application/json", headers=headers)
        if answer.status >= 500:
            return "failed"
        return "delivered" if answer.status < 300 else "rejected"
