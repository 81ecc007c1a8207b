"""The bearer guard of protected resources of ours (RFC 6750): who asks, and may they?"""

from __future__ import annotations

from authserver.issuing.reading import ReadToken
from authserver.protocol.errors import InsufficientScope, InvalidRequest, InvalidToken, ProtocolError
from authserver.protocol.messages import Request


def challenge(error: ProtocolError | None = None, scope: str = "") -> tuple[str, str]:
    """The WWW-Authenticate header; without `error` the request simply carried no token (RFC 6750 §3.1)."""
    parts = ['Bearer realm="authserver"']
    if error is not None:
        parts += [f'error="{error.code}"', f'error_description="{error.description}"']
    if scope:
        parts.append(f'scope="{scope}"')
    return "WWW-Authenticate", ", ".join(parts)


def presented_token(request: Request) -> str | None:
    """The token in the Authorization header or the form body; never the query (RFC 6750 §2.3).

    Raises:
        InvalidRequest: it came in more than one way.
    """
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    in_header = credentials.strip() if scheme.lower() == "bearer" else None
    try:
        in_body = request.form.all("access_token") if request.method == "POST" else ()
    except ValueError as error:
        raise InvalidRequest(
            "The body cannot be read as a form.", reason="form_malformed", spec="RFC 6750 §2.2"
        ) from error
    if bool(in_header) + len(in_body) > 1:
        raise InvalidRequest(
            "The access token must be sent in one way only.", reason="token_sent_twice", spec="RFC 6750 §2"
        )
    return in_header or (in_body[0] if in_body else None)


def require(token: ReadToken | None, *, audience: str, scope: str) -> ReadToken:
    """`token`, if it is a live access token for `audience` with `scope`.

    Raises:
        InvalidToken: unknown, dead, or for somebody else; `reason` tells expired from invalid.
        InsufficientScope: good, but not for this.
    """
    if token is None:
        raise InvalidToken("The access token is not valid.", reason="token_invalid", spec="RFC 6750 §3.1")
    if token.dead == "token_expired":
        raise InvalidToken("The access token has expired.", reason="token_expired", spec="RFC 6750 §3.1")
    if token.dead is not None:
        raise InvalidToken("The access token is not valid any more.", reason=token.dead, spec="RFC 6750 §3.1")
    if audience not in token.audience:
        raise InvalidToken(
            "The access token is for another resource.", reason="token_for_other_audience", spec="RFC 9068 §4"
        )
    if scope not in token.scopes:
        raise InsufficientScope(
            f"The access token lacks the scope {scope}.", reason="scope_missing", spec="RFC 6750 §3.1"
        )
    return token
