"""Where a browser ends after a logout that leads back to no application."""

from __future__ import annotations

from authserver.protocol.messages import Request, Response
from authserver.web.border import Border
from authserver.web.page_values import SignedOutPage


class SignedOut:
    """GET /signed-out. It says what has happened and changes nothing, so it may be reloaded and kept."""

    def __init__(self, border: Border) -> None:
        self._pages = border.pages

    def __call__(self, request: Request) -> Response:
        """The page."""
        return self._pages.render(SignedOutPage(), request)
