"""GET /.well-known/jwks.json (RFC 7517 §5): public keys, ready-made and cacheable."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.conditional import conditional
from authserver.protocol.messages import Request, Response
from authserver.services import Services


def endpoint(services: Services) -> Handler:
    """The key set: keys that will sign, that sign, and that signed what may still be around."""
    max_age = services.settings.jwks_max_age
    cached: list[tuple[str, Response]] = []

    def handle(request: Request) -> Response:
        document = services.keyring.public_jwks()
        if not cached or cached[0][0] != document.etag:
            headers = (
                ("Content-Type", "application/jwk-set+json"),
                ("Cache-Control", f"public, max-age={max_age}"),
                ("ETag", document.etag),
            )
            cached[:] = [(document.etag, Response(200, headers, document.body))]
        return conditional(request, cached[0][1])

    return handle
