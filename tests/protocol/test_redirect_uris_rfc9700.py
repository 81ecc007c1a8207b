"""Redirect URIs are compared character by character (RFC 9700 §4.1.3, RFC 6749 §3.1.2)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authserver.protocol.redirect_uris import is_native_callback, matches_registered, with_parameters
from tests.relying_party import Browser, RelyingParty

REGISTERED = "https://app.example/callback"
LOOKALIKES = [
    "https://app.example/callback/",
    "https://app.example/callback/..",
    "https://app.example/callback/../callback",
    "https://app.example/./callback",
    "https://app.example//callback",
    "https://app.example/%2e%2e/callback",
    "https://app.example/callback%2f..",
    "https://app.example/callback%00",
    "https://app.example/callback%20",
    "https://app.example/c%61llback",
    "https://app.example/Callback",
    "https://app.example/callback;x",
    "https://app.example/callback?",
    "https://app.example/callback?x=1",
    "https://app.example/callback#",
    "https://app.example/callback#fragment",
    "https://app.example/callback.evil.example",
    "https://APP.example/callback",
    "HTTPS://app.example/callback",
    "http://app.example/callback",
    "https://app.example:443/callback",
    "https://app.example:8443/callback",
    "https://app.example:/callback",
    "https://app.example./callback",
    "https://app.example.evil.example/callback",
    "https://evil.example/https://app.example/callback",
    "https://user@app.example/callback",
    "https://app.example@evil.example/callback",
    "https://app.example:pass@evil.example/callback",
    "https://evil.example\\@app.example/callback",
    "https://app.example\\.evil.example/callback",
    "https:\\\\app.example/callback",
    "https:app.example/callback",
    "https:/app.example/callback",
    "https:///app.example/callback",
    "//app.example/callback",
    "/callback",
    "callback",
    " https://app.example/callback",
    "https://app.example/callback ",
    "https://app.example/callback\t",
    "https://app.example/call\nback",
    "https://app.exam\u200bple/callback",
    "https://\u0430pp.example/callback",
    "https://sub.app.example/callback",
    "https://*.example/callback",
    "javascript:alert(1)//https://app.example/callback",
    "data:text/html,https://app.example/callback",
]


@pytest.mark.parametrize("uri", LOOKALIKES)
@pytest.mark.parametrize("native", [False, True])
def test_lookalike_is_not_the_registered_one(uri: str, native: bool) -> None:
    assert not matches_registered(uri, [REGISTERED], native=native)


@pytest.mark.parametrize("uri", LOOKALIKES[::6])
def test_lookalike_is_a_page_and_no_redirect(relying_party: RelyingParty, uri: str) -> None:
    answer = relying_party.request(Browser(relying_party.installation), redirect_uri=uri)
    assert (answer.status, answer.header("Location")) == (400, None)


def test_registered_one_matches() -> None:
    assert matches_registered(REGISTERED, ["https://other.example/", REGISTERED], native=False)


ANY_URI = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}://{}{}{}".format,
        st.sampled_from(["http", "https", "HTTP", "com.example.app"]),
        st.sampled_from(["127.0.0.1", "localhost", "[::1]", "127.1", "localhost.", "evil.example", "a@127.0.0.1"]),
        st.sampled_from(["", ":", ":0", ":1", ":8080", ":65536", ":080", ":-1", ":1@evil"]),
        st.sampled_from(["", "/", "/cb", "/cb/", "/cb?", "/cb#", "/cb?a=b", "/%63b", "/cb\\", "//cb"]),
    ),
)


@settings(max_examples=300, deadline=None)
@given(uri=ANY_URI, registered=ANY_URI)
def test_web_clients_match_by_equality_alone(uri: str, registered: str) -> None:
    assert matches_registered(uri, [registered], native=False) is (uri == registered)


@settings(max_examples=300, deadline=None)
@given(uri=ANY_URI, registered=ANY_URI)
def test_native_clients_match_but_for_the_port_on_loopback(uri: str, registered: str) -> None:
    if matches_registered(uri, [registered], native=True) and uri != registered:
        ours, theirs = urlsplit(uri), urlsplit(registered)
        assert ours.scheme == theirs.scheme == "http"
        assert ours.hostname == theirs.hostname
        assert ours.hostname in {"127.0.0.1", "localhost", "::1"}
        assert uri.split(ours.netloc, 1)[1] == registered.split(theirs.netloc, 1)[1]
        assert "@" not in uri


@settings(max_examples=200, deadline=None)
@given(
    uri=st.sampled_from(
        [REGISTERED, f"{REGISTERED}?", f"{REGISTERED}?a=b%20c", f"{REGISTERED}?a=", "com.x:/cb", "x:///c"]
    ),
    parameters=st.lists(st.tuples(st.sampled_from(["code", "state", "iss"]), st.text(min_size=1)), min_size=1),
    in_fragment=st.booleans(),
)
def test_answer_is_added_and_nothing_else_changes(
    uri: str, parameters: list[tuple[str, str]], in_fragment: bool
) -> None:
    parameters = [(name, value.encode("utf-8", "ignore").decode()) for name, value in parameters]
    location = with_parameters(uri, parameters, in_fragment=in_fragment)
    assert location.startswith(uri)
    added = location.removeprefix(uri).lstrip("?&#")
    assert parse_qsl(added, keep_blank_values=True) == parameters
    assert location.isascii()
    assert not set(location) & set(" \r\n\t")


@pytest.mark.parametrize(
    ("uri", "is_native"),
    [
        ("http://127.0.0.1/cb", True),
        ("http://127.8.9.1:90/cb", True),
        ("http://[::1]:90/cb", True),
        ("http://localhost/cb", True),
        ("com.example.app:/cb", True),
        ("https://127.0.0.1/cb", False),
        ("https://app.example/cb", False),
        ("http://app.example/cb", False),
        ("/relative", False),
        ("", False),
    ],
)
def test_callbacks_on_the_own_device_are_known(uri: str, is_native: bool) -> None:
    assert is_native_callback(uri) is is_native
