"""Rows as values: they answer like the entity, and nobody changes one by mistake."""

from __future__ import annotations

from typing import Any

import pytest

from authserver.protocol import validity
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import Grant, RefreshToken
from authserver.storage.models.users import User


def test_assignment_is_refused() -> None:
    user: Any = frozen(User).new(id="alice")
    with pytest.raises(AttributeError):
        user.is_active = False
    with pytest.raises(AttributeError):
        user.lock_account(60)


def test_properties_and_methods_of_the_model_are_there() -> None:
    user = frozen(User).new(status="suspended", locked_until=validity.after(60))
    assert (user.may_sign_in, user.is_locked()) == (False, True)
    assert frozen(RefreshToken).new(expires_at=validity.after(-1)).is_expired


def test_new_row_has_the_defaults_of_its_table() -> None:
    first, second = frozen(Grant).new(client_id="app"), frozen(Grant).new(client_id="app", amr=["pwd"])
    assert (len(first.id), first.amr, first.offline, first.revoked_at) == (36, [], False, None)
    assert first.id != second.id
    assert first.amr is not frozen(Grant).new().amr
    assert first.created_at <= validity.now()


def test_rows_with_documents_can_be_keys() -> None:
    row = frozen(Grant).new(id="same", resources=["https://api.example"])
    assert {row: 1}[row] == 1


def test_equal_means_every_value_is_equal() -> None:
    moment = validity.now()
    one = frozen(Grant).new(id="same", created_at=moment)
    assert one == frozen(Grant).new(id="same", created_at=moment)
    assert one != frozen(Grant).new(id="same", created_at=moment, scope="openid")


def test_there_is_one_class_for_each_model() -> None:
    assert type(frozen(Grant).new()) is type(frozen(Grant).new())
    assert frozen(Grant) is frozen(Grant)
