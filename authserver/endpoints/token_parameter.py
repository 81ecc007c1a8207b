"""The parameter `token` of introspection and revocation."""

from __future__ import annotations

from authserver.protocol.errors import InvalidRequest
from authserver.protocol.messages import Request


def read_token(request: Request) -> str:
    """The token that is asked about. `token_type_hint` is a hint: any value of it is fine and none is needed.

    Raises:
        InvalidRequest: the body is no form, or has not exactly one token.
    """
    try:
        form = request.form
    except ValueError as error:
        raise InvalidRequest(
            "The body cannot be read as a form.", reason="form_malformed", spec="RFC 6749 §3.2"
        ) from error
    if form.repeated:
        raise InvalidRequest(
            "A parameter must not be sent more than once.", reason="parameter_repeated", spec="RFC 6749 §3.2"
        )
    token = form.get("token")
    if token is None:
        raise InvalidRequest(
            "The parameter token is missing.", reason="token_missing", spec="RFC 7662 §2.1, RFC 7009 §2.1"
        )
    return token
