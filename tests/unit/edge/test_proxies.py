"""Whose forwarded headers count."""

from __future__ import annotations

import pytest

from authserver.edge.proxies import CERTIFICATE, Proxies
from authserver.protocol.messages import Request, Response

TRUSTED = ("10.0.0.0/8", "::1", "127.0.0.1")


def passed(proxies: Proxies, peer: str, certificate: str | None = None, **headers: str) -> Request:
    """The request as the next link sees it."""
    found: list[Request] = []

    def next_(request: Request) -> Response:
        found.append(request)
        return Response()

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request("GET", "/", headers=named, remote_address=peer, scheme="http", client_certificate=certificate)
    proxies(request, next_)
    return found[0]


@pytest.mark.parametrize("trusted", [(), TRUSTED])
def test_headers_of_strangers_are_stripped(trusted: tuple[str, ...]) -> None:
    request = passed(
        Proxies(trusted, "X-Tls-Cert"),
        "203.0.113.5",
        x_forwarded_for="1.2.3.4",
        x_forwarded_proto="https",
        forwarded="for=1.2.3.4",
        x_client_cert="PEM",
        x_tls_cert="PEM",
        accept="*/*",
    )
    assert request.remote_address == "203.0.113.5"
    assert request.scheme == "http"
    assert request.client_certificate is None
    assert set(request.headers) == {"accept", "x-authserver-forwarded"}


def test_a_trusted_proxy_names_caller_scheme_and_certificate() -> None:
    request = passed(
        Proxies(TRUSTED, "X-Tls-Cert"),
        "10.1.1.1",
        x_forwarded_for="203.0.113.5",
        x_forwarded_proto="https",
        x_tls_cert="a%20b",
    )
    assert (request.remote_address, request.scheme, request.client_certificate) == ("203.0.113.5", "https", "a%20b")
    assert "x-tls-cert" not in request.headers


@pytest.mark.parametrize("header", ["", "X-Other"])
def test_no_certificate_header_counts_but_the_one_that_was_named(header: str) -> None:
    headers = dict.fromkeys(name.replace("-", "_") for name in CERTIFICATE)
    request = passed(Proxies(TRUSTED, header), "10.1.1.1", **dict.fromkeys(headers, "PEM"))
    assert request.client_certificate is None
    assert set(request.headers) == {"x-authserver-forwarded"}


@pytest.mark.parametrize("value", ["", "::"])
def test_empty_certificate_header_is_no_certificate(value: str) -> None:
    request = passed(Proxies(TRUSTED, "Client-Cert"), "10.1.1.1", Client_Cert=value)
    assert request.client_certificate is None


def test_certificate_of_the_proxy_itself_is_not_that_of_the_caller() -> None:
    assert passed(Proxies(TRUSTED), "10.1.1.1", certificate=":AA==:").client_certificate is None
    assert passed(Proxies(TRUSTED), "203.0.113.5", certificate=":AA==:").client_certificate == ":AA==:"


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        ("1.1.1.1, 203.0.113.5", "203.0.113.5"),
        ("203.0.113.5, 10.9.9.9", "203.0.113.5"),
        ("1.1.1.1, nonsense", "10.1.1.1"),
        ("1.1.1.1, nonsense, 10.2.2.2", "10.2.2.2"),
        ("203.0.113.5:4711", "203.0.113.5"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("10.2.2.2, 10.3.3.3", "10.2.2.2"),
        ("", "10.1.1.1"),
    ],
)
def test_the_caller_is_the_rightmost_address_that_is_no_proxy(forwarded: str, caller: str) -> None:
    assert passed(Proxies(TRUSTED), "10.1.1.1", x_forwarded_for=forwarded).remote_address == caller


@pytest.mark.parametrize(
    ("forwarded", "caller", "scheme"),
    [
        ("for=203.0.113.5;proto=https", "203.0.113.5", "https"),
        ('for="[2001:db8::1]:80";proto=https', "2001:db8::1", "https"),
        ("for=1.1.1.1;proto=https, for=203.0.113.5;proto=http", "203.0.113.5", "http"),
        ("for=unknown", "10.1.1.1", "http"),
        ("for=203.0.113.5;proto=gopher", "203.0.113.5", "http"),
    ],
)
def test_forwarded_wins_over_the_older_headers(forwarded: str, caller: str, scheme: str) -> None:
    request = passed(Proxies(TRUSTED), "10.1.1.1", forwarded=forwarded, x_forwarded_for="9.9.9.9")
    assert (request.remote_address, request.scheme) == (caller, scheme)


def test_a_caller_cannot_send_the_mark_of_a_proxied_request() -> None:
    assert "x-authserver-forwarded" in passed(Proxies(), "127.0.0.1", x_forwarded_for="1.1.1.1").headers
    assert "x-authserver-forwarded" not in passed(Proxies(), "127.0.0.1").headers


def test_a_network_that_is_none_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        Proxies(("proxy.example",))
