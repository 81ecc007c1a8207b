"""POST /oauth2/revoke (RFC 7009)."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints.machine_errors import refused, refusing
from authserver.endpoints.token_parameter import read_token
from authserver.protocol.errors import ProtocolError
from authserver.protocol.messages import Request, Response, empty
from authserver.services import Services


def endpoint(services: Services) -> Handler:
    """The revocation endpoint: 200 for known and unknown tokens alike (RFC 7009 §2.2)."""
    explanations = services.explanations

    def answer(request: Request) -> Response:
        client = services.client_authentication.authenticate(request).client
        try:
            services.revoker.revoke(client, read_token(request))
            response = empty(200)
        except ProtocolError as error:
            response = refused(explanations, "revoke", error, request, client.id)
        return allowing(response, client.origins)

    return refusing(explanations, "revoke", answer)
