"""Which URIs a client may register (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1)."""

from __future__ import annotations

import pytest

from authserver.protocol import uris
from authserver.protocol.errors import ValidationError

EVERYWHERE = [
    "https://shop.example/callback",
    "https://shop.example/callback?dummy1=lorem&dummy2=ipsum",
    "https://shop.example:8443/",
    "https://xn--bcher-kva.example/cb",
    "https://[2001:db8::1]/cb",
    "http://127.0.0.1:9000/cb",
    "http://127.0.0.2/cb",
    "http://[::1]/cb",
    "http://localhost/cb",
    "https://shop.example/" + "x" * 2000,
]
NATIVE = ["com.example.app:/callback", "com.example.app://callback", "http://127.0.0.1/cb"]
NOWHERE = [
    "",
    "callback",
    "//shop.example/cb",
    "https:///cb",
    "https:shop.example/cb",
    "https://shop.example/cb#part",
    "https://shop.example/cb#",
    "https://*.shop.example/cb",
    "https://shop.example/*",
    "https://user@shop.example/cb",
    "https://user:pw@shop.example/cb",
    "https://shop.example\\@evil.example/cb",
    "https://shop.example/a b",
    "https://shop.example/\r\nLocation:x",
    "https://shöp.example/cb",
    "https://shop.example/%zz",
    "https://shop.example:99999/cb",
    "https://shop.example:0/cb",
    "https://-.example/cb",
    "https://[::1/cb",
    "HTTPS://shop.example/cb",
    "http://shop.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://localhost.evil.example/cb",
    "javascript:alert(1)",
    "JavaScript://shop.example/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "app:/callback",
    "com.example.app:",
    "com.example.app://user@host/cb",
    "https://shop.example/" + "x" * 2048,
]


@pytest.mark.parametrize("uri", EVERYWHERE)
def test_redirect_uri_for_every_application(uri: str) -> None:
    for native in (False, True):
        uris.check_redirect_uri(uri, "redirect_uris", native=native)


@pytest.mark.parametrize("uri", NATIVE)
def test_redirect_uri_for_native_applications(uri: str) -> None:
    uris.check_redirect_uri(uri, "redirect_uris", native=True)


@pytest.mark.parametrize("uri", NOWHERE)
def test_redirect_uri_for_nobody(uri: str) -> None:
    for native in (False, True):
        with pytest.raises(ValidationError):
            uris.check_redirect_uri(uri, "redirect_uris", native=native)


@pytest.mark.parametrize("uri", NATIVE[:2])
def test_private_scheme_is_not_for_web_applications(uri: str) -> None:
    with pytest.raises(ValidationError, match="https"):
        uris.check_redirect_uri(uri, "redirect_uris", native=False)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://SHOP.example:443/", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_origin_is_kept_as_browsers_send_it(text: str, origin: str) -> None:
    assert uris.normal_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "shop.example",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://shop.example#",
        "http://shop.example",
        "com.example.app://x",
        "https://user@shop.example",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        uris.normal_origin(text)


@pytest.mark.parametrize("uri", ["https://api.example", "urn:example:api", "https://api.example/v1?x=1"])
def test_resource_is_an_absolute_uri(uri: str) -> None:
    uris.check_resource_uri(uri, "id")


@pytest.mark.parametrize("uri", ["api", "https://api.example#x", "urn:", "https://me@api.example"])
def test_what_is_no_resource_is_refused(uri: str) -> None:
    with pytest.raises(ValidationError):
        uris.check_resource_uri(uri, "id")
