"""What broke others, tried here: grouped by the pattern behind it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from authserver.events.allowance import Allowance
from authserver.settings import Settings
from authserver.web.cookies import Cookies
from tests.installation import PASSWORD, REFERENCE, Installation, install
from tests.relying_party import Browser, RelyingParty


@pytest.fixture
def server(migrated_url: str, make_settings: Callable[..., Settings]) -> Iterator[Installation]:
    """A whole server, on SQLite and on PostgreSQL."""
    installed = install(make_settings(database_url=migrated_url))
    yield installed
    installed.services.close()


# --- disabled things that still work by another path -------------------------------------------


def test_password_replaced_during_a_login_leaves_no_session(
    server: Installation, relying_party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, user_id = server.services, server.users["alice"].id
    new = services.passwords.prepare("Reset-Staple-9-Horse")

    def reset() -> None:
        with server.unit() as unit:
            services.users.reset_password(unit, unit.users.get(user_id), new)

    resetting, sign_in = threading.Thread(target=reset), type(services.sessions).sign_in

    def reset_meanwhile(*args: Any, **values: Any) -> Any:
        resetting.start()
        resetting.join(1)
        return sign_in(*args, **values)

    monkeypatch.setattr(type(services.sessions), "sign_in", reset_meanwhile)
    browser = Browser(server)
    page = relying_party.request(browser)
    browser.submit(page, username="alice", password="Correct-Horse-7-Battery", follow=False)
    resetting.join()
    with server.reading() as unit:
        assert unit.sessions.of_user(user_id) == []


@pytest.mark.parametrize("closing", ["signed_out", "disabled_and_enabled", "closed", "password_changed"])
def test_whoever_is_signed_out_everywhere_during_a_login_gets_no_session(
    server: Installation, relying_party: RelyingParty, monkeypatch: pytest.MonkeyPatch, closing: str
) -> None:
    services, user_id = server.services, server.users["alice"].id
    check = type(services.password_authentication).check
    new = services.passwords.prepare("Reset-Staple-9-Horse")

    def checked_and_then_closed(*args: Any) -> Any:
        proven = check(*args)
        with server.unit() as unit:
            user = unit.users.get(user_id)
            if closing == "signed_out":
                services.users.sign_out_everywhere(unit, user)
            elif closing == "closed":
                user.is_active = False
            elif closing == "password_changed":
                services.passwords.change(unit, user, new)
            else:
                services.users.disable(unit, user)
                services.users.enable(unit, user)
        return proven

    monkeypatch.setattr(type(services.password_authentication), "check", checked_and_then_closed)
    browser = Browser(server)
    browser.submit(relying_party.request(browser), username="alice", password=PASSWORD, follow=False)
    with server.reading() as unit:
        assert unit.sessions.of_user(user_id) == []


# --- never a 5xx for bad input -----------------------------------------------------------------


@pytest.mark.parametrize("client_id", ["\0", "app\0", "app%00", "\x1b[31m", "é"])
@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
def test_id_that_no_client_can_have_is_unknown(server: Installation, endpoint: str, client_id: str) -> None:
    credentials = base64.b64encode(f"{client_id}:secret".encode()).decode()
    answer = server.post(f"/oauth2/{endpoint}", {"token": "x"}, headers={"Authorization": f"Basic {credentials}"})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert server.why(answer) == "client_unknown"


# --- user content reaching a log or a terminal ---------------------------------------------------


def test_explanation_holds_nothing_that_a_terminal_obeys(server: Installation) -> None:
    credentials = base64.b64encode("\x1b]0;owned\x07\x9b31m:secret".encode()).decode()
    answer = server.post("/oauth2/token", headers={"Authorization": f"Basic {credentials}"})
    assert server.why(answer) == "client_unknown"
    found = REFERENCE.search(answer.text)
    assert found is not None
    with server.reading() as unit:
        refusal = unit.refusals.find(found[0])
    assert refusal is not None
    assert refusal.details["client_id"].isprintable()


# --- tables that only ever grow ------------------------------------------------------------------


def test_a_flood_of_bad_requests_fills_no_table(make_server: Callable[..., Installation]) -> None:
    server = make_server(rate_limits=True, rate_limit_default="20/minute", rate_limit_authorize="20/minute")
    for number in range(50):
        cookies = {"Cookie": f"{Cookies(server.settings.issuer).page_name}={number}"}
        last = [
            server.get("/login?interaction=x", headers=cookies),
            server.post("/login", {"username": "alice", "password": "x"}, headers=cookies),
            server.get("/oauth2/authorize", headers=cookies),
        ]
    assert [answer.status for answer in last] == [429] * 3


def test_refusals_that_are_explained_are_bounded(
    make_server: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server(rate_limits=False)
    monkeypatch.setattr(server.services.explanations, "_allowance", Allowance(each=5))
    answers = [server.get("/oauth2/authorize") for _ in range(9)]
    server.services.explanations.flush()
    references = [found[0] for answer in answers if (found := REFERENCE.search(answer.text))]
    with server.reading() as unit:
        assert sum(unit.refusals.find(reference) is not None for reference in references) == 5
    assert len(references) == 9, "whoever is refused is always told a reference, and the log knows it"


def test_posted_logout_keeps_what_it_understands_alone(
    server: Installation, relying_party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytes] = []
    monkeypatch.setattr(server.services.ephemeral, "put", lambda _key, value, _ttl: kept.append(value))
    form = {"client_id": relying_party.client_id, "state": "s", "padding": "x" * 8000}
    server.post("/oauth2/logout", form, headers={"Sec-Fetch-Site": "cross-site"})
    assert kept == [b'[["client_id","app"],["state","s"]]']
