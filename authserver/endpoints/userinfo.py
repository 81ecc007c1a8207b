"""GET and POST /oauth2/userinfo (OIDC Core §5.3)."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints import bearer
from authserver.endpoints.machine_errors import render
from authserver.identity import profiles
from authserver.issuing.reading import ReadToken
from authserver.protocol.errors import InvalidToken, ProtocolError
from authserver.protocol.messages import NO_STORE, Request, Response, json_response
from authserver.services import Services
from authserver.telemetry.context import note

SCOPE = "openid"


def endpoint(services: Services) -> Handler:
    """The UserInfo endpoint. Refusals are explained in WWW-Authenticate as RFC 6750 §3 wants."""
    issuer = services.settings.issuer

    def claims(token: ReadToken) -> Response:
        note(client_id=token.client_id, user_id=str(token.claims["sub"]))
        with services.database.reading() as unit:
            user = unit.users.read(str(token.claims["sub"]))
        if user is None:
            raise InvalidToken(
                "The access token is not valid any more.", reason="user_unknown", spec="OIDC Core §5.3.3"
            )
        return json_response({**profiles.claims_for(user, token.scopes, None), "sub": user.id})

    def answer(request: Request) -> Response:
        value = bearer.presented_token(request)
        if value is None:
            return Response(401, (bearer.challenge(), *NO_STORE))
        token = services.token_reader.look_up_access_token(value)
        try:
            response = claims(bearer.require(token, audience=issuer, scope=SCOPE))
        except ProtocolError as error:
            response = refuse(error)
        # A script learns why it was refused, if the token is one that was given to its client.
        client = services.clients.find(token.client_id) if token is not None else None
        return allowing(response, client.origins) if client is not None else response

    def refuse(error: ProtocolError) -> Response:
        reference = services.explanations.keep(error, "userinfo")
        scope = SCOPE if error.code == "insufficient_scope" else ""
        return render(error, reference).with_headers(bearer.challenge(error, scope))

    def handle(request: Request) -> Response:
        try:
            return answer(request)
        except ProtocolError as error:
            return refuse(error)

    return handle
