"""Why a request was refused, kept behind a reference for those who run the server.

The requester sees the reference alone. Explanations are written by one thread
behind a bounded queue, so that a flood of bad requests costs neither a
transaction each nor memory, and by an allowance, so that it costs no disk
either; what does not fit is counted and dropped, and only the log has it.
Refusals that are events (`events.refusals`) are on disk before the answer
leaves, told or counted (`events.floods`), and none of those is dropped.
"""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
from collections.abc import Iterable, Mapping

from authserver.events.allowance import Allowance
from authserver.events.floods import Floods
from authserver.events.refusals import event_of
from authserver.protocol import validity
from authserver.protocol.errors import ProtocolError
from authserver.storage.database import Database
from authserver.storage.models.state import Refusal
from authserver.telemetry import context
from authserver.telemetry.logs import get_logger

KEPT_SECONDS = 7 * 86400
LONGEST_QUEUE = 1000
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
BATCH = 100
LONGEST_NAME, LONGEST_VALUE, MOST_DETAILS = 64, 500, 10
"""Of an explanation: characters of a detail's name and value and of the description, and how many details."""

log = get_logger(__name__)


def new_reference() -> str:
    """Ten characters that survive being read aloud, 50 random bits."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


class Explanations:
    """Keeps explanations. `keep` never fails and never waits for the database."""

    def __init__(self, database: Database, floods: Floods) -> None:
        self._database = database
        self._floods = floods
        self._queue: queue.Queue[Refusal | None] = queue.Queue(LONGEST_QUEUE)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._allowance = Allowance()
        self.dropped = 0

    def keep(
        self, error: ProtocolError, endpoint: str, client_id: str | None = None, *, claimed: str | None = None
    ) -> str:
        """Keep why `error` was raised and return the reference to show.

        Args:
            client_id: the client, if it is known for certain.
            claimed: the client that the request names, for the explanation alone.
        """
        reference = self.keep_words(
            error.code,
            error.description,
            error.reason,
            endpoint,
            spec=error.spec,
            setting=error.setting,
            client_id=client_id or claimed,
            details=error.details,
        )
        self._tell(error, endpoint, client_id, reference)
        return reference

    def keep_words(
        self,
        code: str,
        description: str,
        reason: str,
        endpoint: str,
        *,
        spec: str = "",
        setting: str = "",
        client_id: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> str:
        """Keep a refusal that is no error of a protocol, the edge's for example, and return its reference."""
        reference = new_reference()
        # Most of what explains a refusal is of the requester's making, so what is kept of it is bounded here.
        shown = [(name[:LONGEST_NAME], value[:LONGEST_VALUE]) for name, value in (details or {}).items()]
        refusal = Refusal(
            reference=reference,
            error=code,
            description=description[:LONGEST_VALUE],
            reason=reason,
            spec=spec,
            setting=setting[:255],
            endpoint=endpoint,
            client_id=client_id[:255] if client_id else None,
            details=dict(shown[:MOST_DETAILS]),
            correlation_id=context.current().correlation_id,
            expires_at=validity.after(KEPT_SECONDS),
        )
        log.info("refused", extra={"reference": reference, "reason": reason, "endpoint": endpoint})
        self._enqueue(refusal)
        return reference

    def _enqueue(self, refusal: Refusal) -> None:
        if not self._allowance.take(context.current().address):
            self.dropped += 1
            return
        try:
            self._queue.put_nowait(refusal)
        except queue.Full:
            self.dropped += 1
        self._ensure_thread()

    def _tell(self, error: ProtocolError, endpoint: str, client_id: str | None, reference: str) -> None:
        """Record the refusals that are events. Without a record a refusal is still a refusal."""
        event = event_of(error, endpoint, client_id, reference)
        if event is None:
            return
        try:
            self._floods.tell(event, error.reason, context.current().address)
        except OSError:
            log.exception("a refusal could not be recorded", extra={"reference": reference})

    def flush(self) -> None:
        """Wait until everything kept so far is written."""
        self._queue.join()

    def close(self) -> None:
        """Write everything kept so far and end the thread."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                self._queue.put(None)
                self._thread.join()
            self._thread = None
        self.flush()

    def _ensure_thread(self) -> None:
        """Started on first use, so that it runs in the process that serves and not in the one that forked it."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._write_for_ever, name="explanations", daemon=True)
                self._thread.start()

    def _write_for_ever(self) -> None:
        ended = False
        while not ended:
            batch = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < BATCH:
                    batch.append(self._queue.get_nowait())
            ended = None in batch
            try:
                self._write([refusal for refusal in batch if refusal is not None])
            except Exception:
                log.exception("explanations could not be written")
            finally:
                for _ in batch:
                    self._queue.task_done()

    def _write(self, refusals: Iterable[Refusal]) -> None:
        with self._database.unit() as unit:
            for refusal in refusals:
                unit.refusals.add(refusal)
