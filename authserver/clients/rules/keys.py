"""Keys that a client registers, and the certificate that it is known by."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from authserver.clients.extensions import Extensions
from authserver.protocol import key_sets
from authserver.protocol.errors import ValidationError
from authserver.protocol.policy import ClientPolicy

if TYPE_CHECKING:
    from authserver.clients.metadata import ClientMetadata

CERTIFICATE_NAMES = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
LONGEST_NAME = 2048
"""Characters of the longest of these names."""
WITH_KEYS = ("private_key_jwt", "self_signed_tls_client_auth")


def settled(wanted: ClientMetadata, policy: ClientPolicy) -> Extensions:
    """The method of authentication is one of the profile's and has the keys or the name that it needs."""
    _check_set(wanted)
    method = wanted.token_endpoint_auth_method
    if method not in policy.authentication_methods:
        raise ValidationError(
            f"the profile {wanted.profile} takes {', '.join(sorted(policy.authentication_methods))}, not {method}",
            field="token_endpoint_auth_method",
        )
    if method in WITH_KEYS and wanted.jwks is None and wanted.jwks_uri is None:
        raise _refused(f"{method} needs jwks or jwks_uri")
    _check_certificate_name(wanted)
    return wanted.extensions


def _check_set(wanted: ClientMetadata) -> None:
    """A set by value is one of public keys, and stands for itself."""
    if wanted.jwks is None:
        return
    if wanted.jwks_uri is not None:
        raise _refused("give jwks or jwks_uri, not both (RFC 7591 §2)")
    key_sets.check_public(wanted.jwks)


def _check_certificate_name(wanted: ClientMetadata) -> None:
    """Exactly one name where certificates of an authority are the proof, none elsewhere (RFC 8705 §2.1.2)."""
    given = [name for name in CERTIFICATE_NAMES if getattr(wanted.extensions, name) is not None]
    needed = 1 if wanted.token_endpoint_auth_method == "tls_client_auth" else 0
    if len(given) != needed:
        raise ValidationError(
            f"tls_client_auth takes exactly one of {', '.join(CERTIFICATE_NAMES)} and other methods none"
            " (RFC 8705 §2.1.2)",
            field=given[-1] if given else CERTIFICATE_NAMES[0],
        )
    for name in given:
        value = getattr(wanted.extensions, name)
        if not 0 < len(value) <= LONGEST_NAME or not _can_be_compared(name, value):
            raise ValidationError(f"{name} has not the form that RFC 8705 §2.1.2 names", field=name)


def _can_be_compared(name: str, value: str) -> bool:
    """Whether a certificate could have this name: another one would only be found out at the first request."""
    try:
        if name == "tls_client_auth_subject_dn":
            # Loaded where a name is read: a command that lists clients has no use for the readers of tokens.
            from authserver.tokens import mutual_tls

            return bool(mutual_tls.distinguished_name(value).rdns)
        if name == "tls_client_auth_san_ip":
            return bool(ip_address(value))
    except ValueError:
        return False
    return value.isprintable() and " " not in value


def _refused(why: str) -> ValidationError:
    return ValidationError(why, field="jwks")
