"""Where clients want to hear of logouts."""

from __future__ import annotations

import pytest

from authserver.clients import logout_uris
from authserver.clients.extensions import Extensions
from authserver.protocol.errors import ValidationError

REDIRECTS = ("https://app.example/callback", "com.example.app:/callback", "http://127.0.0.1:9000/cb")
BACK, FRONT = "backchannel_logout_uri", "frontchannel_logout_uri"


@pytest.mark.parametrize(
    "members",
    [
        {},
        {BACK: "https://other.example/logout?tenant=1"},
        {BACK: "http://127.0.0.1:8080/logout"},
        {FRONT: "https://app.example/logout?tenant=1"},
        {FRONT: "https://app.example:443/logout"},
        {FRONT: "http://127.0.0.1:9000/out"},
    ],
)
def test_what_may_be_registered(members: dict[str, str]) -> None:
    logout_uris.check(Extensions(**members), REDIRECTS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "uri"),
    [
        (BACK, "http://app.example/logout"),
        (BACK, "https://app.example/logout#part"),
        (BACK, "javascript:alert(1)"),
        (BACK, "https://user@app.example/logout"),
        (BACK, "/logout"),
        (FRONT, "https://other.example/logout"),
        (FRONT, "https://app.example:8443/logout"),
        (FRONT, "http://app.example/logout"),
        (FRONT, "https://app.example/logout#part"),
        (FRONT, "com.example.app:/logout"),
    ],
)
def test_what_may_not(field: str, uri: str) -> None:
    with pytest.raises(ValidationError) as refused:
        logout_uris.check(Extensions(**{field: uri}), REDIRECTS)  # type: ignore[arg-type]
    assert refused.value.field == field
