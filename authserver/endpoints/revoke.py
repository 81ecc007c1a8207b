"""POST /oauth2/revoke (RFC 7009)."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints.machine_errors import refusing
from authserver.endpoints.token_parameter import read_token
from authserver.protocol.messages import Request, Response, empty
from authserver.services import Services


def endpoint(services: Services) -> Handler:
    """The revocation endpoint: 200 for known and unknown tokens alike (RFC 7009 §2.2)."""

    def answer(request: Request) -> Response:
        client = services.client_authentication.authenticate(request).client
        services.revoker.revoke(client, read_token(request))
        return allowing(empty(200), client.origins)

    return refusing(services.explanations, "revoke", answer)
