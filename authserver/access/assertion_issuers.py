"""Issuers whose assertions are taken as grants (RFC 7523 §2.1): who they are, and what they may say for whom.

Trust is one row: whose keys, for which audience, how their `sub` finds a person,
how long an assertion may live, and which clients may present it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from authserver.events.catalog import (
    AssertionIssuerCreated,
    AssertionIssuerDeleted,
    AssertionIssuerDisabled,
    AssertionIssuerEnabled,
)
from authserver.events.outbox import Recorder
from authserver.protocol import key_sets, uris
from authserver.protocol.errors import NotFound, ValidationError
from authserver.protocol.policy import SIGNING_ALGORITHMS
from authserver.storage.database import Database
from authserver.storage.models.assertion_issuers import AssertionIssuer
from authserver.storage.snapshots import watch
from authserver.storage.unit import Unit

KIND: Final = "assertion_issuers"
"""The version that rises with every change."""

AUDIENCES: Final = ("issuer", "endpoint")
SUBJECTS: Final = ("id", "email")
SHORTEST, LONGEST = 10, 3600
LONGEST_ID = 2048


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """What is registered of an issuer.

    Attributes:
        id: its `iss`.
        clients: who may present its assertions.
        jwks, jwks_uri: its public keys, or where they are; one of the two.
        algorithms: what it signs with.
        audience: whether an assertion names our issuer alone, or may name the token endpoint or several.
        subject: whether its `sub` is the id of a person here, or the verified address of one.
        max_lifetime: seconds until the latest `exp` that is taken.
    """

    id: str
    clients: frozenset[str] = frozenset()
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    algorithms: frozenset[str] = field(default_factory=lambda: frozenset(SIGNING_ALGORITHMS))
    audience: str = "issuer"
    subject: str = "id"
    max_lifetime: int = 300


class TrustedIssuers:
    """The current registrations, at most a second old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watch = watch(database)
        self._lock = threading.Lock()
        self._known: tuple[int, Mapping[str, TrustedIssuer]] = (-1, MappingProxyType({}))

    def find(self, issuer: str) -> TrustedIssuer | None:
        """The issuer with this identifier."""
        version = self._watch.version(KIND)
        if self._known[0] != version:
            with self._lock, self._database.reading_aside() as unit:
                found = {row.id: _value(row) for row in unit.assertion_issuers.all() if row.enabled}
                self._known = (version, MappingProxyType(found))
        return self._known[1].get(issuer)

    def forget(self) -> None:
        """Read anew, because this process itself changed something."""
        self._known = (-1, MappingProxyType({}))
        self._watch.expire()


class IssuerRegistration:
    """Every change of who is trusted: validated, versioned, recorded."""

    def __init__(self, database: Database, recorder: Recorder, own: str) -> None:
        self._database = database
        self._recorder = recorder
        self._own = own

    def create(self, wanted: TrustedIssuer, *, actor_id: str | None = None) -> AssertionIssuer:
        """Trust an issuer.

        Raises:
            ValidationError: something cannot be accepted; `field` names it.
            ConflictError: it is registered already.
        """
        with self._database.unit() as unit:
            unit.versions.bump(KIND)
            self._check(unit, wanted)
            row = unit.assertion_issuers.add(_row(wanted))
            self._recorder.record(unit, AssertionIssuerCreated(issuer=wanted.id, actor_id=actor_id))
            return row

    def delete(self, issuer: str, *, actor_id: str | None = None) -> None:
        """Trust an issuer no longer; tokens that its assertions yielded live on. Raises NotFound."""
        with self._database.unit() as unit:
            unit.versions.bump(KIND)
            if not unit.assertion_issuers.delete(issuer):
                raise NotFound("there is no such issuer")
            self._recorder.record(unit, AssertionIssuerDeleted(issuer=issuer, actor_id=actor_id))

    def switch(self, issuer: str, *, on: bool, actor_id: str | None = None) -> AssertionIssuer:
        """Take assertions of an issuer again, or none until then. Raises NotFound."""
        with self._database.unit() as unit:
            unit.versions.bump(KIND)  # First, which waits for whoever is changing or removing the same issuer.
            row = unit.assertion_issuers.find(issuer)
            if row is None:
                raise NotFound("there is no such issuer")
            if row.enabled is not on:
                row.enabled = on
                event = AssertionIssuerEnabled if on else AssertionIssuerDisabled
                self._recorder.record(unit, event(issuer=issuer, actor_id=actor_id))
            return row

    def _check(self, unit: Unit, wanted: TrustedIssuer) -> None:
        if not 0 < len(wanted.id) <= LONGEST_ID or not wanted.id.isprintable() or wanted.id == self._own:
            raise ValidationError("an issuer has an identifier of printable characters, not this server's", field="id")
        if (wanted.jwks is None) == (wanted.jwks_uri is None):
            raise ValidationError("an issuer has its keys in jwks or at jwks_uri", field="jwks")
        if wanted.jwks is not None:
            key_sets.check_public(wanted.jwks)
        if wanted.jwks_uri is not None:
            uris.check_web_uri(wanted.jwks_uri, "jwks_uri")
        if not wanted.algorithms or wanted.algorithms - set(SIGNING_ALGORITHMS):
            raise ValidationError(f"algorithms takes some of {', '.join(SIGNING_ALGORITHMS)}", field="algorithms")
        _check_choice("audience", wanted.audience, AUDIENCES)
        _check_choice("subject", wanted.subject, SUBJECTS)
        if not SHORTEST <= wanted.max_lifetime <= LONGEST:
            raise ValidationError(f"max_lifetime takes {SHORTEST} to {LONGEST} seconds", field="max_lifetime")
        if not wanted.clients:
            raise ValidationError("an issuer names the clients that may present its assertions", field="clients")
        for client_id in sorted(wanted.clients):
            if unit.clients.find(client_id) is None:
                raise ValidationError(f"there is no client {client_id}", field="clients")


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValidationError(f"{name} takes {' or '.join(allowed)}", field=name)


def _row(wanted: TrustedIssuer) -> AssertionIssuer:
    return AssertionIssuer(
        id=wanted.id,
        jwks=None if wanted.jwks is None else dict(wanted.jwks),
        jwks_uri=wanted.jwks_uri,
        algorithms=sorted(wanted.algorithms),
        audience=wanted.audience,
        subject=wanted.subject,
        max_lifetime=wanted.max_lifetime,
        clients=sorted(wanted.clients),
    )


def _value(row: AssertionIssuer) -> TrustedIssuer:
    return TrustedIssuer(
        id=row.id,
        clients=frozenset(row.clients),
        jwks=row.jwks,
        jwks_uri=row.jwks_uri,
        algorithms=frozenset(row.algorithms),
        audience=row.audience,
        subject=row.subject,
        max_lifetime=row.max_lifetime,
    )
