"""Refusals that a person sees: an error page with a reference, or a page that says the interaction is over."""

from __future__ import annotations

from urllib.parse import urlsplit

from authserver.clients.directory import Client
from authserver.events.explanations import Explanations
from authserver.protocol.errors import ProtocolError
from authserver.protocol.messages import Request, Response, json_response
from authserver.web.page_values import Application, ErrorPage, ExpiredPage, ExpiredReason, Page
from authserver.web.pages import Pages

EXPIRED_REASONS = {
    "interaction_expired": ExpiredReason.EXPIRED,
    "interaction_unknown": ExpiredReason.EXPIRED,
    "interaction_finished": ExpiredReason.FINISHED,
    "interaction_advanced": ExpiredReason.FINISHED,
    "interaction_from_other_browser": ExpiredReason.OTHER_BROWSER,
}


class PageErrors:
    """Renders refusals as pages, or as JSON for callers that ask for it."""

    def __init__(self, pages: Pages, explanations: Explanations) -> None:
        self._pages = pages
        self._explanations = explanations

    def render(self, request: Request, error: ProtocolError, endpoint: str, client: Client | None = None) -> Response:
        """The page for a refusal that cannot be sent to the client. A client that was disabled is not linked to."""
        reference = self._explanations.keep(error, endpoint, client.id if client else None)
        if _wants_json(request):
            body = {"error": error.code, "error_description": f"{error.description} (reference {reference})"}
            return json_response(body, error.status).with_headers(*error.headers)
        client = client if client is not None and client.enabled else None
        page = self._page(error, reference, client)
        return self._pages.render(page, request, status=error.status, headers=error.headers)

    def _page(self, error: ProtocolError, reference: str, client: Client | None) -> Page:
        application = application_of(client) if client else None
        return_uri = start_of(client) if client else ""
        reason = EXPIRED_REASONS.get(error.reason)
        if reason is not None:
            return ExpiredPage(reason=reason, application=application, return_uri=return_uri, reference=reference)
        return ErrorPage(
            code=error.code,
            reference=reference,
            description=error.description,
            application=application,
            return_uri=return_uri,
        )


def application_of(client: Client) -> Application:
    """The client as pages show it."""
    return Application(
        name=client.name or client.id,
        logo_uri=client.logo_uri or "",
        policy_uri=client.policy_uri or "",
        tos_uri=client.tos_uri or "",
    )


def start_of(client: Client) -> str:
    """Where a person can start anew: the application's home page, or the origin of its first web redirect URI."""
    if client.client_uri:
        return client.client_uri
    for uri in client.redirect_uris:
        parts = urlsplit(uri)
        if parts.scheme in {"http", "https"} and client.application_type == "web":
            return f"{parts.scheme}://{parts.netloc}/"
    return ""


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept
