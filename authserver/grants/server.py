"""The frame of the token endpoint.

Authlib registers and finds the grants; its `create_token_response` is replaced
because it looks for the grant before the client, and saves new tokens before
it consumes the old credential.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import UnsupportedGrantTypeError

from authserver.access import authorization_details
from authserver.clients.authentication import ClientAuthentication
from authserver.clients.directory import Client
from authserver.events.catalog import ClientTokenIssued
from authserver.events.spool import Spool, SpoolUnavailable
from authserver.grants.phases import GrantServices, Phases
from authserver.grants.sender_constraint import SenderConstraint
from authserver.grants.turn import Turn, read_form
from authserver.issuing.authorization import Authorization, TokenSet
from authserver.issuing.mint import Mint
from authserver.protocol.errors import (
    InvalidClient,
    TemporarilyUnavailable,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from authserver.protocol.messages import Request
from authserver.storage.database import Database


class TokenServer(AuthorizationServer):
    """The token endpoint's phases, in order, around whichever grant is asked for."""

    def __init__(
        self,
        database: Database,
        authentication: ClientAuthentication,
        constraint: SenderConstraint,
        *,
        mint: Mint,
        spool: Spool,
        services: GrantServices,
    ) -> None:
        super().__init__()
        self.services = services
        self._database = database
        self._authentication = authentication
        self._constraint = constraint
        self._mint = mint
        self._spool = spool

    @property
    def grant_types(self) -> tuple[str, ...]:
        """The grants that are registered, for metadata: read where Authlib's frame looks them up."""
        return tuple(grant.GRANT_TYPE for grant, _ in cast("Any", self)._token_grants)

    def offer(self, grant: type[Phases]) -> None:
        """Register a grant with Authlib's frame, and so with metadata."""
        self.register_grant(cast("Any", grant))

    def authenticate(self, request: Request, *, begins: bool = False) -> Client:
        """The client that asks, proven by exactly one method; `begins` is that of `ClientAuthentication`.

        Raises:
            InvalidClient: none proved itself.
        """
        return self._authentication.authenticate(request, begins=begins).client

    def create_token_response(self, request: Request, client: Client) -> TokenSet:  # type: ignore[override]
        """Answer a token request of an authenticated client.

        Raises:
            ProtocolError: the request is refused; effects of the refusal are committed.
        """
        form = read_form(request)
        turn = Turn(request, form, client, self._constraint.establish(request, client))
        grant = self._find_grant(turn)
        grant.validate_token_request()
        if grant.needs_transaction:
            self._mint.check_readable(client)
            return self._database.retrying(lambda: self._redeem(grant))
        return self._redeem_without_trace(grant)

    def _find_grant(self, turn: Turn) -> Phases:
        turn.required("grant_type")
        try:
            grant = cast("Phases", self.get_token_grant(cast("Any", turn)))
        except UnsupportedGrantTypeError as error:
            raise UnsupportedGrantType(
                "This grant_type is not supported.", reason="grant_type_unknown", spec="RFC 6749 §5.2"
            ) from error
        name = cast("Any", grant).GRANT_TYPE
        if name not in turn.client.policy.grant_types:
            raise UnauthorizedClient(
                "The application may not use this grant_type.",
                reason="grant_type_not_allowed",
                spec="RFC 6749 §5.2",
                setting=f"client {turn.client.id}: grant_types",
            )
        if turn.client.is_public and not grant.public_clients:
            raise UnauthorizedClient(
                "A public client may not use this grant_type.", reason="grant_needs_secret", spec="RFC 6749 §4.4"
            )
        return grant

    def _redeem(self, grant: Phases) -> TokenSet:
        """Consume, store and tell in one transaction; sign after it, so that no lock waits for a signature."""
        with self._database.unit() as unit:
            redemption = grant.redeem(unit)
            prepared = self._mint.prepare(unit, _settled(redemption.authorization, grant))
            self.services.recorder.record(unit, replace(redemption.event, token_id=prepared.jti))
        return self._mint.finish(prepared)

    def _redeem_without_trace(self, grant: Phases) -> TokenSet:
        """A self-contained client token has no row; its event is a line in the spool, written before the answer."""
        authorization = _settled(grant.assess(), grant)
        standing = self._database.hot_reads.read(authorization.client.id, None, None)
        if standing is None or not standing.client_enabled:
            raise InvalidClient("Client authentication failed.", reason="client_disabled", spec="RFC 6749 §5.2")
        if self._mint.needs_row(authorization):
            return self._store_client_token(authorization)
        prepared = self._mint.prepare(None, authorization)
        try:
            self._spool.append(_client_event(authorization, prepared.jti, prepared.expires_in))
        except SpoolUnavailable as error:
            raise TemporarilyUnavailable(
                "The token cannot be recorded at the moment. Try again.",
                reason="spool_unavailable",
                spec="RFC 6749 §4.1.2.1",
            ) from error
        return self._mint.finish(prepared)

    def _store_client_token(self, authorization: Authorization) -> TokenSet:
        with self._database.unit() as unit:
            prepared = self._mint.prepare(unit, authorization)
            self.services.recorder.record(unit, _client_event(authorization, prepared.jti, prepared.expires_in))
        return self._mint.finish(prepared)


def _settled(authorization: Authorization, grant: Phases) -> Authorization:
    """What every grant shares: no more detail than is asked for now (RFC 9396 §6.1), and the sender's keys."""
    asked = grant.request.form.get("authorization_details")
    details = authorization_details.narrowed(asked, authorization.authorization_details)
    return (
        _bound(replace(authorization, authorization_details=details), grant)
        if details
        else _bound(authorization, grant)
    )


def _bound(authorization: Authorization, grant: Phases) -> Authorization:
    """The authorization with the keys that its tokens are bound to: those of the sender, whichever grant it used."""
    cnf = grant.request.sender.cnf
    return authorization if cnf is None else replace(authorization, cnf=cnf)


def _client_event(authorization: Authorization, jti: str, expires_in: int) -> ClientTokenIssued:
    return ClientTokenIssued(
        client_id=authorization.client.id,
        token_id=jti,
        scopes=tuple(sorted(authorization.scopes)),
        audience=authorization.audience,
        expires_in=expires_in,
    )
