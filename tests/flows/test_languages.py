"""Which language the pages of a journey speak."""

from __future__ import annotations

import pytest

from tests.relying_party import Browser, RelyingParty


@pytest.mark.parametrize("wish", ["de", "de-AT", "xx de en", "DE"])
def test_application_proposes_a_language_for_every_page(
    relying_party: RelyingParty, browser: Browser, wish: str
) -> None:
    page = relying_party.request(browser, ui_locales=wish)
    assert 'lang="de"' in page.text
    assert page.header("Content-Language") == "de"
    page = browser.sign_in(page)
    assert browser.path == "/consent"
    assert page.header("Content-Language") == "de"


def test_unknown_proposal_leaves_the_browsers_wish(relying_party: RelyingParty, browser: Browser) -> None:
    url = relying_party.authorization_url(ui_locales="xx yy-ZZ")
    page = browser.open(url, headers={"Accept-Language": "de;q=0.9, xx"})
    assert page.header("Content-Language") == "de"


def test_choice_of_the_person_wins_and_is_kept(relying_party: RelyingParty, browser: Browser) -> None:
    relying_party.request(browser, ui_locales="de")
    page = browser.open(f"{browser.url}&lang=en")
    assert page.header("Content-Language") == "en"
    page = browser.sign_in(page)
    assert page.header("Content-Language") == "en"
    page = relying_party.request(browser, ui_locales="de", prompt="login")
    assert page.header("Content-Language") == "en"


def test_language_links_keep_the_page(relying_party: RelyingParty, browser: Browser) -> None:
    page = relying_party.request(browser)
    page = browser.sign_in(page, password="wrong")
    assert "lang=de" in page.text
    page = browser.open(f"{browser.url}&lang=de")
    assert (page.status, page.header("Content-Language")) == (200, "de")


def test_error_pages_speak_too(relying_party: RelyingParty, browser: Browser) -> None:
    page = relying_party.request(browser, client_id="nobody", ui_locales="de")
    assert page.header("Content-Language") == "de"
