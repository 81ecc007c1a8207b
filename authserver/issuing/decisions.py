"""What a person decides elsewhere: the one way in which a waiting request becomes a grant or a refusal.

The device page and the approvals decide through here alone, so that a request is
answered once, by somebody who is signed in, with a grant that is like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from authserver.access import authorization_details
from authserver.access.catalog import ResourceCatalog
from authserver.clients.directory import Client
from authserver.events.catalog import ConsentDenied, ConsentGranted
from authserver.events.outbox import Recorder
from authserver.protocol.errors import InvalidRequest, UnmetAuthenticationRequirements
from authserver.protocol.policy import CHOICES
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import Grant
from authserver.storage.models.sessions import Session
from authserver.storage.repositories.decoupled import DecoupledRequests, Waiting
from authserver.storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, and by which authentication."""

    user_id: str
    session_id: str
    organization_id: str | None
    auth_time: datetime | None
    acr: str
    amr: tuple[str, ...]

    @classmethod
    def of(cls, session: Session) -> Decider:
        """Whoever is signed in in this session."""
        amr = tuple(session.amr)
        return cls(session.user_id, session.id, session.organization_id, session.auth_time, session.acr, amr)


def is_waiting(request: Waiting) -> bool:
    """Whether a request still waits for its answer."""
    return request.decided_at is None and not request.is_expired


class Decisions:
    """Allows and denies, in the caller's transaction."""

    def __init__(self, recorder: Recorder, catalog: ResourceCatalog) -> None:
        self._recorder = recorder
        self._catalog = catalog

    def allow(
        self,
        unit: Unit,
        requests: DecoupledRequests[Waiting],
        request: Waiting,
        client: Client,
        decider: Decider,
        *,
        scopes: frozenset[str],
    ) -> Grant:
        """Grant `scopes` of what was asked for, and all of it that is in detail. It is remembered for nothing but
        this request.

        Raises:
            InvalidAuthorizationDetails: the client may not ask for such details any more.
            InvalidRequest: it was answered meanwhile, or is over.
            UnmetAuthenticationRequirements: the person signed in with less than the client demands.
        """
        _check_acr(client, decider)
        authorization_details.check(request.authorization_details or (), client, self._catalog.current())
        grant = unit.grants.add(self._grant(request, decider, scopes))
        if not requests.decide(request.id, grant.id):
            raise _decided()
        self._recorder.record(
            unit,
            ConsentGranted(
                user_id=decider.user_id,
                client_id=request.client_id,
                session_id=decider.session_id,
                grant_id=grant.id,
                scopes=tuple(sorted(scopes)),
                resources=tuple(request.resources),
            ),
        )
        return grant

    def deny(self, unit: Unit, requests: DecoupledRequests[Waiting], request: Waiting, decider: Decider) -> None:
        """Refuse everything. Raises InvalidRequest as `allow` does."""
        if not requests.decide(request.id, None):
            raise _decided()
        self._recorder.record(
            unit,
            ConsentDenied(
                user_id=decider.user_id,
                client_id=request.client_id,
                session_id=decider.session_id,
                scopes=tuple(sorted(request.scope.split())),
            ),
        )

    def _grant(self, request: Waiting, decider: Decider, scopes: frozenset[str]) -> Grant:
        return frozen(Grant).new(
            client_id=request.client_id,
            user_id=decider.user_id,
            session_id=decider.session_id,
            organization_id=decider.organization_id,
            offline="offline_access" in scopes,
            scope=" ".join(sorted(scopes)),
            resources=list(request.resources),
            authorization_details=request.authorization_details,
            auth_time=decider.auth_time,
            acr=decider.acr,
            amr=list(decider.amr),
        )


def _decided() -> InvalidRequest:
    return InvalidRequest(
        "This request was answered already, or is over.", reason="request_decided", spec="RFC 8628 §3.3"
    )


def _check_acr(client: Client, decider: Decider) -> None:
    rising, required = CHOICES["required_acr"], client.policy.required_acr
    if rising.index(required) > rising.index(decider.acr):
        raise UnmetAuthenticationRequirements(
            f"The application requires authentication of level {required}.",
            reason="acr_not_reached",
            spec="OIDC Unmet Authentication Requirements §2",
            setting=f"client {client.id}: policy required_acr={required}",
        )
