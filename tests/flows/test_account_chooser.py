"""Several accounts in one browser: whose session answers, and how one chooses."""

from __future__ import annotations

import pytest

from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty, inputs


@pytest.fixture
def two(server: Installation, relying_party: RelyingParty, signed_in: Browser) -> Browser:
    """A browser in which alice and bob are signed in; both allowed `app`."""
    server.add_user("bob")
    signed_in.allow(signed_in.sign_in(relying_party.request(signed_in, prompt="login"), "bob"))
    return signed_in


def subject(party: RelyingParty, answer: object) -> str:
    sub = party.id_claims(answer)["sub"]
    return next(name for name, user in party.installation.users.items() if user.id == sub)


def test_both_accounts_are_offered(relying_party: RelyingParty, two: Browser) -> None:
    page = relying_party.request(two)
    assert two.path == "/select-account"
    ids = {values.get("id") for values in inputs(page)}
    assert {"account-0", "account-1", "account-other", "select-cancel"} <= ids


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_answer_is_about_the_chosen_one(relying_party: RelyingParty, two: Browser, name: str) -> None:
    page = relying_party.request(two)
    assert subject(relying_party, two.choose(page, name)) == name


@pytest.mark.parametrize("hint", ["bob", "bob@example.com", "BOB@example.com"])
def test_login_hint_chooses(relying_party: RelyingParty, two: Browser, hint: str) -> None:
    assert subject(relying_party, relying_party.request(two, login_hint=hint)) == "bob"
    assert subject(relying_party, relying_party.request(two, login_hint=hint, prompt="none")) == "bob"


def test_hint_that_names_nobody_here_leaves_the_choice(relying_party: RelyingParty, two: Browser) -> None:
    relying_party.installation.add_user("carol")
    for hint in ("carol", "nobody"):
        relying_party.request(two, login_hint=hint)
        assert two.path == "/select-account"


def test_prompt_none_cannot_choose(relying_party: RelyingParty, two: Browser) -> None:
    answer = relying_party.request(two, prompt="none")
    assert relying_party.response(answer)["error"] == "account_selection_required"
    assert relying_party.installation.why(answer) == "several_sessions"


def test_a_third_account_may_sign_in(relying_party: RelyingParty, two: Browser) -> None:
    relying_party.installation.add_user("carol")
    page = two.submit(relying_party.request(two), action="other")
    assert two.path == "/login"
    answer = two.allow(two.sign_in(page, "carol"))
    assert subject(relying_party, answer) == "carol"


def test_back_from_the_login_page_to_the_chooser(relying_party: RelyingParty, two: Browser) -> None:
    page = relying_party.request(two)
    chooser = two.url
    two.submit(page, action="other")
    assert two.path == "/login"
    assert subject(relying_party, two.choose(two.open(chooser), "alice")) == "alice"


def test_other_account_and_the_same_person_again(relying_party: RelyingParty, two: Browser) -> None:
    page = two.submit(relying_party.request(two, prompt="select_account"), action="other")
    assert subject(relying_party, two.sign_in(page, "bob")) == "bob"


def test_choosing_another_than_was_logged_in_asks_for_the_login_again(
    relying_party: RelyingParty, two: Browser
) -> None:
    """prompt=login holds for whoever is chosen in the end."""
    page = relying_party.request(two, prompt="login select_account consent")
    chooser = two.url
    two.sign_in(two.choose(page, "alice"), "alice")
    assert two.path == "/consent"
    two.choose(two.open(chooser), "bob")
    assert two.path == "/login"


def test_cancel_goes_back_to_the_application(relying_party: RelyingParty, two: Browser) -> None:
    answer = two.submit(relying_party.request(two), action="cancel")
    assert relying_party.response(answer)["error"] == "access_denied"


@pytest.mark.parametrize("reference", ["", "unknown"])
def test_account_that_is_not_signed_in_here_cannot_be_chosen(
    relying_party: RelyingParty, two: Browser, reference: str
) -> None:
    answer = two.submit(relying_party.request(two), account=reference)
    assert answer.status == 400


def test_session_of_another_browser_cannot_be_chosen(relying_party: RelyingParty, two: Browser) -> None:
    server, elsewhere = relying_party.installation, Browser(relying_party.installation)
    relying_party.sign_in(elsewhere)
    with server.reading() as unit:
        sessions = unit.sessions.of_user(server.users["alice"].id)
    page = relying_party.request(two)
    for session in sessions:
        if session.id not in page.text:
            assert two.submit(page, account=session.id).status == 400


def test_disabled_account_is_not_offered(relying_party: RelyingParty, two: Browser) -> None:
    server = relying_party.installation
    assert "<bdi>bob</bdi>" in relying_party.request(two, prompt="select_account").text
    with server.unit() as unit:
        unit.users.get(server.users["bob"].id).status = "disabled"
    assert subject(relying_party, relying_party.request(two)) == "alice"
    page = relying_party.request(two, prompt="select_account")
    assert "<bdi>bob</bdi>" not in page.text


def test_account_signed_out_meanwhile_cannot_be_chosen(relying_party: RelyingParty, two: Browser) -> None:
    server, page = relying_party.installation, relying_party.request(two)
    with server.unit() as unit:
        (session,) = unit.sessions.of_user(server.users["bob"].id)
        server.services.sessions.sign_out(unit, session)
    assert two.submit(page, account=session.id).status == 400
    assert subject(relying_party, two.choose(page, "alice")) == "alice"
