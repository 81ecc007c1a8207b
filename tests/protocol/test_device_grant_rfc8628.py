"""The device authorization grant (RFC 8628). The suite has no plan for it."""

from __future__ import annotations

import re

import pytest
import time_machine

from tests.device import Device, allow, decide, enter, install_device
from tests.installation import Answer, Installation
from tests.outbox import recorded
from tests.relying_party import Browser, claims_of

CODE = re.compile(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}")


@pytest.fixture
def device(server: Installation) -> Device:
    """The public device client `tv` of a server on which `alice` may sign in."""
    server.add_user()
    return install_device(server)


@pytest.fixture
def browser(device: Device) -> Browser:
    """A browser that was never here."""
    return Browser(device.installation)


def assert_refused(answer: Answer, error: str, status: int = 400) -> None:
    assert (answer.status, answer.json["error"]) == (status, error), answer.text
    assert answer.header("Cache-Control") == "no-store"


# --- the device authorization endpoint (§3.1, §3.2) -------------------------------------------


def test_a_device_is_told_its_codes(device: Device) -> None:
    told = device.start()
    issuer = device.installation.settings.issuer
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert told["verification_uri"] == f"{issuer}/device"
    assert told["verification_uri_complete"] == f"{issuer}/device?user_code={told['user_code']}"
    assert CODE.fullmatch(told["user_code"])
    assert len(told["device_code"]) >= 43


def test_the_answer_is_not_stored_by_caches(device: Device) -> None:
    answer = device.ask(scope="openid")
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Content-Type") == "application/json"


def test_codes_differ_each_time_and_only_digests_are_kept(device: Device) -> None:
    first, second = device.start(), device.start()
    assert first["user_code"] != second["user_code"]
    with device.installation.reading() as unit:
        request = unit.device_requests.find_by_user_code(second["user_code"].replace("-", ""))
        rows = unit.session.connection().exec_driver_sql("SELECT * FROM device_requests").fetchall()
    assert request is None
    assert not any(second["user_code"].replace("-", "") in str(row) for row in rows)


def test_a_confidential_client_proves_itself(server: Installation) -> None:
    device = install_device(server, public=False)
    assert device.ask(scope="openid").status == 200
    device.secret = "wrong"
    assert_refused(device.ask(scope="openid"), "invalid_client", 401)


def test_a_client_without_the_grant_is_refused(server: Installation) -> None:
    device = Device(server, *server.add_client())
    answer = device.ask(scope="openid")
    assert_refused(answer, "unauthorized_client")
    assert server.why(answer) == "grant_type_not_allowed"


def test_scope_and_resource_are_checked_before_anybody_types_a_code(device: Device) -> None:
    assert_refused(device.ask(scope="unheard_of"), "invalid_scope")
    assert_refused(device.ask(scope="openid", resource="https://elsewhere.example"), "invalid_target")


def test_a_parameter_comes_once(device: Device) -> None:
    assert_refused(device.ask(scope=["openid", "email"]), "invalid_request")


def test_endpoint_and_page_have_a_second_address(device: Device, browser: Browser) -> None:
    told = device.installation.post("/oauth2/device/authorize", {"client_id": "tv", "scope": "openid"}).json
    page = browser.sign_in(browser.open("/oauth2/device/verify"))
    assert "Acme TV" in browser.submit(page, user_code=told["user_code"], action="enter").text


def test_only_post_is_answered(device: Device) -> None:
    assert device.installation.get("/oauth2/device_authorization?client_id=tv").status == 405


def test_metadata_names_endpoint_and_grant(device: Device) -> None:
    metadata = device.installation.get("/.well-known/openid-configuration").json
    assert metadata["device_authorization_endpoint"].endswith("/oauth2/device_authorization")
    assert "urn:ietf:params:oauth:grant-type:device_code" in metadata["grant_types_supported"]


