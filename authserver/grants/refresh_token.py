"""The refresh token grant (RFC 6749 §6), with rotation, grace and reuse detection (RFC 9700 §4.14)."""

from __future__ import annotations

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from authserver.access import resources as access_resources
from authserver.events.catalog import TokenRefreshed
from authserver.grants.phases import Phases, Redemption
from authserver.issuing.authorization import Authorization
from authserver.issuing.liveness import session_is_open, why_dead
from authserver.issuing.refreshing import Successor
from authserver.protocol import validity
from authserver.protocol.errors import InvalidGrant, InvalidScope, Refused
from authserver.storage.models.grants import Grant
from authserver.storage.models.grants import RefreshToken as TokenRow
from authserver.storage.repositories.backing import Backed
from authserver.storage.repositories.liveness import Standing
from authserver.storage.unit import Unit

WORDS = "The refresh token is not valid."


class RefreshToken(Phases, RefreshTokenGrant):  # type: ignore[misc]
    """Every check is made again at every use, repeats within the grace included."""

    def validate_token_request(self) -> None:
        """refresh_token is there."""
        self.request.required("refresh_token")

    def redeem(self, unit: Unit) -> Redemption:
        """Exchange a refresh token for its successor's worth."""
        presented = self.request.required("refresh_token")
        found = self._find(unit, presented)
        row, grant = found.row, found.grant
        # First of all: a stranger who holds the token without its key cannot end the family by using it twice.
        self.check_key(row.cnf)
        if grant is None or row.revoked_at is not None:
            raise InvalidGrant(WORDS, reason="family_revoked", spec="RFC 9700 §4.14.2")
        in_session = self._check_live(grant, found.standing)
        self._check_expiry(row)
        # Before what is asked for is looked at: a used token is a used token, whatever comes with it.
        repeated = self._repeated(unit, presented, row) if row.consumed_at is not None else None
        granted = frozenset(row.scope.split())
        audience, scopes = self._narrowed(row, granted)
        successor = repeated or self._used(unit, presented, row)
        authorization = self.services.subjects.authorization(
            unit,
            grant,
            found.user,
            self.request.client,
            grant_type=self.GRANT_TYPE,
            granted=granted & self._allowed(),
            scopes=scopes,
            audience=audience,
            nonce=None,
            refresh_token=successor.value,
            in_session=in_session,
        )
        return Redemption(authorization, self._event(authorization, grant, successor, presented))

    def _event(
        self, authorization: Authorization, grant: Grant, successor: Successor, presented: str
    ) -> TokenRefreshed:
        return TokenRefreshed(
            user_id=grant.user_id,
            client_id=grant.client_id,
            session_id=grant.session_id,
            grant_id=grant.id,
            family_id=grant.id,
            rotated=successor.value != presented and not successor.repeated,
            repeated=successor.repeated,
            scopes=tuple(sorted(authorization.scopes)),
            audience=authorization.audience,
        )

    def _find(self, unit: Unit, presented: str) -> Backed[TokenRow]:
        found = self.services.refresh_tokens.presented(unit, presented)
        if found is None:
            raise InvalidGrant(WORDS, reason="refresh_token_unknown", spec="RFC 6749 §5.2")
        issued_to = found.row.client_id
        if issued_to != self.request.client.id:
            raise InvalidGrant(
                WORDS, reason="refresh_token_of_other_client", spec="RFC 6749 §6", details={"issued_to": issued_to}
            )
        return found

    def _check_live(self, grant: Grant, standing: Standing | None) -> bool:
        reason = why_dead(standing, grant_id=grant.id, in_session=False)
        if reason is not None or standing is None:
            raise InvalidGrant(WORDS, reason=reason or "client_unknown", spec="RFC 6749 §5.2")
        return session_is_open(standing)

    def _check_expiry(self, row: TokenRow) -> None:
        if validity.is_past(row.family_expires_at):
            raise InvalidGrant("The refresh token has expired.", reason="refresh_token_too_old", spec="RFC 6749 §5.2")
        if row.is_expired and row.consumed_at is None:
            raise InvalidGrant(
                "The refresh token has expired.", reason="refresh_token_unused_too_long", spec="RFC 9700 §4.14.2"
            )

    def _narrowed(self, row: TokenRow, granted: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
        """Less than was granted may be asked for, never more (RFC 6749 §6, RFC 8707 §2.2).

        A scope that the client has lost since is left out.
        """
        client, snapshot, issuer = self.request.client, self.services.catalog.current(), self.services.issuer
        asked = self.request.form.get("scope")
        scopes = granted if asked is None else frozenset(asked.split())
        if not scopes <= granted:
            raise InvalidScope(
                "A scope was not part of what was granted.", reason="scope_wider_than_granted", spec="RFC 6749 §6"
            )
        scopes &= self._allowed()
        audience = access_resources.redeemed(
            self.request.resources, row.resources, scopes=scopes, client=client, snapshot=snapshot, issuer=issuer
        )
        return audience, access_resources.narrow(scopes, audience, snapshot, issuer)

    def _used(self, unit: Unit, presented: str, row: TokenRow) -> Successor:
        """Use the token, unless another request was faster: then this one is a repeat."""
        client, issuer = self.request.client, self.services.refresh_tokens
        if client.policy.rotate_refresh_tokens:
            used = issuer.rotate(unit, presented, row, client, cnf=row.cnf or self.request.refresh_cnf)
        else:
            used = issuer.keep(unit, presented, row, client)
        return used or self._repeated(unit, presented, unit.refresh_tokens.reread(row.id))

    def _repeated(self, unit: Unit, presented: str, row: TokenRow | None) -> Successor:
        """What a token that was used before is due: the same successor, or the end of its family."""
        row = _of_living_family(row)
        successor = self.services.refresh_tokens.repeat(unit, presented, row, self.request.client)
        if successor is None:
            # The family may have been revoked between the two reads; that its successor is dead is no sign of a thief.
            _of_living_family(unit.refresh_tokens.reread(row.id))
            raise self._reused(row)
        return successor

    def _reused(self, row: TokenRow) -> Refused:
        """A rotated token came back: it leaked, or its successor did. The whole family ends (RFC 9700 §4.14.2)."""
        family_id, reuse = row.family_id, self.services.reuse
        ends_session = self.request.client.policy.reuse_ends_session
        return Refused(
            InvalidGrant(WORDS, reason="refresh_token_reused", spec="RFC 9700 §4.14.2", details={"family": family_id}),
            lambda unit: reuse.end(unit, family_id, "refresh_token_reused", ends_session=ends_session),
        )


def _of_living_family(row: TokenRow | None) -> TokenRow:
    if row is None or row.revoked_at is not None:
        raise InvalidGrant(WORDS, reason="family_revoked", spec="RFC 9700 §4.14.2")
    return row
