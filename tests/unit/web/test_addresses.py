"""Addresses that a client registered: what a page shows or links of them."""

from __future__ import annotations

import pytest

from authserver.web.addresses import can_be_linked, image_source


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://photos.example/logo.png?size=2", "https://photos.example"),
        ("https://photos.example:8443/logo.png", "https://photos.example:8443"),
        ("https://user:secret@photos.example/logo.png", "https://photos.example"),
    ],
)
def test_a_logo_over_https_is_allowed_by_its_origin(uri: str, source: str) -> None:
    assert image_source(uri) == source


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://photos.example/logo.png",
        "http://127.0.0.1/logo.png",
        "javascript:alert(1)",
        "data:image/svg+xml,<svg/>",
        "//photos.example/logo.png",
        "https://",
        "https://*/logo.png",
        "https://photos.example;script-src/logo.png",
        "https://photos.example 'unsafe-inline'/logo.png",
        "https://photos.example:port/logo.png",
        "https://[::1/logo.png",
    ],
)
def test_other_logos_are_not_shown_and_cannot_change_the_policy(uri: str) -> None:
    assert image_source(uri) == ""


def test_development_shows_logos_from_loopback() -> None:
    assert image_source("http://127.0.0.1:9000/logo.png", local_http=True) == "http://127.0.0.1:9000"
    assert image_source("http://photos.example/logo.png", local_http=True) == ""


@pytest.mark.parametrize("uri", ["https://photos.example/terms", "http://127.0.0.1:9000/", "com.example.app:/done"])
def test_web_addresses_and_schemes_of_applications_are_linked(uri: str) -> None:
    assert can_be_linked(uri)


@pytest.mark.parametrize(
    "uri", ["", "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "https:", "/relative", "https://[::1"]
)
def test_nothing_else_is_linked(uri: str) -> None:
    assert not can_be_linked(uri)
