"""The refresh token grant (RFC 6749 §6), with rotation, grace and reuse detection (RFC 9700 §4.14)."""

from __future__ import annotations

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from authserver.access import resources as access_resources
from authserver.events.catalog import TokenRefreshed
from authserver.grants.phases import Phases
from authserver.issuing.authorization import Authorization
from authserver.issuing.liveness import session_is_open, why_dead
from authserver.issuing.refreshing import Successor
from authserver.protocol import validity
from authserver.protocol.errors import InvalidGrant, InvalidScope, InvalidTarget, Refused
from authserver.storage.models.grants import Grant
from authserver.storage.models.grants import RefreshToken as TokenRow
from authserver.storage.unit import Unit

WORDS = "The refresh token is not valid."


class RefreshToken(Phases, RefreshTokenGrant):  # type: ignore[misc]
    """Every check is made again at every use, repeats within the grace included."""

    def validate_token_request(self) -> None:
        """refresh_token is there."""
        self.request.required("refresh_token")

    def redeem(self, unit: Unit) -> Authorization:
        """Exchange a refresh token for its successor's worth."""
        presented = self.request.required("refresh_token")
        row = self._find(unit, presented)
        grant = unit.grants.find(row.grant_id)
        if grant is None or row.revoked_at is not None:
            raise InvalidGrant(WORDS, reason="family_revoked")
        in_session = self._check_live(unit, grant)
        self._check_expiry(row)
        audience, scopes = self._narrowed(row)
        successor = self._successor(unit, presented, row, grant)
        self.services.recorder.record(
            unit,
            TokenRefreshed(
                user_id=grant.user_id,
                client_id=row.client_id,
                session_id=grant.session_id,
                grant_id=grant.id,
                family_id=row.family_id,
                rotated=successor.value != presented and not successor.repeated,
                repeated=successor.repeated,
                scopes=tuple(sorted(scopes)),
                audience=audience,
            ),
        )
        return self.services.subjects.authorization(
            unit,
            grant,
            self.request.client,
            grant_type=self.GRANT_TYPE,
            scopes=scopes,
            audience=audience,
            nonce=None,
            refresh_token=successor.value,
            with_id_token="openid" in row.scope.split(),
            in_session=in_session,
        )

    def _find(self, unit: Unit, presented: str) -> TokenRow:
        row = self.services.refresh_tokens.find(unit, presented)
        if row is None:
            raise InvalidGrant(WORDS, reason="refresh_token_unknown")
        if row.client_id != self.request.client.id:
            raise InvalidGrant(WORDS, reason="refresh_token_of_other_client", details={"issued_to": row.client_id})
        return row

    def _check_live(self, unit: Unit, grant: Grant) -> bool:
        standing = unit.liveness.read(grant.client_id, grant.id, None)
        reason = why_dead(standing, grant_id=grant.id, in_session=False)
        if reason is not None or standing is None:
            raise InvalidGrant(WORDS, reason=reason or "client_unknown")
        return session_is_open(standing)

    def _check_expiry(self, row: TokenRow) -> None:
        if validity.is_past(row.family_expires_at):
            raise InvalidGrant("The refresh token has expired.", reason="refresh_token_too_old")
        if row.is_expired and row.consumed_at is None:
            raise InvalidGrant("The refresh token has expired.", reason="refresh_token_unused_too_long")

    def _narrowed(self, row: TokenRow) -> tuple[tuple[str, ...], frozenset[str]]:
        """Less than was granted may be asked for, never more (RFC 6749 §6, RFC 8707 §2.2)."""
        services, client = self.services, self.request.client
        granted = frozenset(row.scope.split())
        asked_scope = self.request.form.get("scope")
        scopes = granted if asked_scope is None else frozenset(asked_scope.split())
        if not scopes <= granted:
            raise InvalidScope("A scope was not part of what was granted.", reason="scope_wider_than_granted")
        snapshot = services.catalog.current()
        allowed = access_resources.audience(tuple(row.resources), client, snapshot, services.issuer)
        audience = self.request.resources or access_resources.with_issuer(allowed, scopes, services.issuer)
        if self.request.resources and not set(self.request.resources) <= set(allowed):
            raise InvalidTarget("A resource was not part of the authorization.", reason="resource_not_authorized")
        return audience, access_resources.narrow(scopes, audience, snapshot, services.issuer)

    def _successor(self, unit: Unit, presented: str, row: TokenRow, grant: Grant) -> Successor:
        client, issuer = self.request.client, self.services.refresh_tokens
        if not client.policy.rotate_refresh_tokens and row.consumed_at is None:
            unit.refresh_tokens.extend(
                row.id, min(validity.after(client.policy.refresh_idle_ttl), row.family_expires_at)
            )
            return Successor(presented)
        successor = issuer.rotate(unit, presented, row, client) if row.consumed_at is None else None
        if successor is None:
            fresh = self._reread(unit, row)
            successor = issuer.repeat(unit, presented, fresh)
        if successor is None:
            raise self._reused(row, grant)
        return successor

    def _reread(self, unit: Unit, row: TokenRow) -> TokenRow:
        """What the request that was faster wrote."""
        unit.session.refresh(row)
        return row

    def _reused(self, row: TokenRow, grant: Grant) -> Refused:
        """A rotated token came back: it leaked, or its successor did. The whole family ends (RFC 9700 §4.14.2)."""
        ends_session, reuse = self.request.client.policy.reuse_ends_session, self.services.reuse
        return Refused(
            InvalidGrant(
                WORDS, reason="refresh_token_reused", spec="RFC 9700 §4.14.2", details={"family": row.family_id}
            ),
            lambda unit: reuse.end(unit, grant, "refresh_token_reused", ends_session=ends_session),
        )
