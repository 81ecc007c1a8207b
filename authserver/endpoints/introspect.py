"""POST /oauth2/introspect (RFC 7662)."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.endpoints.machine_errors import refusing
from authserver.endpoints.token_parameter import read_token
from authserver.protocol.errors import InvalidClient
from authserver.protocol.messages import Request, Response, json_response
from authserver.services import Services


def endpoint(services: Services) -> Handler:
    """The introspection endpoint. Only authenticated clients are answered; a public client proves nothing."""

    def answer(request: Request) -> Response:
        client = services.client_authentication.authenticate(request).client
        if client.is_public:
            raise InvalidClient(
                "Introspection needs client authentication.",
                reason="client_is_public",
                spec="RFC 7662 §2.1",
                details={"client_id": client.id, "method": "none"},
            )
        return json_response(services.introspector.introspect(client, read_token(request)))

    return refusing(services.explanations, "introspect", answer)
