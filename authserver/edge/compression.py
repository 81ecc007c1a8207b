"""Compresses assets and metadata; never an answer in which a secret meets reflected input (BREACH)."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable

from authserver.edge.chain import Handler
from authserver.edge.routes import Route
from authserver.protocol.messages import Request, Response

SMALLEST = 1024
MAX_CACHED = 256


class Compression:
    """The link. Only routes marked `compressible` take part; compressed bodies are kept by their digest."""

    def __init__(self, find: Callable[[str], Route | None]) -> None:
        self._find = find
        self._cache: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Compress the body with gzip where the route allows it and the caller accepts it."""
        route = self._find(request.path)
        if route is None or not route.compressible:
            return next_(request)
        response = next_(request)
        if len(response.body) < SMALLEST or response.status != 200 or response.header("Content-Encoding") is not None:
            return response
        response = response.with_headers(("Vary", "Accept-Encoding"))
        if not accepts_gzip(request.headers.get("accept-encoding", "")):
            return response
        fields = tuple(field for field in response.headers if field[0].lower() != "content-length")
        return Response(200, (*_weakened(fields), ("Content-Encoding", "gzip")), self._compressed(response.body))

    def _compressed(self, body: bytes) -> bytes:
        digest = hashlib.blake2b(body, digest_size=16).digest()
        found = self._cache.get(digest)
        if found is None:
            found = gzip.compress(body, compresslevel=6, mtime=0)
            with self._lock:
                if len(self._cache) >= MAX_CACHED:
                    self._cache.clear()
                self._cache[digest] = found
        return found


def accepts_gzip(header: str) -> bool:
    """Whether Accept-Encoding names gzip with a weight above zero (RFC 9110 §12.5.3)."""
    for part in header.lower().split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            weight = parameters.strip().removeprefix("q=")
            return not weight or weight.strip("0.") != ""
    return False


def _weakened(fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """A validator of the plain body is only weakly that of the compressed one (RFC 9110 §8.8.1)."""
    return tuple(
        (name, f"W/{value}") if name.lower() == "etag" and not value.startswith("W/") else (name, value)
        for name, value in fields
    )
