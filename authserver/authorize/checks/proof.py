"""Proof Key for Code Exchange: who must send a challenge, and what it looks like."""

from __future__ import annotations

from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context, Via
from authserver.protocol import pkce
from authserver.protocol.errors import InvalidRequest
from authserver.protocol.policy import CODE


def check_code_challenge(context: Context, _: Collaborators) -> None:
    """A challenge is S256 and well-formed; whoever must send one does (RFC 7636 §4.3, RFC 9700 §2.1.1)."""
    client = context.verified_client
    if not context.wants(CODE):
        return
    challenge, method = context.get("code_challenge"), context.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge is missing.", reason="pkce_challenge_missing", spec="RFC 7636 §4.3")
        if pkce.is_required(client.policy.pkce, is_public=client.is_public, is_pushed=_is_pushed(context)):
            raise InvalidRequest(
                "code_challenge is required; the method is S256.",
                reason="pkce_required",
                spec="RFC 7636 §4.4.1",
                setting=f"client {client.id}: policy pkce={client.policy.pkce}",
            )
        return
    if method != pkce.S256:
        raise InvalidRequest(
            "code_challenge_method must be S256.", reason="pkce_method_not_allowed", spec="RFC 7636 §4.4.1"
        )
    if not pkce.is_challenge(challenge):
        raise InvalidRequest(
            "code_challenge must be 43 base64url characters.", reason="pkce_challenge_malformed", spec="RFC 7636 §4.2"
        )
    context.code_challenge = challenge


def check_dpop_key(context: Context, _: Collaborators) -> None:
    """A key that the code is to be bound to is a JWK thumbprint (RFC 9449 §10)."""
    thumbprint = context.get("dpop_jkt")
    if thumbprint is not None and not pkce.is_challenge(thumbprint):
        raise InvalidRequest(
            "dpop_jkt takes a JWK SHA-256 thumbprint of 43 base64url characters.",
            reason="dpop_jkt_malformed",
            spec="RFC 9449 §10",
        )


def _is_pushed(context: Context) -> bool:
    return context.via is Via.PUSH or context.pushed is not None
