"""What is answered, and how: response type and response mode."""

from __future__ import annotations

from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context
from authserver.protocol.errors import InvalidRequest, UnauthorizedClient, UnsupportedResponseType
from authserver.protocol.policy import AUTHORIZATION_CODE, PLAIN_RESPONSE_MODES

RESPONSE_TYPES = frozenset({"code"})


def assign_response_mode(context: Context, _: Collaborators) -> None:
    """The mode is known before anything else can fail, so that even errors arrive as they were asked for."""
    asked = context.get("response_mode")
    if "response_mode" in context.parameters.repeated:
        return
    if asked in PLAIN_RESPONSE_MODES and asked in context.verified_client.policy.response_modes:
        context.response_mode = asked


def check_response_type(context: Context, _: Collaborators) -> None:
    """The response type exists and this client may use it."""
    response_type = context.get("response_type")
    if response_type is None:
        raise InvalidRequest(
            "The parameter response_type is missing.", reason="response_type_missing", spec="RFC 6749 §4.1.1"
        )
    if response_type not in RESPONSE_TYPES:
        raise UnsupportedResponseType(
            "This response_type is not supported.", reason="response_type_unsupported", spec="RFC 6749 §4.1.2.1"
        )
    policy = context.verified_client.policy
    if response_type not in policy.response_types or AUTHORIZATION_CODE not in policy.grant_types:
        raise UnauthorizedClient(
            "The application may not use this response_type.",
            reason="response_type_not_allowed",
            spec="RFC 6749 §4.1.2.1",
            setting=f"client {context.verified_client.id}: response_types, grant_types",
        )
    context.response_type = response_type


def check_response_mode(context: Context, _: Collaborators) -> None:
    """A mode that was asked for is one that exists and that this client may use."""
    asked = context.get("response_mode")
    if asked is not None and asked != context.response_mode:
        raise InvalidRequest(
            "This response_mode is not supported.",
            reason="response_mode_unsupported",
            spec="OAuth 2.0 Multiple Response Types §2.1",
        )
