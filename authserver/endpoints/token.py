"""POST /oauth2/token (RFC 6749 §3.2)."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints.machine_errors import refusing
from authserver.protocol.messages import Request, Response, json_response
from authserver.services import Services


def endpoint(services: Services) -> Handler:
    """The token endpoint."""
    server = services.token_server

    def answer(request: Request) -> Response:
        client = server.authenticate(request)
        tokens = server.create_token_response(request, client)
        return allowing(json_response(tokens.to_document()), client.origins)

    return refusing(services.explanations, "token", answer)
