"""Client-Initiated Backchannel Authentication: how a client hears of the decision (CIBA Core §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authserver.clients.extensions import Extensions
from authserver.protocol.errors import ValidationError
from authserver.protocol.policy import CIBA, ClientPolicy

if TYPE_CHECKING:
    from authserver.clients.metadata import ClientMetadata

DELIVERY_MODES = ("poll", "ping")


def settled(wanted: ClientMetadata, policy: ClientPolicy) -> Extensions:  # noqa: ARG001 - as every rule
    """The grant goes with a delivery mode, and ping with an address to ring at."""
    found = wanted.extensions
    mode = found.backchannel_token_delivery_mode
    if mode is not None and mode not in DELIVERY_MODES:
        raise _refused("backchannel_token_delivery_mode", f"takes {' or '.join(DELIVERY_MODES)}, not {mode!r}")
    if CIBA in wanted.grant_types and mode is None:
        raise _refused("backchannel_token_delivery_mode", f"is needed by the grant {CIBA}")
    if mode == "ping" and found.backchannel_client_notification_endpoint is None:
        raise _refused("backchannel_client_notification_endpoint", "is needed by the delivery mode ping")
    if found.backchannel_user_code_parameter:
        raise _refused("backchannel_user_code_parameter", "takes false: there are no user codes here")
    return found


def _refused(name: str, why: str) -> ValidationError:
    return ValidationError(f"{name} {why} (CIBA Core §4)", field=name)
