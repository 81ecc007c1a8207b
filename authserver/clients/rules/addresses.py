"""Addresses that a client registers besides its redirect URIs; those of logout are `clients.logout_uris`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from authserver.clients.extensions import Extensions
from authserver.protocol import uris
from authserver.protocol.errors import ValidationError
from authserver.protocol.policy import IMPLICIT, ClientPolicy

if TYPE_CHECKING:
    from authserver.clients.metadata import ClientMetadata

HTTPS = ("sector_identifier_uri", "initiate_login_uri", "backchannel_client_notification_endpoint")


def settled(wanted: ClientMetadata, policy: ClientPolicy) -> Extensions:  # noqa: ARG001 - as every rule
    """https where a specification asks for it, and the hosts that it asks for."""
    found = wanted.extensions
    _check_implicit(wanted)
    for name in HTTPS:
        if (uri := getattr(found, name)) is not None:
            uris.check_https_uri(uri, name)
    for uri in found.request_uris:
        # The fragment is a digest of what is there, so that a client can tell us that it changed (OIDC Core §6.2).
        uris.check_https_uri(uri, "request_uris")
    return found


def _check_implicit(wanted: ClientMetadata) -> None:
    """What comes back in the URI itself goes to https alone, and never to this machine (OIDC Registration §2)."""
    if IMPLICIT not in wanted.grant_types or wanted.application_type != "web":
        return
    for uri in wanted.redirect_uris:
        parts = urlsplit(uri)
        if parts.scheme != "https" or parts.hostname == "localhost":
            raise ValidationError(
                f"{uri!r}: web applications with the implicit grant use https, and not localhost"
                " (OIDC Registration §2, application_type)",
                field="redirect_uris",
            )
