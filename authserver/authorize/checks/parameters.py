"""The parameters as such: how long, how often, and which are not offered."""

from __future__ import annotations

from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context
from authserver.protocol import limits
from authserver.protocol.errors import (
    InvalidRequest,
    ProtocolError,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestURINotSupported,
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
    }
)
"""What is read anywhere on the way to the answer, and so what is kept while the person signs in; the rest is ignored
(RFC 6749 §3.1) and forgotten."""

UNSUPPORTED: tuple[tuple[str, type[ProtocolError], str], ...] = (
    ("request", RequestNotSupported, "OIDC Core §6.1"),
    ("request_uri", RequestURINotSupported, "OIDC Core §6.2"),
    ("registration", RegistrationNotSupported, "OIDC Core §7.2.1"),
)


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
    """What is not offered is said, never ignored: a client that signed its request must not believe it was read."""
    for name, error, spec in UNSUPPORTED:
        if context.get(name) is not None:
            raise error(f"The parameter {name} is not supported here.", reason=f"{name}_not_supported", spec=spec)
