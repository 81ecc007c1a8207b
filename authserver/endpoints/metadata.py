"""GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server.

Metadata is derived from what the registries hold: removing a grant removes it
from the token endpoint and from here in one move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from authserver.authorize.checks.hints import PROMPTS
from authserver.authorize.dispatch import ACR_ORDER
from authserver.clients.authentication.assertions import ASSERTION_ALGORITHMS
from authserver.clients.rules.backchannel import DELIVERY_MODES
from authserver.edge.chain import Handler
from authserver.edge.conditional import conditional, etag_of
from authserver.endpoints import registration
from authserver.identity import profiles
from authserver.issuing import signed_introspection
from authserver.protocol import pkce
from authserver.protocol.algorithms import CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS, HS256, NONE
from authserver.protocol.messages import Request, Response
from authserver.protocol.policy import IMPLICIT, RESPONSE_MODES, RESPONSE_TYPES, SIGNING_ALGORITHMS
from authserver.services import Services
from authserver.web import paths
from authserver.web.border import Border

MAX_AGE_SECONDS = 300
ACR_REACHABLE = ("1",)
CALLED_BY_CLIENTS = (
    "token_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
    "registration_endpoint",
)
"""The endpoints that a client calls itself, over a connection that its certificate may authenticate."""


def document(services: Services, ui_locales: Iterable[str]) -> dict[str, Any]:
    """The authorization server metadata (RFC 8414 §2, OIDC Discovery §3)."""
    issuer = services.settings.issuer
    base = issuer.rstrip("/")
    algorithms = sorted(services.keyring.algorithms())
    found = {
        "issuer": issuer,
        **_endpoints(base),
        **_registration(services, base),
        **_logout(base),
        **_requests(services),
        **_authentication(services),
        **_tokens(services, algorithms),
        **signed_introspection.supported(algorithms),
        "acr_values_supported": [level for level in ACR_ORDER if level in ACR_REACHABLE],
        "claim_types_supported": ["normal"],
        "claims_supported": sorted({"sub", "iss", "auth_time", "acr", "amr", "sid", *profiles.STANDARD_CLAIMS}),
        "prompt_values_supported": sorted(PROMPTS),
        "display_values_supported": ["page"],
        "ui_locales_supported": sorted(ui_locales),
    }
    return found | _mtls_aliases(found, services.settings.mtls_url)


def _endpoints(base: str) -> dict[str, Any]:
    return {
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "pushed_authorization_request_endpoint": f"{base}/oauth2/par",
        "token_endpoint": f"{base}/oauth2/token",
        "introspection_endpoint": f"{base}/oauth2/introspect",
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "userinfo_endpoint": f"{base}/oauth2/userinfo",
        "device_authorization_endpoint": f"{base}/oauth2/device_authorization",
        "backchannel_authentication_endpoint": f"{base}/oauth2/bc-authorize",
        "jwks_uri": f"{base}/.well-known/jwks.json",
    }


def _logout(base: str) -> dict[str, Any]:
    return {
        "end_session_endpoint": f"{base}/oauth2/logout",
        "check_session_iframe": f"{base}{paths.CHECK_SESSION}",
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def _requests(services: Services) -> dict[str, Any]:
    """What may be asked for, how it is asked, and how the answer travels."""
    snapshot = services.catalog.current()
    return {
        "scopes_supported": sorted(snapshot.scopes),
        "authorization_details_types_supported": sorted(snapshot.authorization_types),
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "request_object_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "request_object_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "request_object_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
        "backchannel_authentication_request_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "backchannel_token_delivery_modes_supported": list(DELIVERY_MODES),
        "code_challenge_methods_supported": [pkce.S256],
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": list(RESPONSE_MODES),
        "authorization_response_iss_parameter_supported": True,
        "authorization_signing_alg_values_supported": sorted(services.keyring.algorithms()),
        "authorization_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "authorization_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
    }


def _authentication(services: Services) -> dict[str, Any]:
    """How clients prove who they are, at each endpoint where they do."""
    methods = list(services.client_authentication.methods)
    return {
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": [method for method in methods if method != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
    }


def _tokens(services: Services, algorithms: list[str]) -> dict[str, Any]:
    return {
        "grant_types_supported": sorted({*services.token_server.grant_types, IMPLICIT}),
        "subject_types_supported": ["public", "pairwise"],
        **_protection(algorithms),
        "dpop_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": services.settings.takes_client_certificates,
    }


def _mtls_aliases(found: Mapping[str, Any], mtls_url: str) -> dict[str, Any]:
    """The same endpoints where clients are asked for their certificate (RFC 8705 §5), if there is such an address."""
    base = mtls_url.rstrip("/")
    issuer: str = found["issuer"].rstrip("/")
    aliases = {name: base + found[name].removeprefix(issuer) for name in CALLED_BY_CLIENTS if name in found}
    return {"mtls_endpoint_aliases": aliases} if mtls_url else {}


def _registration(services: Services, base: str) -> dict[str, Any]:
    """How clients come to be known without an administrator, where they may (RFC 7591 §3)."""
    settings, found = services.settings, dict[str, Any]()
    if settings.registration != "closed":
        found["registration_endpoint"] = f"{base}{registration.PATH}"
    if settings.client_id_metadata_documents:
        found["client_id_metadata_document_supported"] = True
    return found


def _protection(signing: list[str]) -> dict[str, list[str]]:
    """How answers can be signed and encrypted for a client; it registers what it wants of it."""
    return {
        "id_token_signing_alg_values_supported": [*signing, HS256, NONE],
        "id_token_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "id_token_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
        "userinfo_signing_alg_values_supported": signing,
        "userinfo_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "userinfo_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
        "authorization_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "authorization_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
    }


def endpoint(border: Border) -> Handler:
    """The metadata, ready-made; made anew when keys or scopes change."""
    services, ui_locales = border.services, border.pages.locales.languages
    cached: list[tuple[object, Response]] = []

    def handle(request: Request) -> Response:
        state = (services.keyring.etag, services.catalog.current())
        if not cached or cached[0][0] != state:
            cached[:] = [(state, _publish(orjson.dumps(document(services, ui_locales))))]
        return conditional(request, cached[0][1])

    return handle


def _publish(body: bytes) -> Response:
    headers = (
        ("Content-Type", "application/json"),
        ("Cache-Control", f"public, max-age={MAX_AGE_SECONDS}"),
        ("ETag", etag_of(body)),
    )
    return Response(200, headers, body)
