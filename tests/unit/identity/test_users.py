"""Accounts: conflicts are named, closing one ends everything, and each change is an event (B-39, B-40)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from authserver.events.catalog import (
    SessionEnded,
    UserAccountUnlocked,
    UserCreated,
    UserDeleted,
    UserDisabled,
    UserEnabled,
    UserRoleCreated,
    UserUpdated,
)
from authserver.identity.addresses import Email
from authserver.identity.users import NewUser
from authserver.protocol import validity
from authserver.protocol.errors import AccountLocked, AuthenticationError, ConflictError, NotFound, RateLimited
from authserver.storage import Unit
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.grants import Grant
from authserver.storage.models.sessions import Session
from authserver.storage.models.users import User
from tests.unit.identity.conftest import PASSWORD, House


def _signed_in(house: House, user: User) -> tuple[str, str]:
    """A session and an offline grant of a person."""
    with house.database.unit() as unit:
        if unit.clients.find("shop") is None:
            unit.clients.add(ClientRecord(id="shop", name="Shop"))
        session = Session(user_id=user.id, auth_time=validity.now(), idle_ttl=3600, expires_at=validity.after(3600))
        unit.sessions.add(session)
        grant = unit.grants.add(Grant(client_id="shop", user_id=user.id, offline=True))
        return session.id, grant.id


@pytest.mark.parametrize(
    ("email", "username", "field"), [("ADA@example.com", "other", "email"), ("other@example.com", "Ada", "username")]
)
def test_a_taken_name_is_a_conflict_that_says_which(house: House, email: str, username: str, field: str) -> None:
    house.add()
    with pytest.raises(ConflictError) as refused:
        house.add(email, username)
    assert (refused.value.field, refused.value.status) == (field, 409)


def test_of_many_who_take_a_name_at_once_one_succeeds(house: House) -> None:
    def register(_: int) -> bool:
        try:
            with house.database.unit() as unit:
                house.users.create(unit, NewUser(Email.parse("ada@example.com")))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(register, range(16))).count(True) == 1


def test_a_new_account_is_an_event_with_its_roles(house: House) -> None:
    new = NewUser(Email.parse("ada@example.com"), roles=("admin",), email_verified=True, claims={"given_name": "Ada"})
    with house.database.unit() as unit:
        ada = house.users.create(unit, new)
        house.users.assign_role(unit, ada, "admin")
        assert unit.roles.names_of(ada.id) == ["admin"]
    assert (ada.email_verified, ada.given_name, ada.may_sign_in) == (True, "Ada", True)
    assert house.events() == [
        UserCreated(user_id=ada.id, email="ada@example.com"),
        UserRoleCreated(user_id=ada.id, role="admin"),
    ]


def test_nobody_signs_in_to_an_account_without_a_password(house: House) -> None:
    with house.database.unit() as unit:
        house.users.create(unit, NewUser(Email.parse("ada@example.com")))
    with pytest.raises(AuthenticationError):
        house.check("ada@example.com", "")


def test_id_address_and_user_name_name_a_person(house: House) -> None:
    ada = house.add()
    with house.database.reading() as unit:
        assert {house.users.get(unit, name).id for name in (ada.id, "ADA", " Ada@example.COM ")} == {ada.id}
        for name in ("", "nobody", "x" * 36, "\0" * 8 + "-" + "\0" * 4 + "-\0\0\0\0-\0\0\0\0-" + "\0" * 12):
            with pytest.raises(NotFound):
                house.users.get(unit, name)


def test_an_update_is_an_event_that_names_the_claims_and_not_their_values(house: House) -> None:
    ada = house.add()
    with house.database.unit() as unit:
        house.users.update(unit, unit.users.get(ada.id), {"nickname": "Countess", "email": "new@example.com"})
    assert house.events(UserUpdated) == [UserUpdated(user_id=ada.id, changed=("nickname", "email"))]
    assert house.check("new@example.com", PASSWORD).id == ada.id


def test_an_update_to_a_taken_name_is_a_conflict(house: House) -> None:
    house.add()
    bob = house.add("bob@example.com", "bob")
    with pytest.raises(ConflictError), house.database.unit() as unit:
        house.users.update(unit, unit.users.get(bob.id), {"preferred_username": "ADA"})


def _disable(house: House, unit: Unit, user: User) -> None:
    house.users.disable(unit, user, "left")


def _delete(house: House, unit: Unit, user: User) -> None:
    house.users.delete(unit, user)


def _reset(house: House, unit: Unit, user: User) -> None:
    house.users.reset_password(unit, user, house.passwords.prepare_one_time()[1])


def _sign_out(house: House, unit: Unit, user: User) -> None:
    assert house.users.sign_out_everywhere(unit, user) == 1


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (_disable, "user_disabled"),
        (_delete, "user_deleted"),
        (_reset, "password_reset"),
        (_sign_out, "signed_out_everywhere"),
    ],
)
def test_sessions_and_grants_end_in_the_same_transaction(
    house: House, act: Callable[[House, Unit, User], None], reason: str
) -> None:
    ada, bob = house.add(), house.add("bob@example.com", "bob")
    session_id, grant_id = _signed_in(house, ada)
    _, others = _signed_in(house, bob)
    with house.database.unit() as unit:
        act(house, unit, unit.users.get(ada.id))
    with house.database.reading() as unit:
        session, grant, other = unit.sessions.find(session_id), unit.grants.find(grant_id), unit.grants.find(others)
        assert unit.users.get(ada.id).sessions_valid_from is not None
    assert session is not None
    assert grant is not None
    assert other is not None
    assert (session.end_reason, grant.revoke_reason, other.revoked_at) == (reason, reason, None)
    assert house.events(SessionEnded) == [SessionEnded(user_id=ada.id, session_id=session_id, reason=reason)]


def test_nothing_ends_where_the_transaction_fails(house: House) -> None:
    ada = house.add()
    session_id, _ = _signed_in(house, ada)
    with pytest.raises(NotFound), house.database.unit() as unit:  # noqa: PT012
        house.users.disable(unit, unit.users.get(ada.id))
        unit.users.get("nobody")
    with house.database.reading() as unit:
        session = unit.sessions.find(session_id)
        assert session is not None
        assert session.is_live
        assert unit.users.get(ada.id).may_sign_in


def test_disabling_and_enabling_twice_changes_nothing_more(house: House) -> None:
    ada = house.add()
    for act in (house.users.disable, house.users.disable, house.users.enable, house.users.enable):
        with house.database.unit() as unit:
            act(unit, unit.users.get(ada.id))
    assert [type(event) for event in house.events()[1:]] == [UserDisabled, UserEnabled]
    assert house.check("ada", PASSWORD)


def test_a_deleted_account_is_not_enabled_again(house: House) -> None:
    ada = house.add()
    with house.database.unit() as unit:
        house.users.delete(unit, unit.users.get(ada.id))
        house.users.delete(unit, unit.users.get(ada.id))
    with pytest.raises(NotFound), house.database.unit() as unit:
        house.users.enable(unit, unit.users.get(ada.id))
    assert house.events(UserDeleted) == [UserDeleted(user_id=ada.id)]


@pytest.mark.parametrize("how", ["reset", "enable"])
def test_an_administrator_lifts_locks(house: House, how: str) -> None:
    ada = house.add()
    for address in ("192.0.2.1", "192.0.2.2"):
        for _ in range(5):
            with pytest.raises((AuthenticationError, AccountLocked, RateLimited)):
                house.check("ada", "wrong", address)
    password, new = house.passwords.prepare_one_time()
    with house.database.unit() as unit:
        user = unit.users.get(ada.id)
        if how == "reset":
            house.users.reset_password(unit, user, new)
        else:
            house.users.enable(unit, user)
    assert house.check("ada", password if how == "reset" else PASSWORD, "192.0.2.1")


@pytest.mark.parametrize(("failures", "told"), [(4, 0), (5, 1)])
def test_a_lifted_lock_is_told_where_there_was_one(house: House, failures: int, told: int) -> None:
    ada = house.add()
    with house.database.unit() as unit:
        user = unit.users.get(ada.id)
        for _ in range(failures):
            house.lockout.count_failure(unit, house.lockout.attempt("ada", user, "192.0.2.1"))
        house.users.enable(unit, user)
    assert house.events(UserAccountUnlocked) == [UserAccountUnlocked(user_id=ada.id)] * told
