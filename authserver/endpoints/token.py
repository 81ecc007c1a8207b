"""POST /oauth2/token (RFC 6749 §3.2)."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints.machine_errors import refused, refusing
from authserver.protocol.errors import ProtocolError
from authserver.protocol.messages import Request, Response, json_response
from authserver.services import Services


def endpoint(services: Services) -> Handler:
    """The token endpoint. Once the client is known, its scripts may read refusals too."""
    server, explanations, dpop = services.token_server, services.explanations, services.dpop

    def answer(request: Request) -> Response:
        client = server.authenticate(request)
        try:
            tokens = server.create_token_response(request, client)
            response = json_response(tokens.to_document()).with_headers(*dpop.nonce_headers(request))
        except ProtocolError as error:
            response = refused(explanations, "token", error, request, client.id)
        return allowing(response, client.origins)

    return refusing(explanations, "token", answer)
