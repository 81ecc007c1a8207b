"""What a person allowed a client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authserver.access import consents
from authserver.protocol.policy import ClientPolicy
from authserver.storage import Database
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.grants import Grant
from authserver.storage.models.users import User
from tests.recorders import RememberingRecorder
from tests.unit.access.conftest import API, Asker

SCOPES, RESOURCES = frozenset({"openid", "profile"}), frozenset({API})


@pytest.fixture
def user_id(database: Database) -> str:
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="shop", name="Shop"))
        return unit.users.add(User(username="ada", username_key="ada")).id


def missing(database: Database, user_id: str, client: Asker, scopes: frozenset[str] = SCOPES) -> frozenset[str]:
    with database.reading() as unit:
        return consents.missing(unit, user_id, client, scopes=scopes, resources=RESOURCES)


def test_everything_is_missing_before_and_the_rest_afterwards(
    database: Database, recorder: RememberingRecorder, user_id: str
) -> None:
    assert missing(database, user_id, Asker()) == SCOPES | RESOURCES
    with database.unit() as unit:
        consents.remember(unit, recorder, user_id, Asker(), scopes=SCOPES, resources=RESOURCES)
    assert missing(database, user_id, Asker()) == frozenset()
    assert missing(database, user_id, Asker(), SCOPES | {"email"}) == {"email"}
    assert recorder.types == ["ConsentGranted"]


def test_policy_may_ask_always_and_then_nothing_is_remembered(
    database: Database, recorder: RememberingRecorder, user_id: str
) -> None:
    strict = replace(Asker(), policy=ClientPolicy(consent="always"))
    with database.unit() as unit:
        consents.remember(unit, recorder, user_id, strict, scopes=SCOPES)
        assert unit.consents.find(user_id, "shop") is None
        unit.consents.remember(user_id, "shop", SCOPES, RESOURCES)
    assert missing(database, user_id, strict) == SCOPES | RESOURCES


def test_policy_may_never_ask(database: Database, user_id: str) -> None:
    assert missing(database, user_id, replace(Asker(), policy=ClientPolicy(consent="skip"))) == frozenset()


def test_revocation_ends_the_grants_of_that_client(
    database: Database, recorder: RememberingRecorder, user_id: str
) -> None:
    with database.unit() as unit:
        unit.consents.remember(user_id, "shop", SCOPES, RESOURCES)
        grant_id = unit.grants.add(Grant(client_id="shop", user_id=user_id)).id
        assert consents.revoke(unit, recorder, user_id, "shop") == 1
    with database.unit() as unit:
        grant = unit.grants.find(grant_id)
        assert grant is not None
        assert grant.revoke_reason == "consent_revoked"
        assert consents.revoke(unit, recorder, user_id, "shop") == 0
    assert recorder.types == ["ConsentRevoked", "GrantRevoked"]
    assert missing(database, user_id, Asker()) == SCOPES | RESOURCES
