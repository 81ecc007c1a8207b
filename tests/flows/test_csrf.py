"""Forms are taken only from pages of ours, shown to this very browser."""

from __future__ import annotations

import pytest

from tests.installation import PASSWORD
from tests.relying_party import Browser, RelyingParty, hidden_fields, inputs


@pytest.mark.parametrize("token", [None, "", "x", "ü", "A" * 43])
def test_form_without_its_proof_is_not_taken(relying_party: RelyingParty, browser: Browser, token: str | None) -> None:
    page = relying_party.request(browser)
    form = hidden_fields(page) | {"username": "alice", "password": PASSWORD, "csrf_token": token or ""}
    answer = browser.open(browser.url, form=form)
    assert answer.status == 403
    assert browser.path == "/login"
    assert relying_party.response(relying_party.request(browser, prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "http://localhost:8000"])
def test_form_from_another_origin_is_not_taken(relying_party: RelyingParty, browser: Browser, origin: str) -> None:
    page = relying_party.request(browser)
    form = hidden_fields(page) | {"username": "alice", "password": PASSWORD}
    answer = browser.open(browser.url, form=form, headers={"Origin": origin})
    assert (answer.status, relying_party.installation.why(answer)) == (403, "csrf_origin")
    assert "That did not go through" in answer.text


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "null"])
def test_own_forms_are_taken(relying_party: RelyingParty, browser: Browser, origin: str) -> None:
    page = relying_party.request(browser)
    form = hidden_fields(page) | {"username": "alice", "password": PASSWORD}
    browser.open(browser.url, form=form, headers={"Origin": origin})
    assert browser.path == "/consent"


def test_form_without_cookies_is_not_taken(relying_party: RelyingParty, browser: Browser) -> None:
    page = relying_party.request(browser)
    url = browser.url
    answer = relying_party.installation.post(url, hidden_fields(page) | {"username": "alice", "password": PASSWORD})
    assert (answer.status, relying_party.installation.why(answer)) == (403, "csrf_token")


def test_consent_is_not_given_by_a_form_without_its_proof(relying_party: RelyingParty, browser: Browser) -> None:
    page = browser.sign_in(relying_party.request(browser))
    answer = browser.open(browser.url, form=hidden_fields(page) | {"csrf_token": "x", "action": "allow"})
    assert (answer.status, browser.path) == (403, "/consent")
    with relying_party.installation.reading() as unit:
        assert unit.consents.find(relying_party.installation.users["alice"].id, "app") is None


def test_account_is_not_chosen_by_a_form_without_its_proof(relying_party: RelyingParty, browser: Browser) -> None:
    relying_party.sign_in(browser)
    page = relying_party.request(browser, prompt="select_account")
    chosen = next(values["value"] for values in inputs(page) if values.get("name") == "account")
    answer = browser.open(browser.url, form=hidden_fields(page) | {"csrf_token": "x", "account": chosen})
    assert (answer.status, browser.path) == (403, "/select-account")


def test_proof_of_another_browser_is_worth_nothing(relying_party: RelyingParty, browser: Browser) -> None:
    page = relying_party.request(browser)
    other = Browser(relying_party.installation)
    proof = hidden_fields(relying_party.request(other))["csrf_token"]
    form = hidden_fields(page) | {"username": "alice", "password": PASSWORD, "csrf_token": proof}
    assert browser.open(browser.url, form=form).status == 403
