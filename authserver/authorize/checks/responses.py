"""What is answered, and how: response type and response mode."""

from __future__ import annotations

from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context
from authserver.issuing.protection import AUTHORIZATION, ID_TOKEN
from authserver.protocol import responses
from authserver.protocol.errors import InvalidRequest, UnauthorizedClient, UnsupportedResponseType


def assign_response_mode(context: Context, _: Collaborators) -> None:
    """The mode is known before anything else can fail, so that even errors arrive as they were asked for."""
    repeated = context.parameters.repeated
    response_type = responses.canonical(context.get("response_type") or "") or ""
    context.response_type = "" if "response_type" in repeated else response_type
    context.response_mode = responses.default_mode(context.response_type)
    asked = context.get("response_mode")
    if asked is None or "response_mode" in repeated:
        return
    if asked in context.verified_client.policy.response_modes and responses.fit(asked, context.response_type):
        context.response_mode = asked


def check_response_type(context: Context, _: Collaborators) -> None:
    """The response type exists and this client may use it."""
    if context.get("response_type") is None:
        raise InvalidRequest(
            "The parameter response_type is missing.", reason="response_type_missing", spec="RFC 6749 §4.1.1"
        )
    if not context.response_type:
        raise UnsupportedResponseType(
            "This response_type is not supported.", reason="response_type_unsupported", spec="RFC 6749 §4.1.2.1"
        )
    policy = context.verified_client.policy
    grants = responses.needed_grants(context.response_type)
    if context.response_type not in policy.response_types or not policy.grant_types.issuperset(grants):
        raise UnauthorizedClient(
            "The application may not use this response_type.",
            reason="response_type_not_allowed",
            spec="RFC 6749 §4.1.2.1",
            setting=f"client {context.verified_client.id}: response_types, grant_types",
        )
    _check_binding(context, policy.sender_constraint)


def _check_binding(context: Context, rule: str) -> None:
    """Nobody shows a key on the way through the browser, so a token that is issued there is bound to none."""
    if rule != "none" and context.wants(responses.TOKEN):
        raise UnauthorizedClient(
            "Access tokens of the application are bound to a key, so they come from the token endpoint alone.",
            reason="front_channel_token_unbound",
            spec="RFC 9700 §2.1.2",
            setting=f"client {context.verified_client.id}: policy sender_constraint={rule}",
        )


def check_response_mode(context: Context, _: Collaborators) -> None:
    """A mode that was asked for is one that exists, that fits the response type and that this client may use."""
    asked = context.get("response_mode")
    if asked is not None and asked != context.response_mode:
        raise InvalidRequest(
            "This response_mode is not supported.",
            reason="response_mode_unsupported",
            spec="OAuth 2.0 Multiple Response Types §2.1",
        )


def check_signature_of_answer(context: Context, _: Collaborators) -> None:
    """Where answers must be signed, a bare code is none (FAPI 1.0 Advanced §5.2.2-2)."""
    client = context.verified_client
    if not client.policy.signed_responses or responses.is_signed(context.response_mode):
        return
    if not context.wants(responses.ID_TOKEN):
        raise InvalidRequest(
            "The application must ask for a signed answer: response_mode=jwt, or an ID token in the response_type.",
            reason="response_not_signed",
            spec="FAPI 1.0 Advanced §5.2.2-2",
            setting=f"client {client.id}: policy signed_responses",
        )


def check_explicitness(context: Context, _: Collaborators) -> None:
    """Where nothing may be left to defaults, a request names its scope (FAPI 1.0 Baseline §5.2.2)."""
    client = context.verified_client
    if client.policy.explicit_requests and context.get("scope") is None:
        raise InvalidRequest(
            "The parameter scope is required.",
            reason="scope_missing_in_request",
            spec="FAPI 1.0 Baseline §5.2.2",
            setting=f"client {client.id}: policy explicit_requests",
        )


def check_nonce(context: Context, _: Collaborators) -> None:
    """An ID token of this endpoint answers a nonce (OIDC Core §3.2.2.1, §3.3.2.11), and openid is asked for."""
    explicit = context.verified_client.policy.explicit_requests and context.is_openid
    if not context.wants(responses.ID_TOKEN) and not explicit:
        return
    if not context.is_openid:
        raise InvalidRequest(
            "A response_type with id_token needs the scope openid.", reason="openid_missing", spec="OIDC Core §3.2.2.1"
        )
    if context.get("nonce") is None:
        raise InvalidRequest(
            "The parameter nonce is required for this response_type.", reason="nonce_missing", spec="OIDC Core §3.2.2.1"
        )


def check_readability(context: Context, collaborators: Collaborators) -> None:
    """What is encrypted for the client can be, before anything is granted: nobody could use what is then left behind.

    The last of all, because it may ask the client's host.
    """
    client, protector = context.verified_client, collaborators.protector
    if context.wants(responses.ID_TOKEN):
        protector.check_readable(client, ID_TOKEN)
    if responses.is_signed(context.response_mode):
        protector.check_readable(client, AUTHORIZATION)
