"""What every page and every endpoint that shows one needs: services, renderer, cookies and form proofs."""

from __future__ import annotations

from dataclasses import dataclass

from authserver.services import Services
from authserver.web.cookies import Cookies
from authserver.web.csrf import CSRF
from authserver.web.page_errors import PageErrors
from authserver.web.pages import Pages
from authserver.web.posted_requests import PostedRequests


@dataclass(frozen=True, slots=True)
class Border:
    """The side of the server that browsers see, wired once."""

    services: Services
    pages: Pages
    cookies: Cookies
    csrf: CSRF
    errors: PageErrors
    posted: PostedRequests


def border(services: Services) -> Border:
    """Wire the browser's side."""
    settings = services.settings
    pages, cookies = Pages(settings), Cookies(settings.issuer)
    return Border(
        services=services,
        pages=pages,
        cookies=cookies,
        csrf=CSRF(services.macs, cookies, settings.issuer),
        errors=PageErrors(pages, services.explanations),
        posted=PostedRequests(services, cookies),
    )
