"""GET and POST /oauth2/userinfo (OIDC Core §5.3)."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints import bearer
from authserver.endpoints.machine_errors import render
from authserver.identity import profiles
from authserver.protocol.errors import InvalidToken, ProtocolError
from authserver.protocol.messages import NO_STORE, Request, Response, json_response
from authserver.services import Services

SCOPE = "openid"


def endpoint(services: Services) -> Handler:
    """The UserInfo endpoint. Refusals are explained in WWW-Authenticate as RFC 6750 §3 wants."""
    issuer = services.settings.issuer

    def answer(request: Request) -> Response:
        value = bearer.presented_token(request)
        if value is None:
            return Response(401, (bearer.challenge(), *NO_STORE))
        token = bearer.require(services.token_reader, value, audience=issuer, scope=SCOPE)
        with services.database.reading() as unit:
            user = unit.users.find(str(token.claims["sub"]))
        if user is None:
            raise InvalidToken("The access token is not valid any more.", reason="user_unknown")
        claims = {**profiles.claims_for(user, token.scopes, None), "sub": user.id}
        response = json_response(claims)
        client = services.clients.find(token.client_id)
        return allowing(response, client.origins) if client else response

    def handle(request: Request) -> Response:
        try:
            return answer(request)
        except ProtocolError as error:
            reference = services.explanations.keep(error, "userinfo")
            scope = SCOPE if error.code == "insufficient_scope" else ""
            return render(error, reference).with_headers(bearer.challenge(error, scope))

    return handle
