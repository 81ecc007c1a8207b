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
        description: public; says what was wrong and what is allowed, with the limit where one was passed.
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


@dataclass(frozen=True, slots=True)
class PageRenderer:
    """What is injected, because the edge knows neither templates nor storage.

    Attributes:
        explain: keeps why a request was refused; the reference to show.
        render: the page of a refusal, with its reference.
    """

    explain: Callable[[Request, Refusal], str]
    render: Callable[[Request, Refusal, str], Response]


class Refusals:
    """Renders a refusal by the kind of its path. Whatever the form, it has what was wrong and a reference."""

    def __init__(self, kind_of: Callable[[str], Kind], page: PageRenderer | None = None) -> None:
        self._kind_of = kind_of
        self._page = page or PageRenderer(_correlation_id, _plain)

    def __call__(self, request: Request, refusal: Refusal) -> Response:
        """The answer for `refusal`."""
        reference = self._page.explain(request, refusal)
        if request.path.startswith(("/api/", "/internal/")):
            answer = _api(request, refusal, reference)
        elif self._kind_of(request.path) in {"page", "frame"} and "application/json" not in _accept(request):
            answer = self._page.render(request, refusal, reference)
        else:
            description = f"{refusal.description} (reference {reference})"
            answer = json_response({"error": refusal.code, "error_description": description}, refusal.status)
        return answer.with_headers(*refusal.headers)


def _correlation_id(request: Request, _: Refusal) -> str:
    return request.correlation_id


def _accept(request: Request) -> str:
    return request.headers.get("accept", "")


def _api(request: Request, refusal: Refusal, reference: str) -> Response:
    body = {
        "statusCode": refusal.status,
        "message": refusal.description,
        "error": HTTPStatus(refusal.status).phrase,
        "code": refusal.code,
        "details": {"reference": reference},
        "correlationId": request.correlation_id,
    }
    return json_response(body, refusal.status)


def _plain(_: Request, refusal: Refusal, reference: str) -> Response:
    text = f"{refusal.description}\n\nReference: {reference}\n"
    return Response(refusal.status, (("Content-Type", "text/plain; charset=utf-8"), *NO_STORE), text.encode())
