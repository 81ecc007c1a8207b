"""Whole journeys in a real browser: an application of its own, a server set up by its commands, scripts on and off."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import axe
from tests.browser.journeys import PASSWORD, Ground, Person, prepared
from tests.servers.process import wait_until

NEW_PASSWORD = "Another-Horse-8-Battery"


@pytest.fixture(scope="module")
def ground(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One server and one application for every journey."""
    if reason := axe.missing():
        pytest.skip(reason)
    with prepared(tmp_path_factory.mktemp("journeys")) as made:
        yield made


@pytest.fixture
def meet(ground: Ground, chromium: Browser) -> Iterator[Callable[..., Person]]:
    """Somebody new, with a browser that nobody used before."""
    met: list[Person] = []

    def make(*, scripts: bool = True) -> Person:
        met.append(Person(ground, chromium, scripts=scripts))
        return met[-1]

    yield make
    for person in met:
        person.context.close()
        assert person.complaints == []


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def person(meet: Callable[..., Person], request: pytest.FixtureRequest) -> Person:
    """Somebody whose browser runs scripts, and somebody whose browser does not."""
    return meet(scripts=request.param)


def explained(ground: Ground, reference: str) -> dict[str, Any]:
    """What `authserver explain` says about a reference; it is written down a moment after the page is shown."""
    found: list[str] = []

    def ask() -> bool:
        try:
            found.append(ground.instance.command("explain", reference, "--json"))
        except AssertionError:
            return False
        return True

    wait_until(ask, 10, "the explanation")
    return dict(json.loads(found[0]))


# --- sign in ----------------------------------------------------------------------------------


def test_login_and_consent_sign_a_person_in(person: Person) -> None:
    person.begin(scope="openid profile email phone address offline_access")
    person.is_at("/login")
    person.log_in()
    person.is_at("/consent")
    person.allow()
    got = person.signed_in
    assert (got["userinfo"]["name"], got["claims"]["amr"]) == ("Ada Example", ["pwd"])
    assert "offline_access" in got["scope"]


def test_the_email_address_names_the_account_too(meet: Callable[..., Person]) -> None:
    assert meet().sign_in("Ada@Example.com")["userinfo"]["preferred_username"] == "ada"


def test_what_is_unticked_is_not_shared(meet: Callable[..., Person]) -> None:
    person = meet()
    person.begin(scope="openid email", response_mode="query")
    person.log_in("grace")
    person.tab.uncheck("input[name=scope][value=email]")
    person.allow()
    # The application is told that it got less, and its library, which is strict, says so.
    person.tab.wait_for_selector("#refused")
    assert "Scope has changed" in person.tab.inner_text("#result")


def test_denied_consent_is_access_denied(person: Person) -> None:
    person.begin()
    person.log_in()
    person.sees("consent-deny")
    person.tab.click("#consent-deny")
    assert person.not_signed_in["error"] == "access_denied"


def test_a_cancelled_login_is_access_denied(person: Person) -> None:
    person.begin()
    person.tab.click("#login-cancel")
    assert person.not_signed_in["error"] == "access_denied"


def test_remembered_consent_makes_the_second_time_silent(meet: Callable[..., Person]) -> None:
    person = meet()
    person.begin(scope="openid phone")
    person.log_in("grace")
    person.allow(remember=True)
    first = person.signed_in
    person.begin(scope="openid phone")
    assert person.signed_in["claims"]["sub"] == first["claims"]["sub"]
    person.begin(scope="openid phone address")
    person.sees("consent-allow")


def test_somebody_else_can_be_chosen_on_the_consent_page(person: Person) -> None:
    person.begin()
    person.log_in("ada")
    person.tab.click("#consent-switch")
    person.is_at("/login", "login-other-account")
    person.log_in("grace")
    person.allow()
    assert person.signed_in["userinfo"]["preferred_username"] == "grace"


# --- a login that fails -----------------------------------------------------------------------


def test_a_wrong_password_says_so_keeps_the_name_and_takes_the_focus(person: Person) -> None:
    person.begin()
    person.log_in("ada", "Wrong-Horse-7-Battery")
    person.sees("problem")
    person.is_at("/login", "login-wrong")
    assert person.tab.inner_text("#problem h2") == "That did not match"
    assert (person.tab.input_value("#username"), person.tab.input_value("#password")) == ("ada", "")
    assert person.focused == "problem"
    person.tab.fill("#password", PASSWORD)
    person.tab.click("#login-submit")
    person.sees("consent-allow")


