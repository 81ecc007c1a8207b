"""Every reason to interrupt a person, one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from authserver.authorize import prompts
from authserver.authorize.context import Context
from authserver.authorize.situation import Situation
from authserver.login.facts import Fact, FactKind, Facts
from authserver.protocol import validity
from authserver.protocol.messages import Parameters
from authserver.protocol.policy import DEFAULT

NOW = validity.now()


def session(user: str = "alice", age: int = 0) -> Any:
    return SimpleNamespace(id=f"session-{user}", user_id=user, auth_time=NOW - timedelta(seconds=age), acr="1")


def facts(*proven: Fact) -> Facts:
    found = Facts()
    for fact in proven:
        found = found.with_fact(fact)
    return found


def login(user: str = "alice") -> Fact:
    return Fact(FactKind.PASSWORD, user, detail={"session": f"session-{user}"})


def situation(
    *proven: Fact,
    sessions: tuple[Any, ...] = (session(),),
    chosen: Any = "only",
    policy: dict[str, Any] | None = None,
    native: bool = False,
    must_change: bool = False,
    unconsented: frozenset[str] = frozenset(),
    first_time: bool = False,
    **request: Any,
) -> Situation:
    """A person who is signed in and has allowed everything, unless the values say otherwise."""
    client = SimpleNamespace(
        id="app", policy=replace(DEFAULT, **(policy or {})), application_type="native" if native else "web"
    )
    context = Context(Parameters(), received_at=NOW, client=client, redirect_uri="com.example:/cb")  # type: ignore[arg-type]
    for name, value in request.items():
        setattr(context, name, value)
    about = sessions[0] if chosen == "only" and len(sessions) == 1 else None if chosen == "only" else chosen
    user: Any = SimpleNamespace(password_must_change=must_change) if about else None
    return Situation(context, None, sessions, about, user, facts(*proven), unconsented, first_time)


def shown(given: Situation) -> tuple[str, tuple[str, ...]] | None:
    found = prompts.first(given)
    return (found[0].name, found[1]) if found else None


ALICE, BOB = session(), session("bob")
SCOPES = {"scopes": ["openid"]}

CASES: list[tuple[Situation, tuple[str, tuple[str, ...]] | None]] = [
    (situation(), None),
    (situation(sessions=()), ("login", ("no_session",))),
    (situation(sessions=(ALICE, BOB)), ("select_account", ("several_sessions",))),
    (situation(sessions=(ALICE, BOB), chosen=BOB), None),
    (situation(sessions=(ALICE, BOB), expected_subject="carol"), ("login", ("no_session",))),
    (situation(Fact(FactKind.ACCOUNT, "bob"), sessions=(ALICE, BOB)), ("login", ("no_session",))),
    (situation(prompts=frozenset({"select_account"})), ("select_account", ("select_account_prompt",))),
    (situation(Fact(FactKind.ACCOUNT, "alice"), prompts=frozenset({"select_account"})), None),
    (situation(login(), prompts=frozenset({"select_account"})), None),
    (situation(sessions=(), prompts=frozenset({"select_account"})), ("login", ("no_session",))),
    (
        situation(Fact(FactKind.OTHER_ACCOUNT), chosen=None, prompts=frozenset({"select_account"})),
        ("login", ("other_account", "no_session")),
    ),
    (
        situation(Fact(FactKind.OTHER_ACCOUNT), sessions=(ALICE, BOB)),
        ("login", ("other_account", "no_session")),
    ),
    (situation(Fact(FactKind.OTHER_ACCOUNT), login(), prompts=frozenset({"select_account"})), None),
    (situation(prompts=frozenset({"login"})), ("login", ("login_prompt",))),
    (situation(login(), prompts=frozenset({"login"})), None),
    (situation(login("bob"), prompts=frozenset({"login"})), ("login", ("login_prompt",))),
    (situation(Fact(FactKind.PASSWORD, "alice"), prompts=frozenset({"login"})), ("login", ("login_prompt",))),
    (situation(sessions=(session(age=60),), max_age=60), None),
    (situation(sessions=(session(age=61),), max_age=60), ("login", ("max_age",))),
    (situation(max_age=0), ("login", ("max_age",))),
    (situation(login(), max_age=0), None),
    (situation(expected_subject="alice"), None),
    (situation(expected_subject="bob"), ("login", ("id_token_hint",))),
    (situation(must_change=True), ("login", ("password_must_change",))),
    (situation(login(), must_change=True), ("change_password", ("password_must_change",))),
    (situation(unconsented=frozenset({"email"})), ("consent", ("scopes_not_allowed",))),
    (situation(Fact(FactKind.CONSENT, "alice", detail=SCOPES), unconsented=frozenset({"email"})), None),
    (
        situation(Fact(FactKind.CONSENT, "bob", detail=SCOPES), unconsented=frozenset({"email"})),
        ("consent", ("scopes_not_allowed",)),
    ),
    (situation(first_time=True), ("consent", ("scopes_not_allowed",))),
    (situation(first_time=True, policy={"consent": "skip"}), None),
    (situation(policy={"consent": "always"}), ("consent", ("consent_always",))),
    (situation(prompts=frozenset({"consent"}), policy={"consent": "skip"}), ("consent", ("consent_prompt",))),
    (situation(authorization_details=({"type": "t"},)), ("consent", ("authorization_details",))),
    (situation(authorization_details=({"type": "t"},), policy={"consent": "skip"}), None),
    (situation(Fact(FactKind.CONSENT, "alice", detail=SCOPES), authorization_details=({"type": "t"},)), None),
    (situation(native=True, policy={"consent": "skip"}), ("consent", ("native_client",))),
    (situation(login(), native=True), None),
    (situation(Fact(FactKind.ACCOUNT, "alice"), native=True), None),
    (situation(native=True, redirect_uri="https://app.example/cb"), None),
]


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_first_missing_fact_names_its_page_and_reasons(
    given: Situation, expected: tuple[str, tuple[str, ...]] | None
) -> None:
    assert shown(given) == expected


def test_every_check_has_a_case() -> None:
    known = {check.reason for prompt in prompts.PROMPTS for check in prompt.checks}
    tried = {reason for _, expected in CASES if expected for reason in expected[1]}
    assert known == tried


def test_every_prompt_stands_for_its_own_error() -> None:
    codes = [prompt.error.code for prompt in prompts.PROMPTS]
    assert codes == ["account_selection_required", "login_required", "interaction_required", "consent_required"]
