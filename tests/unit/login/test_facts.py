from __future__ import annotations

import pytest

from authserver.login.facts import Fact, FactKind, Facts


def facts(*proven: tuple[FactKind, str | None]) -> Facts:
    found = Facts()
    for kind, user in proven:
        found = found.with_fact(Fact(kind, user))
    return found


def kinds(found: Facts) -> list[FactKind]:
    return [fact.kind for fact in found.proven]


def test_facts_add_up_in_order() -> None:
    found = facts((FactKind.ACCOUNT, "a"), (FactKind.PASSWORD, "a"), (FactKind.CONSENT, "a"))
    assert kinds(found) == [FactKind.ACCOUNT, FactKind.PASSWORD, FactKind.CONSENT]
    assert found.subject == "a"
    assert found.login is not None
    assert found.login.user_id == "a"


@pytest.mark.parametrize("kind", [FactKind.PASSWORD, FactKind.ACCOUNT, FactKind.CONSENT])
def test_fact_about_another_subject_discards_all_earlier_ones(kind: FactKind) -> None:
    found = facts((FactKind.PASSWORD, "a"), (FactKind.CONSENT, "a"), (kind, "b"))
    assert kinds(found) == [kind]
    assert found.subject == "b"


def test_fact_about_nobody_discards_nothing() -> None:
    assert kinds(facts((FactKind.PASSWORD, "a"), (FactKind.DENIED, None))) == [FactKind.PASSWORD, FactKind.DENIED]


def test_wish_for_another_account_discards_everything() -> None:
    found = facts((FactKind.PASSWORD, "a"), (FactKind.CONSENT, "a"), (FactKind.OTHER_ACCOUNT, None))
    assert kinds(found) == [FactKind.OTHER_ACCOUNT]
    assert found.wants_other_account
    assert found.login is None


@pytest.mark.parametrize("kind", [FactKind.PASSWORD, FactKind.ACCOUNT])
def test_wish_is_fulfilled_by_a_login_or_a_choice(kind: FactKind) -> None:
    found = facts((FactKind.OTHER_ACCOUNT, None), (kind, "a"))
    assert not found.wants_other_account
    assert found.has(FactKind.OTHER_ACCOUNT)


def test_only_a_password_authenticates() -> None:
    assert [kind for kind in FactKind if Fact(kind, "a").authenticates] == [FactKind.PASSWORD]


def test_facts_survive_storage() -> None:
    found = Facts().with_fact(Fact(FactKind.CONSENT, "a", detail={"scopes": ["openid"]}))
    assert Facts.from_documents(found.to_documents()) == found


def test_newest_of_a_kind_counts() -> None:
    found = facts((FactKind.ACCOUNT, "a")).with_fact(Fact(FactKind.ACCOUNT, "a", detail={"session": "2"}))
    newest = found.latest(FactKind.ACCOUNT)
    assert newest is not None
    assert newest.detail["session"] == "2"
    assert found.latest(FactKind.DENIED) is None