@pytest.mark.parametrize(("name", "password", "field"), [("", "x", "username"), ("ada", "", "password")])
def test_what_is_missing_is_linked_from_the_summary(person: Person, name: str, password: str, field: str) -> None:
    person.begin()
    person.log_in(name, password)
    person.sees("problem")
    person.is_at("/login", f"login-{field}-missing")
    person.tab.keyboard.press("Tab")
    person.tab.keyboard.press("Enter")
    assert person.focused == field


def test_wrong_passwords_delay_and_then_lock(ground: Ground, meet: Callable[..., Person]) -> None:
    person = meet()
    person.begin()
    seen = []
    while not seen or (seen[-1] != "Too many wrong passwords" and len(seen) < 30):
        person.log_in("mallory", f"Wrong-Horse-{len(seen)}-Battery")
        person.tab.wait_for_load_state("load")
        seen.append(person.tab.inner_text("#problem h2"))
        if seen[-1] == "Please wait a moment":
            person.is_at("/login", "login-delayed")
    person.is_at("/login", "login-locked")
    # Five attempts lock, whatever they were told: that they came too soon, if they did.
    assert seen[:3] == ["That did not match"] * 3
    assert set(seen[3:5]) <= {"That did not match", "Please wait a moment"}
    assert len(seen) == 6
    person.log_in("mallory")
    assert person.tab.inner_text("#problem h2") == "Too many wrong passwords"
    assert "in 15 minutes" in person.tab.inner_text("#problem")
    person.log_in("ada")
    person.sees("consent-allow")
    ground.instance.command("users", "enable", "mallory")
    assert meet().sign_in("mallory")["userinfo"]["preferred_username"] == "mallory"


# --- what the application asks for ------------------------------------------------------------


def test_prompt_none_is_answered_without_a_page(meet: Callable[..., Person]) -> None:
    person = meet()
    person.begin(prompt="none")
    assert person.not_signed_in["error"] == "login_required"
    first = person.sign_in("newcomer", scope="openid email")
    person.begin(prompt="none", scope="openid email phone")
    assert person.not_signed_in["error"] == "consent_required"
    person.begin(scope="openid email phone")
    person.allow(remember=True)
    person.begin(prompt="none", scope="openid email phone")
    assert person.signed_in["claims"]["sub"] == first["claims"]["sub"]


def test_max_age_forces_a_login(person: Person) -> None:
    before = person.sign_in()["claims"]["auth_time"]
    person.begin(max_age=3600)
    person.allow()
    assert person.signed_in["claims"]["auth_time"] == before
    person.tab.wait_for_timeout(1100)
    person.begin(max_age=1)
    person.is_at("/login", "login-again")
    assert (person.tab.input_value("#username"), person.focused) == ("ada", "password")
    person.tab.fill("#password", PASSWORD)
    person.tab.click("#login-submit")
    person.allow()
    assert person.signed_in["claims"]["auth_time"] > before


def test_prompt_login_forces_a_login_once(meet: Callable[..., Person]) -> None:
    person = meet()
    person.begin(prompt="login", login_hint="ada")
    person.is_at("/login", "login-hint")
    assert (person.tab.input_value("#username"), person.focused) == ("ada", "password")
    assert "already signed in" not in person.tab.inner_text("main")
    person.log_in()
    person.allow()
    assert person.signed_in["claims"]
    person.begin(prompt="login")
    assert "already signed in" in person.tab.inner_text("main")
    person.log_in()
    person.allow()
    assert person.signed_in["userinfo"]["preferred_username"] == "ada"


def test_the_chooser_offers_every_account_of_the_browser(person: Person) -> None:
    person.sign_in("ada")
    person.begin(prompt="select_account")
    person.is_at("/select-account", "select-account-one")
    person.tab.click("#account-other")
    person.log_in("grace")
    person.allow()
    assert person.signed_in["userinfo"]["preferred_username"] == "grace"
    person.begin(prompt="none")
    assert person.not_signed_in["error"] == "account_selection_required"
    person.begin(prompt="select_account")
    person.is_at("/select-account")
    labels = person.tab.locator(".accounts .person-name").all_inner_texts()
    chosen = next(place for place, label in enumerate(labels) if "Ada" in label)
    person.tab.click(f"#account-{chosen}")
    person.allow()
    assert person.signed_in["userinfo"]["preferred_username"] == "ada"


