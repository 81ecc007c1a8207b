"""Where a client wants to hear of logouts (OIDC Back-Channel Logout §2.2, Front-Channel Logout §2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from authserver.clients.extensions import Extensions
from authserver.protocol import uris
from authserver.protocol.errors import ValidationError

BACKCHANNEL: Final = "backchannel_logout_uri"
FRONTCHANNEL: Final = "frontchannel_logout_uri"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def check(extensions: Extensions, redirect_uris: Iterable[str]) -> None:
    """The two addresses: https, or http on loopback, and no fragment.

    The front-channel one shares scheme, host and port with a registered
    redirect URI, so that a client cannot have pages of others loaded with a
    person's cookies.

    Raises:
        ValidationError: one of them is not that.
    """
    if extensions.backchannel_logout_uri is not None:
        _check_uri(extensions.backchannel_logout_uri, BACKCHANNEL, "OIDC Back-Channel Logout §2.2")
    uri = extensions.frontchannel_logout_uri
    if uri is None:
        return
    _check_uri(uri, FRONTCHANNEL, "OIDC Front-Channel Logout §2")
    if _origin(uri) not in {_origin(known) for known in redirect_uris}:
        raise ValidationError(
            f"{FRONTCHANNEL} has the scheme, host and port of a redirect URI (OIDC Front-Channel Logout §2)",
            field=FRONTCHANNEL,
        )


def _check_uri(uri: str, field: str, spec: str) -> None:
    uris.check_web_uri(uri, field)
    if "#" in uri:
        raise ValidationError(f"{uri!r} has a fragment ({spec})", field=field)


def _origin(uri: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(uri)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
