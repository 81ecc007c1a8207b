"""How much input is taken, for every entrance alike: the one table of limits.

What is longer is refused with the limit named. The body's limit is the setting
`max_body_bytes`. The numbers for lines and fields fit both servers, so that
neither refuses on its own what the other lets in.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

URL_BYTES = 8000
HEADER_FIELD_BYTES = 8000
HEADERS_BYTES = 32768
HEADER_COUNT = 100
FIELD_COUNT = 200
"""Parameters of a query or form."""
CORRELATION_ID_LENGTH = 128

PARAMETERS_LENGTH = 32768
"""Characters of all names and values of an authorization request, those that mean nothing here included."""

REQUEST_BYTES = 12288
"""Bytes of what of an authorization request is kept while the person signs in: anybody may begin one."""

PARAMETER_LENGTH = 8192
PARAMETER_LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        "claims": 8192,
        "client_id": 255,
        "client_secret": 1024,
        "acr_values": 512,
        "auth_req_id": 128,
        "binding_message": 1024,
        "client_notification_token": 1024,
        "code": 2048,
        "code_challenge": 128,
        "code_challenge_method": 32,
        "code_verifier": 128,
        "device_code": 128,
        "display": 32,
        "grant_type": 256,
        "id_token_hint": 8192,
        "login_hint": 512,
        "max_age": 16,
        "nonce": 2048,
        "password": 1024,
        "prompt": 64,
        "redirect_uri": 2048,
        "requested_expiry": 16,
        "request": 16384,
        "request_uri": 2048,
        "resource": 2048,
        "response_mode": 64,
        "response_type": 64,
        "scope": 4096,
        "state": 4096,
        "token_type_hint": 64,
        "ui_locales": 256,
        "user_code": 64,
        "username": 254,
    }
)
"""Characters of each parameter's value; others may have `PARAMETER_LENGTH`."""


def of_parameter(name: str) -> int:
    """How many characters the value of a parameter may have."""
    return PARAMETER_LENGTHS.get(name, PARAMETER_LENGTH)


def named(name: str) -> str:
    """A parameter's name as a refusal may show it: one that is in the table, and nothing that the requester made up."""
    return name if name in PARAMETER_LENGTHS else "A parameter"
