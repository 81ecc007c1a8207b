"""What the edge itself refuses, said in the language of the border: OAuth JSON, API JSON or a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from authserver.edge.headers import Kind
from authserver.protocol.messages import NO_STORE, Request, Response, json_response


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """Input that is not taken, or a request that may not come now.

    Attributes:
        status: the HTTP status.
        code: the registered error code, or a word of ours where none fits.
        description: public; names the limit where one was passed.
        headers: further headers of the answer, `Retry-After` for example.
        reason: stable private word for `authserver explain`.
        spec: the section that demands the refusal.
        setting: the server setting that decided, where there is one.
    """

    status: int
    code: str
    description: str
    headers: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    spec: str = ""
    setting: str = ""


PageRenderer = Callable[[Request, Refusal], Response]


class Refusals:
    """Renders a refusal by the kind of its path; `page` is injected, because the edge knows no templates."""

    def __init__(self, kind_of: Callable[[str], Kind], page: PageRenderer | None = None) -> None:
        self._kind_of = kind_of
        self._page = page or _plain

    def __call__(self, request: Request, refusal: Refusal) -> Response:
        """The answer for `refusal`."""
        if request.path.startswith(("/api/", "/internal/")):
            answer = _api(request, refusal)
        elif self._kind_of(request.path) in {"page", "frame"} and "application/json" not in _accept(request):
            answer = self._page(request, refusal)
        else:
            answer = json_response({"error": refusal.code, "error_description": refusal.description}, refusal.status)
        return answer.with_headers(*refusal.headers)


def _accept(request: Request) -> str:
    return request.headers.get("accept", "")


def _api(request: Request, refusal: Refusal) -> Response:
    body = {
        "statusCode": refusal.status,
        "message": refusal.description,
        "error": HTTPStatus(refusal.status).phrase,
        "code": refusal.code,
        "correlationId": request.correlation_id,
    }
    return json_response(body, refusal.status)


def _plain(request: Request, refusal: Refusal) -> Response:
    text = f"{refusal.description}\n\nReference: {request.correlation_id}\n"
    return Response(refusal.status, (("Content-Type", "text/plain; charset=utf-8"), *NO_STORE), text.encode())
