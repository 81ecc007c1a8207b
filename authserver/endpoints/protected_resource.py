"""GET /.well-known/oauth-protected-resource: how to get into a protected resource (RFC 9728).

The issuer and UserInfo are described here, and of the registered resources those
that the operator wants described: by their path where they are on this host
(§3.1), wherever they are with `?resource=`, to which a challenge of theirs may point.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from authserver.access.catalog import ResourceEntry
from authserver.access.resources import USERINFO_PATH
from authserver.edge.chain import Handler
from authserver.edge.conditional import conditional, etag_of
from authserver.protocol.messages import Request, Response, json_response
from authserver.protocol.policy import SIGNING_ALGORITHMS
from authserver.protocol.scopes import STANDARD
from authserver.services import Services

PATH: Final = "/.well-known/oauth-protected-resource"
MAX_AGE_SECONDS: Final = 300


def address(issuer: str, path: str = "") -> str:
    """Where the resource at `path` of this server is described."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}{PATH}{path}"


def endpoint(services: Services) -> Handler:
    """The documents. A resource that is not described here is 404, whether it is registered or not."""
    issuer = services.settings.issuer
    parts = urlsplit(issuer)
    origin = f"{parts.scheme}://{parts.netloc}"

    def described(resource: str) -> dict[str, Any] | None:
        if resource in {issuer, issuer.rstrip("/")}:
            return _own(services, issuer)
        if resource == f"{issuer.rstrip('/')}{USERINFO_PATH}":
            return _own(services, resource)
        entry = services.catalog.current().resource(resource)
        return _registered(services, entry) if entry is not None and entry.described else None

    def handle(request: Request) -> Response:
        found = described(_asked(request, origin))
        if found is None:
            text = "No such resource is described here."
            return json_response({"error": "not_found", "error_description": text}, 404)
        cacheable = json_response(found, headers=(("Cache-Control", f"public, max-age={MAX_AGE_SECONDS}"),))
        return conditional(request, cacheable.with_headers(("ETag", etag_of(cacheable.body))))

    return handle


def _asked(request: Request, origin: str) -> str:
    """The resource whose description is asked for: named in the query, or by its path behind the well-known one."""
    return request.query.get("resource") or origin + request.path.removeprefix(PATH)


def _own(services: Services, resource: str) -> dict[str, Any]:
    methods = ["header", "body"] if resource.endswith(USERINFO_PATH) else ["header"]
    return _document(services, resource, frozenset(STANDARD)) | {"bearer_methods_supported": methods}


def _registered(services: Services, entry: ResourceEntry) -> dict[str, Any]:
    document = _document(services, entry.id, entry.scopes) | {"bearer_methods_supported": ["header"]}
    return document | {"resource_name": entry.name}


def _document(services: Services, resource: str, scopes: frozenset[str]) -> dict[str, Any]:
    return {
        "resource": resource,
        "authorization_servers": [services.settings.issuer],
        "scopes_supported": sorted(scopes),
        "dpop_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": services.settings.takes_client_certificates,
    }
