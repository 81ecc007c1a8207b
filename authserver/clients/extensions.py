"""Client metadata beyond RFC 7591 §2: OpenID Connect, logout, request objects, FAPI, CIBA, mutual TLS, DPoP, RAR.

One frozen value with the registered names, kept as one document with the
client. A member that was not registered has the default of its specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a client registered besides the columns of its row.

    Attributes are named and mean what the IANA registry "OAuth Dynamic Client Registration Metadata" says;
    `default_max_age` is seconds. None stands for "not registered".
    """

    # OpenID Connect Dynamic Client Registration 1.0 §2
    subject_type: str = "public"
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: str | None = None
    id_token_encrypted_response_alg: str | None = None
    id_token_encrypted_response_enc: str | None = None
    userinfo_signed_response_alg: str | None = None
    userinfo_encrypted_response_alg: str | None = None
    userinfo_encrypted_response_enc: str | None = None
    request_object_signing_alg: str | None = None
    request_object_encryption_alg: str | None = None
    request_object_encryption_enc: str | None = None
    token_endpoint_auth_signing_alg: str | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    initiate_login_uri: str | None = None
    request_uris: tuple[str, ...] = ()
    # Logout (Back-Channel §2.2, Front-Channel §2)
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    # RFC 9126 §6, RFC 9101 §10.5, JARM §3
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    authorization_signed_response_alg: str | None = None
    authorization_encrypted_response_alg: str | None = None
    authorization_encrypted_response_enc: str | None = None
    # RFC 8705 §2.1.2, §3.4, RFC 9449 §5.2
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    # CIBA Core §4
    backchannel_token_delivery_mode: str | None = None
    backchannel_client_notification_endpoint: str | None = None
    backchannel_authentication_request_signing_alg: str | None = None
    backchannel_user_code_parameter: bool = False
    # RFC 9396 §10, RFC 9701 §6
    authorization_details_types: tuple[str, ...] = ()
    introspection_signed_response_alg: str | None = None
    introspection_encrypted_response_alg: str | None = None
    introspection_encrypted_response_enc: str | None = None
    # RFC 7591 §2
    software_id: str | None = None
    software_version: str | None = None
    software_statement: str | None = None
    localized: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Members with a language tag, `client_name#de` for example (RFC 7591 §2.2)."""

    @property
    def secret_algorithms(self) -> tuple[str, ...]:
        """The members whose algorithm takes the client's secret for its key: MACs and symmetric encryption."""
        return tuple(
            member.name
            for member in fields(self)
            if member.name.endswith("_alg")
            and member.name != "token_endpoint_auth_signing_alg"
            and _is_symmetric(getattr(self, member.name))
        )

    def to_document(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON has it."""
        return {
            member.name: _plain(value)
            for member in fields(self)
            if (value := getattr(self, member.name)) != getattr(NONE, member.name)
        }


NONE = Extensions()
"""A client that registered none of these."""

NAMES = frozenset(member.name for member in fields(Extensions))


def from_document(document: Mapping[str, Any]) -> Extensions:
    """The value behind a stored document; members that are not known any more are left out."""
    members: dict[str, Any] = {name: _immutable(value) for name, value in document.items() if name in NAMES}
    return Extensions(**members)


def _immutable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _is_symmetric(algorithm: str | None) -> bool:
    """Whether both sides of this algorithm have the same key (RFC 7518 §3.1, §4.1)."""
    return algorithm is not None and (algorithm == "dir" or algorithm.startswith(("HS", "A1", "A2", "PBES2")))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