def test_a_hint_about_somebody_else_is_not_answered_silently(meet: Callable[..., Person]) -> None:
    person = meet()
    person.sign_in("ada")
    person.tab.goto(f"{person.ground.application}/leave")
    person.tab.click("#logout-yes")
    person.sees("signed-out")
    person.begin()
    person.log_in("grace")
    person.tab.click("#consent-deny")
    assert person.not_signed_in["error"] == "access_denied"
    # Grace is signed in; the application still holds an ID token of Ada.
    person.begin(hint="yes", prompt="none")
    assert person.not_signed_in["error"] == "login_required"


def test_form_post_sends_itself_with_scripts(meet: Callable[..., Person]) -> None:
    assert meet().sign_in(response_mode="form_post")["userinfo"]["preferred_username"] == "ada"


def test_form_post_has_a_button_without_scripts(meet: Callable[..., Person]) -> None:
    person = meet(scripts=False)
    person.begin(response_mode="form_post")
    person.log_in()
    person.allow()
    person.is_at("/oauth2/authorize/resume", "form-post")
    assert person.tab.is_visible("#form-post-submit")
    person.tab.click("#form-post-submit")
    assert person.signed_in["userinfo"]["preferred_username"] == "ada"


def test_the_answer_in_the_fragment_reaches_no_server(meet: Callable[..., Person]) -> None:
    person = meet()
    person.begin(response_mode="fragment", prompt="none")
    person.tab.wait_for_url("**/callback#*")
    assert "#error=login_required" in person.tab.url


def test_the_application_proposes_the_language(person: Person) -> None:
    person.begin(ui_locales="de-AT de")
    person.is_at("/login", "login-german")
    assert person.tab.locator("html").get_attribute("lang") == "de"
    assert person.tab.inner_text("#login-submit") == "Anmelden"
    person.log_in()
    person.is_at("/consent", "consent-german")
    person.tab.get_by_role("link", name="English").click()
    assert person.tab.inner_text("#consent-allow") == "Allow access"
    person.allow()
    assert person.signed_in["claims"]


# --- sign out ---------------------------------------------------------------------------------


def test_logout_with_a_hint_leads_straight_back(person: Person) -> None:
    person.sign_in()
    person.tab.goto(f"{person.ground.application}/leave?hint=yes")
    person.sees("left")
    person.begin(prompt="none")
    assert person.not_signed_in["error"] == "login_required"


def test_logout_without_a_hint_asks(person: Person) -> None:
    person.sign_in()
    person.tab.goto(f"{person.ground.application}/leave")
    person.is_at("/oauth2/logout", "logout-confirm")
    assert "Ada Example" in person.tab.inner_text("main")
    person.tab.click("#logout-no")
    person.is_at("/", "home-signed-in")
    person.begin(max_age=3600)
    person.sees("consent-allow")
    person.tab.goto(f"{person.ground.application}/leave")
    person.tab.click("#logout-yes")
    person.sees("signed-out")
    person.is_at("/signed-out", "signed-out")
    person.begin(prompt="none")
    assert person.not_signed_in["error"] == "login_required"


def test_one_signs_out_on_the_first_page_of_the_server(person: Person) -> None:
    person.sign_in()
    person.tab.goto(f"{person.ground.instance.issuer}/")
    person.tab.click("#sign-out")
    person.sees("signed-out")
    person.tab.goto(f"{person.ground.instance.issuer}/")
    person.is_at("/", "home")
    assert "Nobody is signed in" in person.tab.inner_text("main")


# --- what goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "code", "reason"),
    [
        ({"client_id": "nobody"}, "invalid_client", "client_unknown"),
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_redirect_uri", "redirect_uri_not_registered"),
    ],
)
def test_an_error_page_has_a_reference_that_explains_itself(
    person: Person, parameters: dict[str, str], code: str, reason: str
) -> None:
    person.begin(**parameters)
    person.is_at("/oauth2/authorize", f"error-{code}")
    assert person.tab.inner_text("#error-code") == code
    assert "evil.example" not in person.tab.inner_text("main")
    known = explained(person.ground, person.tab.inner_text("#error-reference"))
    assert (known["reason"], known["endpoint"]) == (reason, "authorize")


def test_an_expired_interaction_shows_the_way_back(person: Person) -> None:
    person.begin()
    person.is_at("/login")
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    with closing(sqlite3.connect(database_of(person.ground), timeout=10)) as connection:
        connection.execute("UPDATE interactions SET expires_at = ? WHERE consumed_at IS NULL", (stored(past),))
        connection.commit()
    person.log_in()
    person.is_at("/login", "expired")
    assert person.tab.inner_text("h1") == "This page has expired"
    person.tab.click("#back")
    person.sees("start")


