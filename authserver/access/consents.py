"""What a person allowed a client, remembered: scopes and resources.

`access` and `clients` are siblings, so a client is here what its id and policy say.
"""

from __future__ import annotations

from typing import Protocol

from authserver.events.catalog import ConsentGranted, ConsentRevoked, GrantRevoked
from authserver.events.outbox import Recorder
from authserver.protocol.policy import ClientPolicy
from authserver.storage.models.grants import Consent
from authserver.storage.unit import Unit

CLAIM = "claim:"
"""Stands before the name of a single claim, which could otherwise be a scope's."""


class ConsentingClient(Protocol):
    """What is asked of a client here."""

    @property
    def id(self) -> str: ...
    @property
    def policy(self) -> ClientPolicy: ...


def missing(
    unit: Unit,
    user_id: str,
    client: ConsentingClient,
    *,
    scopes: frozenset[str],
    resources: frozenset[str],
    claims: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """The scopes, resource URIs and single claims that the person has not allowed this client yet.

    Policy decides what counts: `always` asks each time, `skip` never.
    """
    rule = client.policy.consent
    if rule == "skip":
        return frozenset()
    wanted = scopes | resources | {CLAIM + name for name in claims}
    if rule == "always":
        return wanted
    consent = unit.consents.find(user_id, client.id)
    return wanted if consent is None else wanted - allowed(consent)


def allowed(consent: Consent) -> frozenset[str]:
    """What a remembered consent allows, as `missing` names it."""
    claims = (CLAIM + name for name in (consent.claims or {}).get("names", ()))
    return frozenset((*consent.scope.split(), *consent.resources, *claims))


def remember(
    unit: Unit,
    recorder: Recorder,
    user_id: str,
    client: ConsentingClient,
    *,
    scopes: frozenset[str],
    resources: frozenset[str] = frozenset(),
    claims: frozenset[str] = frozenset(),
    session_id: str | None = None,
    wanted: bool = True,
) -> None:
    """Record what the person allowed; remember it where that is `wanted` and policy says so."""
    remembered = wanted and client.policy.consent == "remember"
    if remembered:
        unit.consents.remember(user_id, client.id, scopes, resources, claims)
    recorder.record(
        unit,
        ConsentGranted(
            user_id=user_id,
            client_id=client.id,
            session_id=session_id,
            scopes=tuple(sorted(scopes)),
            resources=tuple(sorted(resources)),
            claims=tuple(sorted(claims)),
            remembered=remembered,
        ),
    )


def revoke(unit: Unit, recorder: Recorder, user_id: str, client_id: str, *, actor_id: str | None = None) -> int:
    """Forget what a person allowed a client and revoke its grants; returns how many grants ended."""
    forgotten = unit.consents.revoke(user_id, client_id)
    ended = unit.grants.revoke_of_consent(user_id, client_id, "consent_revoked")
    if forgotten:
        recorder.record(unit, ConsentRevoked(user_id=user_id, client_id=client_id, actor_id=actor_id))
    if ended:
        recorder.record(
            unit, GrantRevoked(reason="consent_revoked", user_id=user_id, client_id=client_id, actor_id=actor_id)
        )
    return ended
