"""The addresses that pages and endpoints send a browser to and that more than one package must know."""

from __future__ import annotations

from typing import Final

AUTHORIZE: Final = "/oauth2/authorize"
RESUME: Final = "/oauth2/authorize/resume"
LOGOUT: Final = "/oauth2/logout"
SIGNED_OUT: Final = "/signed-out"
