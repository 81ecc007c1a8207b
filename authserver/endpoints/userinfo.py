"""GET and POST /oauth2/userinfo (OIDC Core §5.3).

The answer is JSON, or a JWT where the client registered for one: signed,
encrypted, or both (§5.3.2).
"""

from __future__ import annotations

from authserver.access.resources import USERINFO_PATH
from authserver.edge.chain import Handler
from authserver.endpoints import interaction_id
from authserver.endpoints.bearer import Guard
from authserver.issuing.reading import ReadToken
from authserver.protocol.messages import NO_STORE, Request, Response, json_response
from authserver.services import Services
from authserver.telemetry.context import note

SCOPE = "openid"


def endpoint(services: Services) -> Handler:
    """The UserInfo endpoint, for tokens of any person with `openid` for the issuer itself."""

    def claims(_request: Request, token: ReadToken) -> Response:
        note(client_id=token.client_id, user_id=token.user_id)
        found = services.answers.user_info.answer(token)
        if isinstance(found, str):
            return Response(200, (("Content-Type", "application/jwt"), *NO_STORE), found.encode("ascii"))
        return json_response(found)

    guard = Guard(services, "userinfo", audience=services.settings.issuer, scope=SCOPE, path=USERINFO_PATH)
    return interaction_id.named(guard.around(claims))