def test_that_a_device_asked_is_told(device: Device) -> None:
    device.start("openid email")
    (event,) = recorded(device.installation, "DeviceCodeIssued")
    assert (event["client_id"], event["scopes"]) == ("tv", ["email", "openid"])


# --- the person (§3.3) ------------------------------------------------------------------------


def test_the_person_sees_who_asks_for_what_from_where(device: Device, browser: Browser) -> None:
    device.start("openid email offline_access")
    page = enter(browser, device.user_code)
    for words in ("Acme TV", "alice", "127.0.0.1", "See your email address", "If somebody sent you the code"):
        assert words in page.text


@pytest.mark.parametrize("typed", ["{}", "  {} ", "lower", "no dash", "d.o.t.s"])
def test_a_code_is_understood_however_it_is_typed(device: Device, browser: Browser, typed: str) -> None:
    device.start()
    code = device.user_code
    forms = {"lower": code.lower(), "no dash": code.replace("-", ""), "d.o.t.s": ".".join(code)}
    assert "Acme TV" in enter(browser, forms.get(typed, typed.format(code))).text


def test_the_link_fills_in_the_code_which_must_still_be_confirmed(device: Device, browser: Browser) -> None:
    link = device.start()["verification_uri_complete"]
    page = browser.sign_in(browser.open(link))
    assert device.user_code in page.text
    assert "Acme TV" not in page.text
    assert_refused(device.poll(), "authorization_pending")
    page = browser.submit(page, user_code=device.user_code, action="enter")
    assert "Acme TV" in page.text


def test_remembered_consent_does_not_skip_the_page(device: Device, browser: Browser) -> None:
    device.connected()
    device.start()
    allow(browser, device.user_code)
    device.start()
    assert "Acme TV" in enter(browser, device.user_code).text
    assert_refused(device.poll(), "authorization_pending")


def test_a_client_that_skips_consent_does_not_skip_the_page(server: Installation) -> None:
    server.add_user()
    device = install_device(server, policy={"consent": "skip"}, first_party=True)
    device.start()
    enter(Browser(server), device.user_code)
    assert_refused(device.poll(), "authorization_pending")


def test_wrong_expired_and_used_codes_get_the_same_words(
    device: Device, browser: Browser, frozen_time: time_machine.Traveller
) -> None:
    wrong = enter(browser, "BBBB-BBBB")
    device.start()
    allow(browser, device.user_code)
    used = enter(browser, device.user_code)
    device.start()
    frozen_time.shift(601)
    expired = enter(browser, device.user_code)
    assert wrong.status == used.status == expired.status == 400
    shown = {re.sub(r'value="[^"]*"|href="[^"]*"', "", page.text) for page in (wrong, used, expired)}
    assert len(shown) == 1


def test_no_code_is_asked_for_again(device: Device, browser: Browser) -> None:
    page = enter(browser, "")
    assert page.status == 400
    assert "Enter the code" in page.text


def test_a_code_that_is_over_while_its_page_is_open_is_asked_for_again(
    device: Device, browser: Browser, frozen_time: time_machine.Traveller
) -> None:
    device.start()
    page = enter(browser, device.user_code)
    frozen_time.shift(601)
    assert "cannot be used" in browser.open(browser.url).text
    assert decide(browser, page, "allow").status == 400
    assert_refused(device.poll(), "expired_token")


def test_reloading_the_outcome_changes_nothing(device: Device, browser: Browser) -> None:
    device.start()
    page = allow(browser, device.user_code)
    assert "Your device is connected" in page.text
    assert "Your device is connected" in browser.open(browser.url).text
    assert device.poll().status == 200


def test_an_answer_that_was_given_is_not_changed_by_another_tab(device: Device, browser: Browser) -> None:
    device.start()
    page = enter(browser, device.user_code)
    decide(browser, page, "allow")
    assert "Your device is connected" in decide(browser, page, "deny").text
    assert device.poll().status == 200


