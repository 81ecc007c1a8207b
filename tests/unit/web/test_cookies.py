from __future__ import annotations

import pytest

from authserver.identity.browsers import BrowserSecrets
from authserver.protocol.messages import Request
from authserver.web.cookies import Cookies


def test_flags_over_https() -> None:
    cookies = Cookies("https://sso.example")
    (_, sso), (_, page), (_, state) = cookies.set_browser(BrowserSecrets("one", "two"), 60)
    assert sso == f"{cookies.sso_name}=one; Path=/; HttpOnly; Max-Age=60; Secure; SameSite=None"
    assert page == f"{cookies.page_name}=two; Path=/; HttpOnly; Max-Age=60; Secure; SameSite=Lax"
    assert state.startswith(f"{cookies.state_name}=")
    assert state.endswith("; Path=/; Max-Age=60; Secure; SameSite=None")
    assert cookies.sso_name.startswith("__Host-sso-")


def test_flags_over_http() -> None:
    cookies = Cookies("http://127.0.0.1:8000")
    (_, sso), (_, page), (_, state) = cookies.set_browser(BrowserSecrets("one", "two"))
    assert sso == f"{cookies.sso_name}=one; Path=/; HttpOnly; SameSite=Lax"
    assert page == f"{cookies.page_name}=two; Path=/; HttpOnly; SameSite=Lax"
    assert state.endswith("; Path=/; SameSite=Lax")


def test_kept_request_is_bound_by_a_cookie_as_short_lived() -> None:
    cookies = Cookies("https://sso.example")
    name, header = cookies.set_posted("value", 60)
    assert name == "Set-Cookie"
    assert header == f"{cookies.posted_name}=value; Path=/; HttpOnly; Max-Age=60; Secure; SameSite=Lax"


@pytest.mark.parametrize("other", ["http://127.0.0.1:8001", "https://127.0.0.1:8000", "http://127.0.0.1:8000/tenant"])
def test_issuers_on_one_host_do_not_share_cookies(other: str) -> None:
    ours, theirs = Cookies("http://127.0.0.1:8000"), Cookies(other)
    header = "; ".join(f"{name}=x" for name in (theirs.sso_name, theirs.page_name, theirs.posted_name))
    request = Request("GET", "/", headers={"cookie": header})
    assert (ours.sso(request), ours.page(request), ours.posted(request)) == (None, None, None)
    assert (theirs.sso(request), theirs.page(request), theirs.posted(request)) == ("x", "x", "x")
