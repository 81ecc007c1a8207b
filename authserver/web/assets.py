"""Static files: read once, named by their content, served from memory.

A page asks for `static_url("app.css")` and gets an address that changes with
the file, so that browsers may keep it for a year.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from authserver.protocol.messages import Request, Response
from authserver.texts.templates import top_level_folder

STATIC_PREFIX = "/static/"
_FOR_A_YEAR = "public, max-age=31536000, immutable"
_ASK_AGAIN = "public, no-cache"
_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file; `fingerprint` is the start of its SHA-256, `packed` is None where gzip gains nothing."""

    content_type: str
    body: bytes
    packed: bytes | None
    fingerprint: str


class Assets:
    """All static files below one folder. Only files that were there at start are ever served."""

    def __init__(self, folder: Path | None = None) -> None:
        root = folder or top_level_folder("static")
        self._files = {
            path.relative_to(root).as_posix(): _read(path)
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.suffix in _CONTENT_TYPES
        }

    def url(self, name: str) -> str:
        """The address of `name`, changing with its content. Raises KeyError when there is no such file."""
        return f"{STATIC_PREFIX}{name}?v={self._files[name].fingerprint}"

    def respond(self, request: Request) -> Response:
        """The file that `request` names, 304 when the browser has it, 404 when there is none."""
        asset = self._files.get(request.path.removeprefix(STATIC_PREFIX))
        if asset is None:
            return Response(404, (("Content-Type", "text/plain; charset=utf-8"),), b"Not found\n")
        current = f"v={asset.fingerprint}" == request.query_string
        entity_tag = f'"{asset.fingerprint}"'
        headers: tuple[tuple[str, str], ...] = (
            ("Cache-Control", _FOR_A_YEAR if current else _ASK_AGAIN),
            ("ETag", entity_tag),
            ("Vary", "Accept-Encoding"),
        )
        if entity_tag in request.headers.get("if-none-match", ""):
            return Response(304, headers)
        headers = (("Content-Type", asset.content_type), *headers)
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(200, (*headers, ("Content-Encoding", "gzip")), asset.packed)
        return Response(200, headers, asset.body)


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    packed = gzip.compress(body, mtime=0)
    return Asset(
        content_type=_CONTENT_TYPES[path.suffix],
        body=body,
        packed=packed if len(packed) < len(body) else None,
        fingerprint=hashlib.sha256(body).hexdigest()[:12],
    )
