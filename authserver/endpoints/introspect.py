"""POST /oauth2/introspect (RFC 7662), as a JWT for whoever accepts one (RFC 9701)."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.endpoints.machine_errors import refusing
from authserver.endpoints.token_parameter import read_token
from authserver.issuing.signed_introspection import MEDIA_TYPE
from authserver.protocol.errors import InvalidClient
from authserver.protocol.messages import NO_STORE, Request, Response, json_response
from authserver.services import Services

JSON = "application/json"


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
        found = services.introspector.introspect(client, read_token(request))
        if not wants_jwt(request.headers.get("accept", "")):
            return json_response(found)
        token = services.signed_introspection.sign(client, found)
        return Response(200, (("Content-Type", MEDIA_TYPE), *NO_STORE), token.encode("ascii"))

    return refusing(services.explanations, "introspect", answer)


def wants_jwt(accept: str) -> bool:
    """Whether the header Accept names the signed form, and no plain JSON that it likes better (RFC 9701 §4)."""
    likes: dict[str, float] = {}
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        likes[name] = _quality(parameters)
    signed = likes.get(MEDIA_TYPE, 0.0)
    return signed > 0 and signed >= likes.get(JSON, 0.0)


def _quality(parameters: list[str]) -> float:
    weight = next((text.partition("=")[2] for text in parameters if text.startswith("q=")), "1")
    try:
        return float(weight)
    except ValueError:
        return 0.0
