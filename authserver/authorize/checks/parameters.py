"""The parameters as such: how long, how often, and which are not offered."""

from __future__ import annotations

from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context
from authserver.protocol import limits
from authserver.protocol.errors import (
    InvalidRequest,
    RegistrationNotSupported,
    UntrustedRequest,
)

MAY_REPEAT = frozenset({"resource"})

UNDERSTOOD = frozenset(
    {
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "resource",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "id_token_hint",
        "login_hint",
        "ui_locales",
        "claims",
        "dpop_jkt",
        "authorization_details",
    }
)
"""What is read anywhere on the way to the answer, and so what is kept while the person signs in; the rest is ignored
(RFC 6749 §3.1) and forgotten."""

ENVELOPE = UNDERSTOOD | {"request", "request_uri"}
"""What a request that is continued later is kept with, before anything took the place of its parameters."""


def reject_long_parameters(context: Context, _: Collaborators) -> None:
    """No parameter is longer than its limit, nor is what would be kept of them; the refusal names the limit."""
    total = 0
    for name, value in context.parameters.pairs:
        limit = limits.of_parameter(name)
        total += len(name) + len(value)
        if len(value) > limit:
            raise UntrustedRequest(f"{limits.named(name)} may have {limit} characters.", reason="parameter_too_long")
    if total > limits.PARAMETERS_LENGTH:
        raise UntrustedRequest(
            f"The parameters may have {limits.PARAMETERS_LENGTH} characters together.", reason="request_too_long"
        )
    kept = context.parameters.only(UNDERSTOOD).pairs
    if sum(len(name) + len(value.encode()) for name, value in kept) > limits.REQUEST_BYTES:
        raise UntrustedRequest(
            f"The parameters of an authorization request may have {limits.REQUEST_BYTES} bytes together.",
            reason="request_too_long",
        )


def reject_repeated_envelope(context: Context, _: Collaborators) -> None:
    """Of two request objects nobody can say which one counts, nor where an error may go (RFC 9101 §5)."""
    for name in ("request", "request_uri"):
        if name in context.parameters.repeated:
            raise UntrustedRequest(
                f"The parameter {name} must not be sent more than once.",
                reason="parameter_repeated",
                spec="RFC 6749 §3.1",
            )


def reject_repeated_parameters(context: Context, _: Collaborators) -> None:
    """No parameter comes twice (RFC 6749 §3.1), `resource` excepted (RFC 8707 §2)."""
    repeated = sorted(context.parameters.repeated - MAY_REPEAT)
    if repeated:
        raise InvalidRequest(
            f"The parameter {repeated[0]} must not be sent more than once.",
            reason="parameter_repeated",
            spec="RFC 6749 §3.1",
        )


def reject_unsupported_parameters(context: Context, _: Collaborators) -> None:
    """What is not offered is said, never ignored."""
    if context.get("registration") is not None:
        raise RegistrationNotSupported(
            "The parameter registration is not supported here.",
            reason="registration_not_supported",
            spec="OIDC Core §7.2.1",
        )
