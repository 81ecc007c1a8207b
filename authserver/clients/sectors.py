"""Sector identifiers: which redirect URIs share one pairwise subject (OIDC Core §8.1, OIDC Registration §5).

The document behind `sector_identifier_uri` is read when it is registered, and
again when the redirect URIs change, so that nobody joins a sector whose owner
does not know them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import orjson

from authserver.clients.metadata import ClientMetadata
from authserver.events.destinations import OutboundRefused
from authserver.events.outbound import Outbound
from authserver.protocol import uris
from authserver.protocol.errors import ValidationError

MAX_BYTES: Final = 65_536
FIELD: Final = "sector_identifier_uri"


class SectorIdentifiers:
    """Asks the owner of a sector whether redirect URIs belong to it. Never called inside a transaction."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    def check(self, wanted: ClientMetadata) -> None:
        """See that every redirect URI is in the document, if one is named.

        Raises:
            ValidationError: the document cannot be read, or a redirect URI is not in it.
        """
        uri = wanted.extensions.sector_identifier_uri
        if uri is None:
            return
        uris.check_https_uri(uri, FIELD)
        listed = self._read(uri)
        for redirect_uri in wanted.redirect_uris:
            if redirect_uri not in listed:
                raise ValidationError(f"{redirect_uri!r} is not listed at {uri} (OIDC Registration §5)", field=FIELD)

    def _read(self, uri: str) -> Collection[str]:
        try:
            response = self._outbound.get(uri, max_bytes=MAX_BYTES)
        except OutboundRefused as error:
            raise _unreadable(uri) from error
        if response.status != 200:
            raise _unreadable(uri)
        try:
            listed = orjson.loads(response.body)
        except ValueError as error:
            raise _unreadable(uri) from error
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise _unreadable(uri)
        return frozenset(listed)


def _unreadable(uri: str) -> ValidationError:
    return ValidationError(f"{uri} does not answer with a JSON array of redirect URIs", field=FIELD)
