"""Which refusals are events: those after which somebody may want to look at a client.

The list is closed and short. A mistake in a request is explained behind its
reference and forgotten after seven days; what is listed here is either an
attack or a client that is set up wrongly, and stays in the audit log.
"""

from __future__ import annotations

from typing import Final

from authserver.events.catalog import AuthorizationRefused, ClientAuthenticationFailed
from authserver.events.event import Event
from authserver.protocol.errors import InvalidClient, ProtocolError

NOTABLE: Final = frozenset(
    {
        # At the authorization endpoint: an address or a client that nobody should be sent to.
        "redirect_uri_not_registered",
        "client_disabled",
        "interaction_from_other_browser",
        "id_token_hint_other_client",
        # At the token endpoint: a code or a refresh token in the wrong hands. One that is used again ends its
        # family and is told as `SuspiciousActivityDetected`.
        "code_of_other_client",
        "refresh_token_of_other_client",
        "redirect_uri_mismatch",
        "pkce_mismatch",
        "pkce_downgrade",
        # Rights that the client was not given.
        "grant_type_not_allowed",
        "scope_not_allowed",
        "resource_not_allowed",
    }
)
"""Private reasons that are told as `AuthorizationRefused`."""

UNKNOWN_CLIENT: Final = "client_unknown"


def event_of(error: ProtocolError, endpoint: str, client_id: str | None, reference: str) -> Event | None:
    """The event of a refusal; None where it is not worth one.

    A failed client authentication is one whenever a client was named. The name
    is kept only where a client has it: otherwise it is text of the requester's
    making. An unknown client is told nevertheless, so that the answer takes as
    long as for one that exists.

    Args:
        client_id: the client, if it is known for certain.
    """
    named = error.details.get("client_id")
    known = client_id or (named if error.reason != UNKNOWN_CLIENT else None)
    if isinstance(error, InvalidClient):
        if known is None and named is None:
            return None
        method = error.details.get("method")
        return ClientAuthenticationFailed(client_id=known, reason=error.reason, method=method, endpoint=endpoint)
    if error.reason in NOTABLE:
        return AuthorizationRefused(
            client_id=known, reason=error.reason, error=error.code, endpoint=endpoint, reference=reference
        )
    return None
