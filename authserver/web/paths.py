"""The addresses that pages and endpoints send a browser to and that more than one package must know."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

AUTHORIZE: Final = "/oauth2/authorize"
RESUME: Final = "/oauth2/authorize/resume"
LOGOUT: Final = "/oauth2/logout"
CHECK_SESSION: Final = "/oauth2/check-session"
SIGNED_OUT: Final = "/signed-out"
HOME: Final = "/"
DEVICE: Final = "/device"
APPROVALS: Final = "/approvals"

RESUME_OF: Final = MappingProxyType({"authorize": RESUME, "device": DEVICE, "approvals": APPROVALS})
"""Where the browser goes after a step of a sign-in, by what the sign-in is for."""
