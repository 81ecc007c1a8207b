"""Sixteen threads want the same thing at the same moment, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from authserver.settings import Settings
from authserver.storage.models.grants import Grant, RefreshToken, RevokedToken
from tests.assertions import add_signer
from tests.dpop import DPoPKey
from tests.installation import Answer, Installation, install
from tests.outbox import recorded
from tests.registrant import Registrant, initial_access_tokens
from tests.relying_party import RelyingParty, claims_of
from tests.threads import THREADS, at_once, race
from tests.upstream import GRANT as JWT_BEARER
from tests.upstream import Upstream, present

OFFLINE = "openid offline_access"


@pytest.fixture
def server(migrated_url: str, make_settings: Callable[..., Settings]) -> Iterator[Installation]:
    """A whole server with a connection for each thread."""
    settings = make_settings(
        database_url=migrated_url,
        database_pool_size=60,
        workers=1,
        database_pool_timeout=60,
        rate_limits=False,
        registration="token",
    )
    installed = install(settings, ("RS256",))
    installed.add_user()
    yield installed
    installed.services.close()


def party_with(server: Installation, **policy: Any) -> RelyingParty:
    return RelyingParty(server, *server.add_client(policy=policy))


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def refresh_tokens(server: Installation) -> list[RefreshToken]:
    with server.reading() as unit:
        return list(unit.session.scalars(select(RefreshToken).order_by(RefreshToken.issued_at)))


def assert_family_is_dead(server: Installation, party: RelyingParty, tokens: dict[str, Any]) -> None:
    assert party.introspect(tokens["access_token"]) == {"active": False}
    assert party.refresh(tokens["refresh_token"]).status == 400
    assert all(row.revoked_at is not None and row.successor_sealed is None for row in refresh_tokens(server))
    with server.reading() as unit:
        assert unit.session.scalar(select(func.count()).where(Grant.revoked_at.is_(None)).select_from(Grant)) == 0
    assert len(recorded(server, "GrantRevoked")) == 1


def test_one_code_is_redeemed_once_and_its_family_dies(server: Installation) -> None:
    party = party_with(server)
    code = party.code(scope=OFFLINE)
    answers = at_once(lambda: party.redeem(code))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}, [answer.text for answer in answers]
    assert {answer.json["error"] for answer in answers if answer.status == 400} == {"invalid_grant"}
    [won] = [answer.json for answer in answers if answer.status == 200]
    assert_family_is_dead(server, party, won)
    assert len(recorded(server, "TokensIssued")) == 1
    assert len(recorded(server, "SuspiciousActivityDetected")) == THREADS - 1


def test_one_refresh_token_with_grace_has_one_successor(server: Installation) -> None:
    party = party_with(server, refresh_grace=120)
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    answers = at_once(lambda: party.refresh(token))
    assert statuses(answers) == {200: THREADS}, [answer.text for answer in answers]
    [successor] = {answer.json["refresh_token"] for answer in answers}
    assert len(refresh_tokens(server)) == 2
    assert len({claims_of(answer.json["access_token"])["jti"] for answer in answers}) == THREADS
    assert Counter(event["repeated"] for event in recorded(server, "TokenRefreshed")) == {False: 1, True: THREADS - 1}
    assert party.refresh(successor).status == 200


def test_one_refresh_token_without_grace_is_used_once_and_its_family_dies(server: Installation) -> None:
    party = party_with(server, refresh_grace=0)
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    answers = at_once(lambda: party.refresh(token))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}, [answer.text for answer in answers]
    [won] = [answer.json for answer in answers if answer.status == 200]
    assert_family_is_dead(server, party, won)


def test_a_token_that_does_not_rotate_serves_everybody(server: Installation) -> None:
    party = party_with(server, rotate_refresh_tokens=False)
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    answers = at_once(lambda: party.refresh(token))
    assert statuses(answers) == {200: THREADS}, [answer.text for answer in answers]
    assert {answer.json["refresh_token"] for answer in answers} == {token}


def test_a_family_revoked_during_refreshes_stays_dead(server: Installation) -> None:
    party = party_with(server)
    first = party.tokens(scope=OFFLINE)
    works: list[Callable[[], Answer]] = [lambda: party.refresh(first["refresh_token"])] * (THREADS - 4)
    works += [lambda: party.ask("revoke", first["refresh_token"])] * 4
    answers = race(works)
    assert statuses(answers).keys() <= {200, 400}
    assert statuses(answers[-4:]) == {200: 4}
    assert "SuspiciousActivityDetected" not in {event["type"] for event in recorded(server)}
    for answer in answers[:-4]:
        if answer.status == 200:
            assert party.introspect(answer.json["access_token"]) == {"active": False}
            assert party.refresh(answer.json["refresh_token"]).status == 400


def test_one_access_token_is_revoked_once_and_everybody_hears_200(server: Installation) -> None:
    party = party_with(server)
    token = party.tokens()["access_token"]
    answers = at_once(lambda: party.ask("revoke", token))
    assert statuses(answers) == {200: THREADS}, [answer.text for answer in answers]
    with server.reading() as unit:
        assert unit.session.scalar(select(func.count()).select_from(RevokedToken)) == 1
    assert len(recorded(server, "AccessTokenRevoked")) == 1
    assert party.introspect(token) == {"active": False}


def test_one_proof_counts_once(server: Installation) -> None:
    client = server.add_client("machine", redirect_uris=(), grant_types=("client_credentials",), scopes=frozenset())
    party = RelyingParty(server, *client)
    proof = {"DPoP": DPoPKey().proof("POST", f"{server.settings.issuer}/oauth2/token")}
    answers = at_once(lambda: party.token_request(grant_type="client_credentials", headers=proof))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}, [answer.text for answer in answers]
    assert {answer.json["error"] for answer in answers if answer.status == 400} == {"invalid_dpop_proof"}


def test_one_assertion_of_a_client_is_used_once(server: Installation) -> None:
    signer = add_signer(server)
    assertion = signer.assertion()
    answers = at_once(lambda: signer.ask(assertion))
    assert statuses(answers) == {200: 1, 401: THREADS - 1}, [answer.text for answer in answers]
    assert {answer.json["error"] for answer in answers if answer.status == 401} == {"invalid_client"}


def test_one_assertion_about_a_person_is_used_once(server: Installation) -> None:
    party = RelyingParty(server, *server.add_client("service", redirect_uris=(), grant_types=(JWT_BEARER,)))
    upstream = Upstream(server)
    upstream.trust("service")
    assertion = upstream.assertion(str(server.users["alice"].id))
    answers = at_once(lambda: present(party, assertion))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}, [answer.text for answer in answers]
    assert {answer.json["error"] for answer in answers if answer.status == 400} == {"invalid_grant"}
    assert len(recorded(server, "TokensIssued")) == 1
    with server.reading() as unit:
        assert unit.session.scalar(select(func.count()).select_from(Grant)) == 1


def test_different_tokens_of_many_families_do_not_disturb_each_other(server: Installation) -> None:
    party = party_with(server)
    tokens = [party.tokens(scope=OFFLINE)["refresh_token"] for _ in range(8)]
    answers = race([lambda token=token: party.refresh(token) for token in tokens * 2])
    assert statuses(answers) == {200: 16}, [answer.text for answer in answers]
    assert len(refresh_tokens(server)) == 16


def test_an_initial_access_token_of_one_use_registers_one_client(server: Installation) -> None:
    issued = initial_access_tokens(server).create("default")
    answers = at_once(lambda: Registrant(server).ask(initial_token=issued.value))
    assert statuses(answers) == {201: 1, 401: THREADS - 1}, [answer.text for answer in answers]
    assert len(recorded(server, "ClientCreated")) == 1


def test_one_client_is_deleted_and_changed_at_once(server: Installation) -> None:
    registrant = Registrant(server)
    registrant.register(initial_token=initial_access_tokens(server).create("default").value)
    wanted = registrant.told | {"client_name": "Films"}
    works = [lambda: registrant.manage("DELETE"), lambda: registrant.manage("PUT", wanted)] * 4
    assert set(statuses(race(works))) <= {200, 204, 401}
    assert registrant.manage("GET").status == 401
