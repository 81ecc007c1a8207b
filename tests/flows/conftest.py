"""What journeys share: a browser, and one in which alice has signed in."""

from __future__ import annotations

import pytest

from tests.relying_party import Browser, RelyingParty


@pytest.fixture
def browser(relying_party: RelyingParty) -> Browser:
    """A browser that was never here."""
    return Browser(relying_party.installation)


@pytest.fixture
def signed_in(relying_party: RelyingParty, browser: Browser) -> Browser:
    """A browser in which alice has signed in and allowed `app` what it asks for."""
    relying_party.sign_in(browser)
    return browser
