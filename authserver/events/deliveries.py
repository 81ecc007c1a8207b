"""Events on their way to one subscriber: at least once, with pauses that grow, given up in the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, Protocol

from authserver.crypto.sealing import Sealer
from authserver.events.envelope import Envelope, Opened, disclose
from authserver.protocol import validity
from authserver.storage import Database
from authserver.storage.repositories.outbox import Claim, Outbox
from authserver.telemetry import context
from authserver.telemetry.context import RequestContext
from authserver.telemetry.logs import get_logger

BATCH: Final = 20
LEASE_SECONDS: Final = 120.0
"""After this time another worker may try what this one has claimed."""

MAX_ATTEMPTS: Final = 30
"""With the pauses between them eight hours: longer than most outages last."""
FIRST_PAUSE: Final = 5.0
MAX_PAUSE: Final = 1800.0

_logger = get_logger(__name__)


class Undeliverable(Exception):
    """Raised by a subscriber: another attempt is useless."""


class Subscriber(Protocol):
    """Somebody who wants to hear of events."""

    @property
    def name(self) -> str:
        """Names the queue; never changes, at most 64 characters."""

    @property
    def types(self) -> frozenset[str] | None:
        """The event types it wants; None stands for all."""

    def deliver(self, opened: Opened) -> None:
        """Handles one event, perhaps a second time (same `event_id`).

        Any exception but Undeliverable means: later again.
        """


class Deliveries:
    """The queue of one subscriber, as one worker sees it."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        subscriber: Subscriber,
        *,
        holder: str,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._subscriber = subscriber
        self._holder = holder
        self._stopping = stopping

    def step(self) -> int:
        """Delivers what is due and tells how many deliveries succeeded or were given up.

        What a slow receiver leaves no time for is given back before its lease ends: nobody else may get it meanwhile.
        """
        begin_until = time.monotonic() + LEASE_SECONDS / 2
        with self._database.reading() as unit:
            if not unit.outbox.has_due(self._subscriber.name, validity.now()):
                return 0
        with self._database.unit() as unit:
            claims = unit.outbox.claim_deliveries(
                self._subscriber.name,
                holder=self._holder,
                now=validity.now(),
                until=validity.after(LEASE_SECONDS),
                limit=BATCH,
            )
        return sum(self._attempt(claim, begin_until) for claim in claims)

    def _attempt(self, claim: Claim, begin_until: float) -> bool:
        if self._stopping() or time.monotonic() >= begin_until:
            self._note(lambda outbox: outbox.return_delivery(claim, validity.now()))
            return False
        try:
            opened = disclose(Envelope(claim.event_id, claim.record, claim.sealed), self._sealer)
            with context.bind(RequestContext(correlation_id=opened.correlation_id)):
                self._subscriber.deliver(opened)
        except Exception as error:
            return self._failed(claim, error)
        self._note(lambda outbox: outbox.complete_delivery(claim))
        return True

    def _note(self, outcome: Callable[[Outbox], bool]) -> None:
        """Write down what became of a delivery, with patience: what was delivered must not be delivered again."""

        def write() -> None:
            with self._database.unit() as unit:
                outcome(unit.outbox)

        self._database.retrying(write)

    def _failed(self, claim: Claim, error: Exception) -> bool:
        given_up = isinstance(error, Undeliverable) or claim.attempts >= MAX_ATTEMPTS
        _logger.warning(
            "a delivery failed",
            extra={"subscriber": claim.subscriber, "event_id": claim.event_id, "attempt": claim.attempts},
            exc_info=error,
        )
        text = f"{type(error).__name__}: {error}"
        if given_up:
            self._note(lambda outbox: outbox.fail_delivery(claim, validity.now(), text))
        else:
            again_at = validity.after(_pause(claim.attempts))
            self._note(lambda outbox: outbox.postpone_delivery(claim, again_at, text))
        return given_up


def _pause(attempts: int) -> float:
    """Seconds until the next attempt: doubled each time, spread so that receivers are not hit by a wave."""
    return min(MAX_PAUSE, FIRST_PAUSE * 2.0**attempts) * random.uniform(0.5, 1.0)  # noqa: S311