def test_a_device_whose_client_was_disabled_is_not_shown(device: Device, browser: Browser) -> None:
    device.start()
    device.installation.registration.disable("tv")
    device.installation.services.clients.forget()
    assert "cannot be used" in enter(browser, device.user_code).text


def test_the_page_of_one_browser_is_no_use_in_another(device: Device, browser: Browser) -> None:
    device.start()
    enter(browser, device.user_code)
    other = Browser(device.installation)
    enter(other, "BBBB-BBBB")
    assert "Acme TV" not in other.open(browser.url).text


def test_a_form_from_elsewhere_is_refused(device: Device, browser: Browser) -> None:
    device.start()
    page = enter(browser, device.user_code)
    answer = browser.open(browser.url, form={"action": "allow", "interaction": browser.url.split("=")[-1]})
    assert answer.status == 403
    answer = browser.submit(page, action="allow", csrf_token="forged")
    assert answer.status == 403
    assert_refused(device.poll(), "authorization_pending")


def test_an_interaction_of_the_device_page_is_none_of_the_authorization_endpoint(
    device: Device, browser: Browser
) -> None:
    enter(browser, "BBBB-BBBB")
    handle = browser.url.split("interaction=")[1]
    answer = browser.open(f"/oauth2/authorize/resume?interaction={handle}")
    assert device.installation.why(answer) == "interaction_unknown"


def test_another_account_can_be_chosen(device: Device, browser: Browser) -> None:
    device.installation.add_user("bob")
    device.start()
    page = enter(browser, device.user_code)
    page = browser.sign_in(browser.submit(page, action="switch"), "bob")
    decide(browser, page, "allow")
    claims = claims_of(device.poll().json["id_token"])
    assert claims["sub"] == device.installation.users["bob"].id


def test_of_several_accounts_one_is_chosen(device: Device, browser: Browser) -> None:
    device.installation.add_user("bob")
    enter(browser, "BBBB-BBBB")
    browser.sign_in(browser.submit(browser.open("/device"), action="switch"), "bob")
    page = browser.open("/device")
    assert browser.path == "/select-account"
    page = browser.choose(page, "bob")
    assert browser.path == "/device"
    assert "bob" in page.text


def test_a_password_that_must_change_is_changed_first(device: Device, browser: Browser) -> None:
    user = device.installation.users["alice"]
    with device.installation.unit() as unit:
        unit.users.hold(user.id).password_must_change = True  # type: ignore[union-attr]
    browser.sign_in(browser.open("/device"))
    assert browser.path == "/password/change"


def test_who_signed_out_meanwhile_allows_nothing(device: Device, browser: Browser) -> None:
    device.start()
    page = enter(browser, device.user_code)
    with device.installation.unit() as unit:
        for session in unit.sessions.of_user(device.installation.users["alice"].id):
            unit.sessions.end(session.id, "logout")
    decide(browser, page, "allow")
    assert_refused(device.poll(), "authorization_pending")


# --- guesses (§5.1) ---------------------------------------------------------------------------


def test_guesses_of_one_person_are_limited(server: Installation) -> None:
    server.add_user()
    device = install_device(server)
    browser = Browser(server)
    for _ in range(20):
        assert enter(browser, "BBBB-BBBB").status == 400
    device.start()
    server.address = "127.0.0.2"
    for known in (browser, Browser(server)):
        answer = enter(known, device.user_code)
        assert answer.status == 429
        assert int(answer.header("Retry-After") or 0) > 0
    assert_refused(device.poll(), "authorization_pending")


def test_wrong_guesses_of_one_address_are_limited_whoever_makes_them(server: Installation) -> None:
    server.add_user()
    for number in range(4):
        server.add_user(f"user{number}")
        for _ in range(5):
            enter(Browser(server), "BBBB-BBBB", f"user{number}")
    assert enter(Browser(server), "BBBB-BBBB").status == 429
    server.address = "127.0.0.2"
    assert enter(Browser(server), "BBBB-BBBB").status == 400


