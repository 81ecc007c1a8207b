"""The one renderer of refusals at machine endpoints."""

from __future__ import annotations

from collections.abc import Callable

from authserver.events.explanations import Explanations
from authserver.protocol.errors import InvalidClient, ProtocolError
from authserver.protocol.messages import Request, Response, json_response

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
FAILURE = ("X-Authserver-Failure", "1")


def refusing(
    explanations: Explanations, endpoint: str, answer: Callable[[Request], Response]
) -> Callable[[Request], Response]:
    """`answer`, with refusals rendered as RFC 6749 §5.2 bodies that carry the reference of their explanation."""

    def handle(request: Request) -> Response:
        try:
            return answer(request)
        except ProtocolError as error:
            return refused(explanations, endpoint, error, request)

    return handle


def refused(
    explanations: Explanations, endpoint: str, error: ProtocolError, request: Request, client_id: str | None = None
) -> Response:
    """The answer of one refusal, explained; `client_id` is the client that has proven itself."""
    return render(error, explanations.keep(error, endpoint, client_id, claimed=_claimed_client(request)))


def render(error: ProtocolError, reference: str) -> Response:
    """The JSON body of a refusal."""
    description = f"{error.description} (reference {reference})" if error.description else f"Reference {reference}"
    headers = NO_STORE + error.headers
    if isinstance(error, InvalidClient):
        headers += (FAILURE,)
    return json_response({"error": error.code, "error_description": description}, error.status, headers)


def _claimed_client(request: Request) -> str | None:
    try:
        claimed = request.form.get("client_id")
    except ValueError:
        return None
    return claimed[:255] if claimed else None
