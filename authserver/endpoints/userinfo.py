"""GET and POST /oauth2/userinfo (OIDC Core §5.3)."""

from __future__ import annotations

from authserver.access.resources import USERINFO_PATH
from authserver.edge.chain import Handler
from authserver.endpoints import interaction_id
from authserver.endpoints.bearer import Guard
from authserver.identity import profiles
from authserver.issuing.reading import ReadToken
from authserver.protocol.errors import InvalidToken
from authserver.protocol.messages import Request, Response, json_response
from authserver.services import Services
from authserver.telemetry.context import note

SCOPE = "openid"


def endpoint(services: Services) -> Handler:
    """The UserInfo endpoint, for tokens of any person with `openid` for the issuer itself."""

    def claims(_request: Request, token: ReadToken) -> Response:
        note(client_id=token.client_id, user_id=str(token.claims["sub"]))
        with services.database.reading() as unit:
            user = unit.users.read(str(token.claims["sub"]))
        if user is None:
            raise InvalidToken(
                "The access token is not valid any more.", reason="user_unknown", spec="OIDC Core §5.3.3"
            )
        return json_response({**profiles.claims_for(user, token.scopes, None), "sub": user.id})

    guard = Guard(services, "userinfo", audience=services.settings.issuer, scope=SCOPE, path=USERINFO_PATH)
    return interaction_id.named(guard.around(claims))
