"""Changes of scopes and trusted issuers at the same moment, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from authserver.access import hierarchy
from authserver.access.assertion_issuers import IssuerRegistration, TrustedIssuer
from authserver.access.registration import AccessRegistration
from authserver.protocol.errors import NotFound, ValidationError
from authserver.settings import Settings
from tests.installation import Installation, install
from tests.threads import race

Outcome = str


@pytest.fixture(params=range(5), autouse=True, ids=lambda number: f"attempt {number + 1}")
def attempt(request: pytest.FixtureRequest) -> int:
    """Each race is run some times: what is won by chance is not won always."""
    return int(request.param)


@pytest.fixture
def server(migrated_url: str, make_settings: Callable[..., Settings]) -> Iterator[Installation]:
    """A whole server with a connection for each thread."""
    settings = make_settings(database_url=migrated_url, database_pool_size=30, workers=1, database_pool_timeout=60)
    installed = install(settings, ("RS256",))
    yield installed
    installed.services.close()


@pytest.fixture
def registration(server: Installation) -> AccessRegistration:
    """Changes the scopes of the server."""
    return AccessRegistration(server.services.database, server.services.recorder, server.settings.issuer)


def told(change: Callable[[], object]) -> Callable[[], Outcome]:
    """The change as a word about how it ended; what is no refusal is raised."""

    def tell() -> Outcome:
        try:
            change()
        except (NotFound, ValidationError) as refusal:
            return type(refusal).__name__
        return "done"

    return tell


def implied(server: Installation) -> dict[str, list[str]]:
    with server.reading() as unit:
        return {scope.name: list(scope.implies) for scope in unit.scopes.all()}


def test_no_scope_implies_one_that_went_at_the_same_moment(
    server: Installation, registration: AccessRegistration
) -> None:
    base, new = "base", tuple(f"new-{number}" for number in range(7))
    registration.create_scope(base)
    creations = [told(lambda name=name: registration.create_scope(name, implies=(base,))) for name in new]
    outcomes = race([told(lambda: registration.delete_scope(base)), *creations])
    assert outcomes[0] == "done"
    assert set(outcomes) <= {"done", "ValidationError"}
    stored = implied(server)
    assert base not in stored
    assert not [name for name in new if base in stored.get(name, ())]


def test_two_scopes_do_not_come_to_imply_each_other(server: Installation, registration: AccessRegistration) -> None:
    one, other = "one", "other"
    registration.create_scope(one)
    registration.create_scope(other)
    changes = [
        told(lambda: registration.update_scope(one, implies=(other,))),
        told(lambda: registration.update_scope(other, implies=(one,))),
    ]
    assert sorted(race(changes)) == ["ValidationError", "done"]
    stored = implied(server)
    assert hierarchy.implied_by(one, stored) ^ hierarchy.implied_by(other, stored) in ({one}, {other})


def test_a_scope_that_is_changed_and_removed_is_gone(server: Installation, registration: AccessRegistration) -> None:
    name = "scope"
    registration.create_scope(name)
    changes = [told(lambda index=index: registration.update_scope(name, description=f"{index}")) for index in range(7)]
    outcomes = race([told(lambda: registration.delete_scope(name)), *changes])
    assert outcomes[0] == "done"
    assert set(outcomes) <= {"done", "NotFound"}
    assert name not in implied(server)


def test_an_issuer_that_is_switched_and_removed_is_gone(server: Installation) -> None:
    server.add_client()
    issuers = IssuerRegistration(server.services.database, server.services.recorder, server.settings.issuer)
    issuer = "https://issuer.example"
    issuers.create(TrustedIssuer(issuer, frozenset({"app"}), jwks={"keys": []}))
    switches = [told(lambda on=on: issuers.switch(issuer, on=on)) for on in (False, True, False, True)]
    outcomes = race([told(lambda: issuers.delete(issuer)), *switches])
    assert outcomes[0] == "done"
    assert set(outcomes) <= {"done", "NotFound"}
    with server.reading() as unit:
        assert unit.assertion_issuers.find(issuer) is None
