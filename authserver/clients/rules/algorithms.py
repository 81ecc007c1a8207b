"""Algorithms that a client registers: for what it signs, for what is signed and encrypted for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from authserver.clients.extensions import Extensions
from authserver.protocol import responses
from authserver.protocol.algorithms import (
    CONTENT_ENCRYPTIONS,
    DEFAULT_CONTENT_ENCRYPTION,
    ENCRYPTION_ALGORITHMS,
    HS256,
    ID_TOKEN_SIGNING_ALGORITHMS,
    KEY_TYPES,
    NONE,
    USERINFO_SIGNING_ALGORITHMS,
)
from authserver.protocol.errors import ValidationError
from authserver.protocol.policy import SIGNING_ALGORITHMS, ClientPolicy

if TYPE_CHECKING:
    from authserver.clients.metadata import ClientMetadata

SIGNED = MappingProxyType(
    {
        "id_token_signed_response_alg": ID_TOKEN_SIGNING_ALGORITHMS,
        "userinfo_signed_response_alg": USERINFO_SIGNING_ALGORITHMS,
        "authorization_signed_response_alg": SIGNING_ALGORITHMS,
        "introspection_signed_response_alg": SIGNING_ALGORITHMS,
        "request_object_signing_alg": SIGNING_ALGORITHMS,
        "backchannel_authentication_request_signing_alg": SIGNING_ALGORITHMS,
    }
)
"""What the server can sign or verify, by member; the profile and the kind of client choose among it."""

ENCRYPTED_FOR_CLIENT = (
    "id_token_encrypted_response",
    "userinfo_encrypted_response",
    "authorization_encrypted_response",
    "introspection_encrypted_response",
)
ENCRYPTED = (*ENCRYPTED_FOR_CLIENT, "request_object_encryption")
"""What the pairs of `_alg` and `_enc` begin with."""


def settled(wanted: ClientMetadata, policy: ClientPolicy) -> Extensions:
    """Signatures that both sides can make and the profile allows; encryption in pairs, for clients that have a key."""
    found = wanted.extensions
    for name, supported in SIGNED.items():
        allowed = [alg for alg in supported if _allows(alg, wanted, policy)]
        _check(name, getattr(found, name), allowed)
    _check("token_endpoint_auth_signing_alg", found.token_endpoint_auth_signing_alg, _assertions(wanted, policy))
    for name in ENCRYPTED:
        found = _with_pair(name, found)
        if name in ENCRYPTED_FOR_CLIENT:
            _check_reader(name, getattr(found, f"{name}_alg"), wanted)
    return found


def _check(name: str, value: str | None, allowed: Collection[str]) -> None:
    if value is not None and value not in allowed:
        takes = f"{name} takes {', '.join(allowed)} here" if allowed else f"{name} does not go with this client"
        raise ValidationError(f"{takes}, not {value!r}", field=name)


def _allows(alg: str, wanted: ClientMetadata, policy: ClientPolicy) -> bool:
    if alg not in (HS256, NONE):
        return alg in policy.signing_algorithms
    if policy.signing_algorithms != frozenset(SIGNING_ALGORITHMS):
        return False  # A profile that chooses among signatures means real ones (FAPI 2.0 Security Profile §5.4.1).
    if alg == HS256:
        return wanted.has_secret
    # Without a signature TLS alone vouches for the token, so none may come through the browser (OIDC Core §2).
    return not any(responses.has(response_type, responses.ID_TOKEN) for response_type in wanted.allowed_response_types)


def _assertions(wanted: ClientMetadata, policy: ClientPolicy) -> list[str]:
    """What client assertions may be signed with (OIDC Core §9)."""
    if wanted.token_endpoint_auth_method == "private_key_jwt":
        return [alg for alg in SIGNING_ALGORITHMS if alg in policy.signing_algorithms]
    return [HS256] if wanted.token_endpoint_auth_method == "client_secret_jwt" else []


def _with_pair(name: str, found: Extensions) -> Extensions:
    """`_enc` without `_alg` is refused, `_alg` without `_enc` completed (OIDC Registration §2)."""
    alg, enc = getattr(found, f"{name}_alg"), getattr(found, f"{name}_enc")
    _check(f"{name}_alg", alg, ENCRYPTION_ALGORITHMS)
    _check(f"{name}_enc", enc, CONTENT_ENCRYPTIONS)
    if alg is None and enc is not None:
        raise ValidationError(f"{name}_enc needs {name}_alg beside it (OIDC Registration §2)", field=f"{name}_enc")
    if alg is None or enc is not None:
        return found
    completed: dict[str, Any] = {f"{name}_enc": DEFAULT_CONTENT_ENCRYPTION}
    return replace(found, **completed)


def _check_reader(name: str, alg: str | None, wanted: ClientMetadata) -> None:
    """Whoever wants something encrypted has published a key to encrypt it to."""
    if alg is None or wanted.jwks_uri is not None:
        return
    keys = wanted.jwks.get("keys", []) if wanted.jwks is not None else []
    if not any(key.get("kty") == KEY_TYPES[alg] and key.get("use", "enc") == "enc" for key in keys):
        raise ValidationError(
            f"{name}_alg {alg} needs a public key for encryption in jwks, or a jwks_uri", field=f"{name}_alg"
        )
