"""GET /oauth2/check-session: the frame that tells clients of a new login state (OIDC Session Management §3.3).

The page is the same for everybody; what it compares is a cookie in the
person's browser, and nothing is sent anywhere.
"""

from __future__ import annotations

from html import escape

from authserver.edge.chain import Handler
from authserver.protocol.messages import Request, Response
from authserver.web.border import Border

SCRIPT = "check_session.js"

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Session state</title>
  <meta name="browser-state-cookie" content="{cookie}">
  <script src="{script}"></script>
</head>
<body></body>
</html>
"""


def endpoint(border: Border) -> Handler:
    """The page, ready-made."""
    page = _PAGE.format(cookie=escape(border.cookies.state_name), script=escape(border.pages.assets.url(SCRIPT)))
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        # Pages that load only what allows it may frame it too.
        ("Cross-Origin-Resource-Policy", "cross-origin"),
    )
    answer = Response(200, headers, page.encode())

    def handle(_request: Request) -> Response:
        return answer

    return handle
