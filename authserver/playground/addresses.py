"""Where the playground is, and where it sends people and requests."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

START: Final = "/playground"
CALLBACK: Final = "/playground/callback"
RUN: Final = "/playground/run"

AUTHORIZE: Final = "/oauth2/authorize"
TOKEN: Final = "/oauth2/token"
USERINFO: Final = "/oauth2/userinfo"
INTROSPECT: Final = "/oauth2/introspect"
REVOKE: Final = "/oauth2/revoke"
LOGOUT: Final = "/oauth2/logout"
KEYS: Final = "/.well-known/jwks.json"


def absolute(issuer: str, path: str) -> str:
    """`path` at this server."""
    return issuer.rstrip("/") + path


def start(issuer: str) -> str:
    """The first page, where people come back to after signing out."""
    return absolute(issuer, START)


def callback(issuer: str) -> str:
    """The redirect URI."""
    return absolute(issuer, CALLBACK)


def of_run(run_id: str, number: int | None = None) -> str:
    """The page of one run, at one of its steps."""
    return f"{RUN}?{urlencode({'run': run_id})}" + ("" if number is None else f"#step-{number}")
