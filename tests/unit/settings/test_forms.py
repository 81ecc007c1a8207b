"""Forms of single values."""

from __future__ import annotations

import pytest

from authserver.settings import forms


@pytest.mark.parametrize(
    "url", ["https://auth.example", "https://auth.example/", "https://auth.example/Tenant/a", "http://[::1]:8000"]
)
def test_an_issuer_may_have_a_path_and_a_slash(url: str) -> None:
    assert forms.issuer(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "auth.example",
        "ftp://auth.example",
        "https://",
        "https://auth.example?",
        "https://auth.example?a=b",
        "https://auth.example#",
        "https://user@auth.example",
        "https://auth.example/a b",
        'https://auth.example/"',
        "https://auth.example:port",
    ],
)
def test_an_issuer_is_an_address_without_query_and_fragment(url: str) -> None:
    assert forms.issuer(url) is not None


@pytest.mark.parametrize("value", ["https://app.example", "http://localhost:3000", "*"])
def test_an_origin_has_scheme_host_and_port(value: str) -> None:
    assert forms.origins([value]) is None


@pytest.mark.parametrize("value", ["https://app.example/", "app.example", "null", "https://u@app.example"])
def test_an_origin_has_nothing_else(value: str) -> None:
    assert forms.origins([value]) is not None


def test_hosts_networks_and_destinations_are_told_from_nonsense() -> None:
    assert forms.hosts(["auth.example:8443", "*.example", "[::1]:80", "*"]) is None
    assert forms.hosts(["http://auth.example"]) is not None
    assert forms.networks(["10.0.0.0/8", "::1"]) is None
    assert forms.networks(["proxy.example"]) is not None
    assert forms.destinations(["idp.internal:8443", "10.1.2.3", "10.0.0.0/24"]) is None
    assert forms.destinations(["a b"]) is not None


def test_stores_are_known_by_scheme() -> None:
    assert forms.database("postgres://h/d") is forms.database("sqlite:///a.db") is None
    assert forms.database("mysql://h/d") is not None
    assert forms.redis("rediss://h/0") is forms.redis(None) is None
    assert forms.redis("http://h") is not None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_loopback_has_several_spellings(host: str) -> None:
    assert forms.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost.example", ""])  # noqa: S104
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not forms.is_loopback(host)


def test_languages_levels_and_tokens_have_a_form() -> None:
    assert forms.locale("de-CH") is forms.module_levels(["authserver.grants=debug"]) is forms.header_text("a1!") is None
    assert forms.locale("german language")
    assert forms.module_levels(["debug"])
    assert forms.header_text("two words")


@pytest.mark.parametrize(
    "sender",
    ["a@b.example", "Example Inc. <a@b.example>", "Grüße <a@b.example>", '"Example, Inc." <a@b.example>', ""],
)
def test_a_sender_is_an_address_with_or_without_a_name(sender: str) -> None:
    assert forms.mailbox(sender) is None


@pytest.mark.parametrize(
    "sender",
    [
        "a@b.example, c@d.example",
        "a@b.example junk",
        "a@b.example <c@d.example>",
        "Team: a@b.example;",
        "Example, Inc. <a@b.example>",
        "ä@b.example",
        "a@b.example\r\nBcc: c@d.example",
        "Example",
        "no-reply@",
        "a@[",
        '"',
    ],
)
def test_a_sender_is_nothing_else(sender: str) -> None:
    assert forms.mailbox(sender) is not None
