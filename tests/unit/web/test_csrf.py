from __future__ import annotations

from urllib.parse import urlencode

import pytest

from authserver.crypto.macs import Macs
from authserver.protocol.messages import FORM_CONTENT_TYPE, Request
from authserver.web.cookies import Cookies
from authserver.web.csrf import CSRF, ForgedForm

ISSUER = "https://sso.example"
COOKIES = Cookies(ISSUER)
FORMS = CSRF(Macs(bytes(32)), COOKIES, ISSUER)


def posted(token: str | None, *, secret: str | None = "page", origin: str | None = None) -> Request:
    headers = {"content-type": FORM_CONTENT_TYPE}
    if secret is not None:
        headers["cookie"] = f"{COOKIES.page_name}={secret}"
    if origin is not None:
        headers["origin"] = origin
    return Request("POST", "/login", headers=headers, body=urlencode({"csrf_token": token or ""}).encode())


@pytest.mark.parametrize("origin", [None, ISSUER, "null"])
def test_form_of_ours_is_taken(origin: str | None) -> None:
    FORMS.check(posted(FORMS.token("page"), origin=origin))


@pytest.mark.parametrize("token", [None, "x", "ü", FORMS.token("other")])
def test_form_without_the_proof_is_refused(token: str | None) -> None:
    with pytest.raises(ForgedForm, match="csrf_token"):
        FORMS.check(posted(token))


def test_form_without_the_cookie_is_refused() -> None:
    with pytest.raises(ForgedForm, match="csrf_token"):
        FORMS.check(posted(FORMS.token("page"), secret=None))


@pytest.mark.parametrize("origin", ["http://sso.example", "https://sso.example:8443", "https://evil.example", ""])
def test_form_of_another_origin_is_refused_whatever_it_proves(origin: str) -> None:
    with pytest.raises(ForgedForm, match="csrf_origin"):
        FORMS.check(posted(FORMS.token("page"), origin=origin))
