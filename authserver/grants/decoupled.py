"""Grants whose person is elsewhere: the client polls until the person has decided (RFC 8628 §3.4, CIBA Core §10)."""

from __future__ import annotations

from typing import ClassVar, Generic

from authserver.access import resources as access_resources
from authserver.crypto.handles import Kind
from authserver.events.catalog import TokensIssued
from authserver.grants.phases import Phases, Redemption
from authserver.issuing.authorization import Authorization
from authserver.issuing.liveness import session_is_open, why_dead
from authserver.issuing.refreshing import is_due
from authserver.protocol import validity
from authserver.protocol.errors import AccessDenied, AuthorizationPending, ExpiredToken, InvalidGrant, Refused, SlowDown
from authserver.storage.models.grants import Grant
from authserver.storage.repositories.backing import Backed
from authserver.storage.repositories.decoupled import DecoupledRequests, Waiting
from authserver.storage.unit import Unit

WORDS = "What the application polls with is not valid."
SLOWER_BY = 5
"""Seconds by which the interval grows each time (RFC 8628 §3.5)."""
LENIENCY = 0.5
"""Seconds by which a poll may come early: a client's clock and the way to us are not exact."""


class Decoupled(Phases, Generic[Waiting]):
    """Find, then tell how it stands; once it is allowed, consume atomically and mint.

    `parameter` names what the client polls with, `kind` is that handle's kind.
    """

    GRANT_TYPE: str
    parameter: ClassVar[str]
    kind: ClassVar[Kind]

    def requests(self, unit: Unit) -> DecoupledRequests[Waiting]:  # noqa: ARG002 - which table is the grant's own
        """The table of this grant's requests."""
        raise AssertionError("every grant has its own table")

    def validate_token_request(self) -> None:
        """What the client polls with is there."""
        self.request.required(self.parameter)

    def redeem(self, unit: Unit) -> Redemption:
        """Tokens, once the person has allowed it; until then how the request stands, as a refusal."""
        found = self._find(unit)
        waiting, grant = found.row, found.grant
        self._check_over(waiting)
        if waiting.decided_at is None:
            raise self._pending(waiting)
        if grant is None:
            raise AccessDenied("The person refused the request.", reason="denied_by_user", spec="RFC 8628 §3.5")
        in_session = self._check_live(found, grant)
        granted = frozenset(grant.scope.split()) & self._allowed()
        audience = self._audience(grant, granted)
        if not self.requests(unit).consume(waiting.digest):
            raise _used()
        return self._authorize(unit, found, granted, audience, in_session=in_session)

    def _find(self, unit: Unit) -> Backed[Waiting]:
        digest = self.services.handles.digest(self.kind, self.request.required(self.parameter))
        found = self.requests(unit).presented(digest) if digest is not None else None
        if found is None:
            raise InvalidGrant(WORDS, reason="polled_request_unknown", spec="RFC 6749 §5.2")
        issued_to = found.row.client_id
        if issued_to != self.request.client.id:
            details = {"issued_to": issued_to}
            raise InvalidGrant(WORDS, reason="polled_request_of_other_client", spec="RFC 6749 §5.2", details=details)
        return found

    def _check_over(self, waiting: Waiting) -> None:
        if waiting.consumed_at is not None:
            raise _used()
        if waiting.is_expired:
            raise ExpiredToken(
                "The request has expired. Start again.", reason="polled_request_expired", spec="RFC 8628 §3.5"
            )

    def _pending(self, waiting: Waiting) -> Refused:
        """Not decided yet. Whether the poll was in time is decided as it is written down: of two at once one was."""
        request_id, interval, requests = waiting.id, waiting.interval, self.requests

        def note(unit: Unit) -> SlowDown | None:
            if requests(unit).poll(request_id, validity.after(interval - LENIENCY)):
                return None
            slower = interval + SLOWER_BY
            requests(unit).slow_down(request_id, SLOWER_BY, validity.after(slower - LENIENCY))
            return SlowDown(
                f"The application polls too often. Wait {slower} seconds before the next request.",
                reason="polled_too_often",
                spec="RFC 8628 §3.5",
            )

        pending = AuthorizationPending(
            "The person has not decided yet.", reason="authorization_pending", spec="RFC 8628 §3.5"
        )
        return Refused(pending, note)

    def _check_live(self, found: Backed[Waiting], grant: Grant) -> bool:
        """Whether tokens belong to the session in which it was allowed; offline grants live on without it."""
        reason = why_dead(found.standing, grant_id=grant.id, in_session=False)
        if reason is not None or found.standing is None:
            raise InvalidGrant(WORDS, reason=reason or "client_unknown", spec="RFC 6749 §5.2")
        return session_is_open(found.standing)

    def _audience(self, grant: Grant, granted: frozenset[str]) -> tuple[str, ...]:
        """The token request may narrow what was authorized, never widen it (RFC 8707 §2.2)."""
        return access_resources.redeemed(
            self.request.resources,
            grant.resources,
            scopes=granted,
            client=self.request.client,
            snapshot=self.services.catalog.current(),
            issuer=self.services.issuer,
        )

    def _authorize(
        self,
        unit: Unit,
        found: Backed[Waiting],
        granted: frozenset[str],
        audience: tuple[str, ...],
        *,
        in_session: bool,
    ) -> Redemption:
        services, client, grant = self.services, self.request.client, found.grant
        if grant is None:
            raise AssertionError("what was allowed has a grant")
        refresh_token = None
        if is_due(client, granted):
            refresh_token = services.refresh_tokens.first(
                unit, grant, client, scope=grant.scope, cnf=self.request.refresh_cnf
            )
        authorization = services.subjects.authorization(
            unit,
            grant,
            found.user,
            client,
            grant_type=self.GRANT_TYPE,
            granted=granted,
            scopes=access_resources.narrow(granted, audience, services.catalog.current(), services.issuer),
            audience=audience,
            nonce=None,
            refresh_token=refresh_token,
            in_session=in_session,
        )
        return Redemption(authorization, self._event(authorization, grant))

    def _event(self, authorization: Authorization, grant: Grant) -> TokensIssued:
        return TokensIssued(
            user_id=grant.user_id,
            client_id=grant.client_id,
            session_id=grant.session_id,
            grant_id=grant.id,
            grant_type=self.GRANT_TYPE,
            family_id=grant.id if authorization.refresh_token else None,
            scopes=tuple(sorted(authorization.scopes)),
            audience=authorization.audience,
        )


def _used() -> InvalidGrant:
    return InvalidGrant(WORDS, reason="polled_request_used", spec="RFC 6749 §5.2")
