"""Who is trusted to speak for people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from authserver.access.assertion_issuers import IssuerRegistration, TrustedIssuer
from authserver.protocol.errors import ConflictError, NotFound, ValidationError
from tests.installation import Installation
from tests.outbox import recorded

ISSUER = TrustedIssuer("https://upstream.example", frozenset({"app"}), jwks={"keys": []})


@pytest.fixture
def registration(server: Installation) -> IssuerRegistration:
    """Registers issuers on a server with the client `app`."""
    server.add_client()
    return IssuerRegistration(server.services.database, server.services.recorder, server.settings.issuer)


def test_an_issuer_is_trusted_until_it_is_removed(server: Installation, registration: IssuerRegistration) -> None:
    known = server.services.trusted_issuers
    registration.create(ISSUER)
    known.forget()
    assert known.find(ISSUER.id) == ISSUER
    with pytest.raises(ConflictError):
        registration.create(ISSUER)
    registration.delete(ISSUER.id)
    known.forget()
    assert known.find(ISSUER.id) is None
    with pytest.raises(NotFound):
        registration.delete(ISSUER.id)


def test_an_issuer_that_was_switched_off_is_not_trusted(server: Installation, registration: IssuerRegistration) -> None:
    registration.create(ISSUER)
    with server.unit() as unit:
        [row] = unit.assertion_issuers.all()
        row.enabled = False
    server.services.trusted_issuers.forget()
    assert server.services.trusted_issuers.find(ISSUER.id) is None


def test_whom_people_trust_is_recorded(server: Installation, registration: IssuerRegistration) -> None:
    registration.create(ISSUER)
    registration.delete(ISSUER.id)
    told = [recorded(server, f"AssertionIssuer{what}") for what in ("Created", "Deleted")]
    assert [[event["issuer"] for event in events] for events in told] == [[ISSUER.id]] * 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"jwks": {}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "OKP", "d": "private"}]}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "OKP", "kid": "a\0b"}]}}, "jwks"),
        ({"id": "http://127.0.0.1:8000"}, "id"),
        ({"jwks": None}, "jwks"),
        ({"jwks_uri": "https://x.example/jwks"}, "jwks"),
        ({"jwks": None, "jwks_uri": "ftp://x"}, "jwks_uri"),
        ({"algorithms": frozenset()}, "algorithms"),
        ({"algorithms": frozenset({"none"})}, "algorithms"),
        ({"audience": "anybody"}, "audience"),
        ({"subject": "name"}, "subject"),
        ({"max_lifetime": 3601}, "max_lifetime"),
        ({"max_lifetime": 0}, "max_lifetime"),
        ({"id": "x" * 2049}, "id"),
        ({"clients": frozenset()}, "clients"),
        ({"clients": frozenset({"nobody"})}, "clients"),
    ],
)
def test_what_cannot_be_trusted_is_refused(
    registration: IssuerRegistration, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        registration.create(replace(ISSUER, **changes))
    assert refused.value.field == field
