"""The server's own first page: where one is, who is signed in, and the way out."""

from __future__ import annotations

from authserver.identity.sessions import signed_in
from authserver.protocol.messages import Request, Response
from authserver.web import paths
from authserver.web.border import Border
from authserver.web.page_values import Account, Form, HomePage


class Home:
    """GET /."""

    def __init__(self, border: Border) -> None:
        self._border = border

    def __call__(self, request: Request) -> Response:
        """The page."""
        border, services = self._border, self._border.services
        page_secret = border.cookies.page(request)
        account = None
        with services.database.reading() as unit:
            browser = services.browsers.find_by_page(unit, page_secret)
            people = signed_in(unit, browser)
            if people:
                _session, user = people[0]
                account = Account(username=user.username or user.email or "", name=user.name or "")
        sign_out = Form(csrf_token=border.csrf.token(page_secret or ""), action=paths.LOGOUT) if account else None
        page = HomePage(account=account, sign_out=sign_out, playground=services.settings.playground)
        return border.pages.render(page, request)