def database_of(ground: Ground) -> str:
    """Where the server keeps everything."""
    (path,) = (ground.instance.directory / "instance").glob("*.db")
    return str(path)


def stored(moment: datetime.datetime) -> str:
    """A moment as SQLite holds it."""
    return moment.replace(tzinfo=None).isoformat(" ")


def test_a_link_opened_in_another_browser_gains_nothing(meet: Callable[..., Person]) -> None:
    victim, thief = meet(), meet()
    victim.begin()
    victim.is_at("/login")
    login = victim.tab.url
    victim.log_in()
    victim.is_at("/consent")
    consent = victim.tab.url
    resume = consent.replace("/consent?", "/oauth2/authorize/resume?")
    for link in (login, consent, resume):
        thief.tab.goto(link)
        thief.is_at(link.removeprefix(thief.ground.instance.issuer).partition("?")[0], "expired-other-browser")
        assert thief.tab.inner_text("h1") == "This began in another browser"
    thief.begin(prompt="none")
    assert thief.not_signed_in["error"] == "login_required"
    victim.allow()
    assert victim.signed_in["userinfo"]["preferred_username"] == "ada"


def test_the_way_back_through_the_history_gains_nothing(meet: Callable[..., Person]) -> None:
    person = meet()
    person.sign_in()
    person.tab.go_back()
    person.tab.wait_for_load_state("load")
    if person.tab.locator("#consent-allow").count():
        person.tab.click("#consent-allow")
    person.is_at("/consent", "expired-finished")
    assert person.tab.inner_text("h1") == "You have already finished here"


def test_a_second_tab_that_signs_in_first_does_not_strand_the_other(meet: Callable[..., Person]) -> None:
    person = meet()
    person.begin()
    person.sees("login-submit")
    first = person.tab
    person.tab = person.context.new_page()
    person.sign_in()
    person.tab.close()
    person.tab = first
    person.log_in()
    person.is_at("/login", "login-renewed")
    person.log_in()
    person.allow()
    assert person.signed_in["userinfo"]["preferred_username"] == "ada"


# --- passwords chosen by somebody else --------------------------------------------------------


def test_a_one_time_password_must_be_replaced(person: Person) -> None:
    made = json.loads(person.ground.instance.command("users", "reset-password", "newcomer", "--json"))
    person.begin()
    person.log_in("newcomer", made["one_time_password"])
    person.is_at("/password/change", "change-password")
    person.tab.fill("#new_password", "short")
    person.tab.fill("#repeat_password", "other")
    person.tab.click("#password-submit")
    person.sees("problem")
    person.is_at("/password/change", "change-password-problems")
    assert person.focused == "problem"
    chosen = f"{NEW_PASSWORD}{person.scripts}"
    person.tab.fill("#new_password", chosen)
    person.tab.fill("#repeat_password", chosen)
    person.tab.click("#password-submit")
    person.sees("consent-allow")
    person.allow()
    assert person.signed_in["userinfo"]["preferred_username"] == "newcomer"


# --- keyboard ---------------------------------------------------------------------------------


def test_the_whole_journey_by_keyboard_alone(person: Person) -> None:
    keys = person.tab.keyboard
    person.begin()
    person.sees("login-submit")
    keys.type("ada")
    person.press_until("password")
    keys.type(PASSWORD)
    keys.press("Enter")
    person.sees("consent-allow")
    person.press_until("remember")
    keys.press("Space")
    person.press_until("consent-allow")
    keys.press("Space")
    assert person.signed_in["userinfo"]["preferred_username"] == "ada"
    person.begin(prompt="select_account")
    person.sees("account-0")
    person.press_until("account-0")
    keys.press("Enter")
    person.sees("consent-deny")
    person.press_until("consent-deny")
    keys.press("Enter")
    assert person.not_signed_in["error"] == "access_denied"
    person.tab.goto(f"{person.ground.application}/leave")
    person.sees("logout-yes")
    person.press_until("logout-yes")
    keys.press("Enter")
    person.sees("signed-out")


def test_enter_in_a_field_signs_in_and_does_not_cancel(person: Person) -> None:
    person.begin()
    person.tab.fill("#username", "ada")
    person.tab.fill("#password", PASSWORD)
    person.tab.press("#password", "Enter")
    person.sees("consent-allow")
    assert person.tab.locator("#not-signed-in").count() == 0