def test_strangers_try_no_codes(device: Device, browser: Browser) -> None:
    device.start()
    page = browser.open("/device")
    assert browser.path == "/login"
    answer = browser.open("/device", form={"user_code": device.user_code, "action": "enter"})
    assert "Acme TV" not in page.text + answer.text


# --- the token endpoint (§3.4, §3.5) ----------------------------------------------------------


def test_tokens_follow_the_permission(device: Device) -> None:
    tokens = device.connected(scope="openid email offline_access")
    assert tokens["token_type"] == "Bearer"
    assert set(tokens["scope"].split()) == {"openid", "email", "offline_access"}
    assert device.userinfo(tokens["access_token"]).json["email"] == "alice@example.com"
    assert device.refresh(tokens["refresh_token"]).status == 200


def test_the_id_token_tells_of_the_session_that_allowed_it(device: Device) -> None:
    claims = claims_of(device.connected()["id_token"])
    assert claims["sub"] == device.installation.users["alice"].id
    assert (claims["aud"], claims["acr"], claims["amr"]) == ("tv", "1", ["pwd"])
    assert claims["auth_time"]
    assert "nonce" not in claims


def test_without_openid_there_is_no_id_token(server: Installation) -> None:
    server.add_user()
    api = server.add_resource(scopes=("orders",))
    device = install_device(server, scopes=frozenset({"orders"}), resources=(api,))
    tokens = device.connected(scope="orders", resource=api)
    assert "id_token" not in tokens
    assert claims_of(tokens["access_token"])["aud"] == api


def test_no_more_is_granted_than_was_left_ticked(device: Device, browser: Browser) -> None:
    device.start("openid profile email")
    decide(browser, enter(browser, device.user_code), "allow", ["email"])
    assert set(device.poll().json["scope"].split()) == {"openid", "email"}


def test_until_the_person_decides_it_is_pending(device: Device) -> None:
    device.start()
    assert_refused(device.poll(), "authorization_pending")


def test_who_polls_too_often_must_slow_down_by_five_seconds_each_time(
    device: Device, frozen_time: time_machine.Traveller
) -> None:
    device.start()
    assert_refused(device.poll(), "authorization_pending")
    frozen_time.shift(4)
    assert_refused(device.poll(), "slow_down")
    frozen_time.shift(9)
    assert_refused(device.poll(), "slow_down")
    frozen_time.shift(15)
    assert_refused(device.poll(), "authorization_pending")
    frozen_time.shift(14)
    assert_refused(device.poll(), "slow_down")


def test_polling_at_the_interval_is_never_too_often(device: Device, frozen_time: time_machine.Traveller) -> None:
    device.start()
    for _ in range(4):
        frozen_time.shift(5)
        assert_refused(device.poll(), "authorization_pending")


def test_a_permission_is_told_however_often_it_was_polled(device: Device, browser: Browser) -> None:
    device.start()
    for _ in range(3):
        device.poll()
    allow(browser, device.user_code)
    assert device.poll().status == 200


def test_a_refusal_is_told(device: Device, browser: Browser) -> None:
    device.start()
    page = decide(browser, enter(browser, device.user_code), "deny")
    assert "The device was refused" in page.text
    assert_refused(device.poll(), "access_denied")
    assert_refused(device.poll(), "access_denied")
    assert len(recorded(device.installation, "ConsentDenied")) == 1


def test_nothing_left_ticked_is_a_refusal(server: Installation) -> None:
    server.add_user()
    api = server.add_resource(scopes=("orders",))
    device = install_device(server, scopes=frozenset({"orders"}), resources=(api,))
    device.start("orders", resource=api)
    browser = Browser(server)
    decide(browser, enter(browser, device.user_code), "allow", [])
    assert_refused(device.poll(), "access_denied")


def test_an_expired_code_is_told(device: Device, frozen_time: time_machine.Traveller) -> None:
    device.start()
    frozen_time.shift(601)
    assert_refused(device.poll(), "expired_token")


