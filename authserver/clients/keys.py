"""The public keys of a client: registered by value, or published at its `jwks_uri` (RFC 7591 §2).

A published set is remembered for some minutes. A name that is not in it makes
it be read again at once, because the client may just have rotated its keys, but
not more often than the pause below: a stranger chooses the names.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from authserver.clients.directory import Client
from authserver.events.destinations import OutboundFailed, OutboundRefused
from authserver.events.outbound import Outbound
from authserver.protocol.errors import InvalidToken
from authserver.protocol.key_sets import LARGEST_BYTES, MOST_KEYS
from authserver.telemetry.logs import get_logger

FRESH_SECONDS: Final = 300
PAUSE_SECONDS: Final = 5
CAPACITY: Final = 1024

_log = get_logger(__name__)

Keys = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A key set as it was published; `read_at` is seconds of the monotonic clock, also of a failed attempt."""

    keys: Keys
    read_at: float
    failed: bool = False
    """Whether there is nothing because it could not be read."""


class ClientKeys:
    """Finds the keys with which a client signs, and those to which we encrypt for it; safe among threads."""

    def __init__(self, outbound: Outbound, clock: Any = time.monotonic) -> None:
        self._outbound = outbound
        self._clock = clock
        self._lock = threading.Lock()
        self._fetched: OrderedDict[str, _Fetched] = OrderedDict()

    def of(self, client: Client, kid: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The client's public JWKs, read anew if none is called `kid`. Empty where it has none.

        Raises:
            InvalidToken: the published set cannot be read (`keys_unavailable`).
        """
        if client.jwks is not None:
            return tuple(key for key in client.jwks.get("keys", ()) if isinstance(key, Mapping))
        if client.jwks_uri is None:
            return ()
        return self.published(client.jwks_uri, kid)

    def published(self, uri: str, kid: str | None = None) -> Keys:
        """The JWKs published at an address, read anew if none is called `kid`. Raises InvalidToken as `of` does."""
        known, moment = self._fetched.get(uri), self._clock()
        if known is not None:
            age = moment - known.read_at
            if known.failed and age < PAUSE_SECONDS:
                raise _unavailable()
            named = kid is None or any(key.get("kid") == kid for key in known.keys)
            if not known.failed and (age < PAUSE_SECONDS or (named and age < FRESH_SECONDS)):
                return known.keys
        return self._read(uri, known)

    def _read(self, uri: str, known: _Fetched | None) -> Keys:
        try:
            keys = self._fetch(uri)
        except (OutboundFailed, OutboundRefused, ValueError) as error:
            _log.warning("a client's keys cannot be read: %s", error)
            # Remembered too, so that requests do not wait for a dead host one after the other.
            kept = known.keys if known is not None else ()
            self._remember(uri, kept, failed=not kept)
            if not kept:
                raise _unavailable() from error
            return kept
        return self._remember(uri, keys)

    def _fetch(self, uri: str) -> Keys:
        response = self._outbound.get(uri, headers={"Accept": "application/json"}, max_bytes=LARGEST_BYTES)
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        document = orjson.loads(response.body)
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list) or len(keys) > MOST_KEYS:
            raise ValueError("no JWK set")
        return tuple(key for key in keys if isinstance(key, dict))

    def _remember(self, uri: str, keys: Keys, *, failed: bool = False) -> Keys:
        with self._lock:
            self._fetched[uri] = _Fetched(keys, self._clock(), failed)
            self._fetched.move_to_end(uri)
            while len(self._fetched) > CAPACITY:
                self._fetched.popitem(last=False)
        return keys


def _unavailable() -> InvalidToken:
    return InvalidToken("The keys at jwks_uri cannot be read.", reason="keys_unavailable", spec="RFC 7591 §2")