def test_permission_comes_to_nothing_when_the_code_has_expired(
    device: Device, browser: Browser, frozen_time: time_machine.Traveller
) -> None:
    device.start()
    allow(browser, device.user_code)
    frozen_time.shift(601)
    assert_refused(device.poll(), "expired_token")


def test_a_code_is_used_once(device: Device) -> None:
    device.connected()
    answer = device.poll()
    assert_refused(answer, "invalid_grant")
    assert device.installation.why(answer) == "polled_request_used"


@pytest.mark.parametrize("code", ["x", "A" * 54, ""])
def test_an_unknown_code_is_an_invalid_grant(device: Device, code: str) -> None:
    error = "invalid_grant" if code else "invalid_request"
    assert_refused(device.poll(device_code=code), error)


def test_a_code_of_another_client_is_an_invalid_grant(device: Device, browser: Browser) -> None:
    device.start()
    other = install_device(device.installation, "radio")
    allow(browser, device.user_code)
    answer = other.poll(device_code=device.device_code)
    assert_refused(answer, "invalid_grant")
    assert device.installation.why(answer) == "polled_request_of_other_client"
    assert device.poll().status == 200


def test_a_handle_of_another_kind_is_no_device_code(device: Device, relying_party_code: str) -> None:
    assert_refused(device.poll(device_code=relying_party_code), "invalid_grant")


@pytest.fixture
def relying_party_code(device: Device) -> str:
    """A code of the authorization endpoint."""
    from tests.relying_party import RelyingParty

    return RelyingParty(device.installation, *device.installation.add_client()).code()


def test_a_person_who_was_disabled_meanwhile_gives_nothing(device: Device, browser: Browser) -> None:
    device.start()
    allow(browser, device.user_code)
    server = device.installation
    with server.unit() as unit:
        server.services.users.disable(unit, unit.users.hold(server.users["alice"].id))
    assert_refused(device.poll(), "invalid_grant")


def test_a_client_that_lost_a_scope_meanwhile_does_not_get_it(device: Device, browser: Browser) -> None:
    device.start("openid email")
    allow(browser, device.user_code)
    device.installation.registration.update("tv", {"scopes": frozenset({"openid"})})
    device.installation.services.clients.forget()
    assert device.poll().json["scope"] == "openid"


def test_signing_out_ends_what_was_not_granted_offline(device: Device, browser: Browser) -> None:
    device.start("openid")
    allow(browser, device.user_code)
    with device.installation.unit() as unit:
        (session,) = unit.sessions.of_user(device.installation.users["alice"].id)
        device.installation.services.sessions.sign_out(unit, session)
    assert_refused(device.poll(), "invalid_grant")


def test_offline_access_outlives_the_session_that_allowed_it(device: Device, browser: Browser) -> None:
    device.start("openid offline_access")
    allow(browser, device.user_code)
    with device.installation.unit() as unit:
        (session,) = unit.sessions.of_user(device.installation.users["alice"].id)
        device.installation.services.sessions.sign_out(unit, session)
    answer = device.poll()
    assert answer.status == 200
    assert "sid" not in claims_of(answer.json["id_token"])


def test_a_level_of_authentication_that_was_not_reached_allows_nothing(server: Installation) -> None:
    server.add_user()
    device = install_device(server, policy={"required_acr": "2"})
    device.start()
    answer = allow(Browser(server), device.user_code)
    assert server.why(answer) == "acr_not_reached"
    assert_refused(device.poll(), "authorization_pending")


def test_each_step_is_told(device: Device) -> None:
    device.connected()
    server = device.installation
    (granted,) = recorded(server, "ConsentGranted")
    (issued,) = recorded(server, "TokensIssued")
    assert granted["grant_id"] == issued["grant_id"]
    assert granted["remembered"] is False
    assert issued["grant_type"].endswith("device_code")
