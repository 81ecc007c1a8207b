"""The authorization code grant (RFC 6749 §4.1.3)."""

from __future__ import annotations

import hmac

from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from authserver.access import resources as access_resources
from authserver.crypto.handles import Kind
from authserver.events.catalog import TokensIssued
from authserver.grants.phases import Phases, Redemption
from authserver.issuing.authorization import Authorization
from authserver.issuing.liveness import why_dead
from authserver.issuing.refreshing import is_due
from authserver.protocol import pkce
from authserver.protocol.errors import InvalidGrant, Refused
from authserver.protocol.redirect_uris import matches_registered
from authserver.storage.models.grants import AuthorizationCode as CodeRow
from authserver.storage.models.grants import Grant
from authserver.storage.repositories.backing import Backed
from authserver.storage.repositories.liveness import Standing
from authserver.storage.unit import Unit

WORDS = "The authorization code is not valid."


class AuthorizationCode(Phases, AuthorizationCodeGrant):  # type: ignore[misc]
    """Prove possession, then consume atomically, then mint.

    Replay is handled only after redirect URI and verifier match, so that a
    stranger who holds a code cannot revoke its owner's tokens; consumption
    comes before minting, so that a crash costs a retry and never a duplicate.
    """

    def validate_token_request(self) -> None:
        """code and redirect_uri are there; a verifier has the right form."""
        self.request.required("code")
        self.request.required("redirect_uri")
        verifier = self.request.form.get("code_verifier")
        if verifier is not None and not pkce.is_verifier(verifier):
            raise InvalidGrant(
                "code_verifier must be 43 to 128 unreserved characters.",
                reason="pkce_verifier_malformed",
                spec="RFC 7636 §4.1",
            )

    def redeem(self, unit: Unit) -> Redemption:
        """Exchange the code for its grant."""
        found = self._find(unit)
        code, grant = found.row, found.grant
        self._check_possession(code)
        if grant is None:
            raise InvalidGrant(WORDS, reason="grant_unknown", spec="RFC 6749 §5.2")
        if code.consumed_at is not None:
            raise self._replayed(grant)
        if code.is_expired:
            raise InvalidGrant("The authorization code has expired.", reason="code_expired", spec="RFC 6749 §4.1.2")
        self._check_live(grant, found.standing)
        self._check_registration(code)
        granted = frozenset(code.scope.split()) & self._allowed()
        audience = self._audience(grant, granted)
        if not unit.codes.consume(code.digest):
            raise self._replayed(grant)
        return self._authorize(unit, found, grant, granted, audience)

    def _find(self, unit: Unit) -> Backed[CodeRow]:
        digest = self.services.handles.digest(Kind.CODE, self.request.required("code"))
        found = unit.codes.presented(digest) if digest is not None else None
        if found is None:
            raise InvalidGrant(WORDS, reason="code_unknown", spec="RFC 6749 §5.2")
        issued_to = found.row.client_id
        if issued_to != self.request.client.id:
            raise InvalidGrant(
                WORDS, reason="code_of_other_client", spec="RFC 6749 §4.1.3", details={"issued_to": issued_to}
            )
        return found

    def _check_possession(self, code: CodeRow) -> None:
        self.check_key(code.cnf)
        if not hmac.compare_digest(code.redirect_uri.encode(), self.request.required("redirect_uri").encode()):
            raise InvalidGrant(
                "redirect_uri is not the one of the authorization request.",
                reason="redirect_uri_mismatch",
                spec="RFC 6749 §4.1.3",
                details={"expected": code.redirect_uri},
            )
        verifier = self.request.form.get("code_verifier")
        if code.code_challenge is None:
            if verifier is not None:
                # A challenge that was stripped on the way would otherwise go unnoticed (RFC 9700 §4.8.2).
                raise InvalidGrant(
                    "There was no code_challenge to verify.", reason="pkce_downgrade", spec="RFC 9700 §4.8.2"
                )
            return
        if verifier is None:
            raise InvalidGrant(
                "The parameter code_verifier is missing.", reason="pkce_verifier_missing", spec="RFC 7636 §4.5"
            )
        if not pkce.verify(verifier, code.code_challenge):
            raise InvalidGrant("code_verifier does not match.", reason="pkce_mismatch", spec="RFC 7636 §4.6")

    def _check_live(self, grant: Grant, standing: Standing | None) -> None:
        reason = why_dead(standing, grant_id=grant.id, in_session=True)
        if reason is not None:
            raise InvalidGrant(WORDS, reason=reason, spec="RFC 6749 §5.2")

    def _check_registration(self, code: CodeRow) -> None:
        """What the client registered may have changed since the code was issued; what it says now counts."""
        client = self.request.client
        if not matches_registered(code.redirect_uri, client.redirect_uris, native=client.application_type == "native"):
            raise InvalidGrant(
                "redirect_uri is not registered any more.",
                reason="redirect_uri_removed",
                spec="RFC 9700 §4.1.3",
                setting=f"client {client.id}: redirect_uris",
            )
        if code.code_challenge is None and pkce.is_required(client.policy.pkce, is_public=client.is_public):
            raise InvalidGrant(
                "The application must use PKCE now. Start again with a code_challenge.",
                reason="pkce_required_meanwhile",
                spec="RFC 9700 §2.1.1",
                setting=f"client {client.id}: policy pkce={client.policy.pkce}",
            )

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
        self, unit: Unit, found: Backed[CodeRow], grant: Grant, granted: frozenset[str], audience: tuple[str, ...]
    ) -> Redemption:
        services, client, code = self.services, self.request.client, found.row
        scopes = access_resources.narrow(granted, audience, services.catalog.current(), services.issuer)
        refresh_token = None
        if is_due(client, granted):
            refresh_token = services.refresh_tokens.first(
                unit, grant, client, scope=code.scope, cnf=self.request.refresh_cnf
            )
        authorization = services.subjects.authorization(
            unit,
            grant,
            found.user,
            client,
            grant_type=self.GRANT_TYPE,
            granted=granted,
            scopes=scopes,
            audience=audience,
            nonce=code.nonce,
            refresh_token=refresh_token,
            in_session=True,
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

    def _replayed(self, grant: Grant) -> Refused:
        """A second use by whoever proved possession: the code leaked, so what it yielded ends (RFC 6749 §4.1.2)."""
        grant_id, reuse = grant.id, self.services.reuse
        ends_session = self.request.client.policy.reuse_ends_session
        return Refused(
            InvalidGrant(WORDS, reason="code_replayed", spec="RFC 6749 §4.1.2", details={"grant": grant_id}),
            lambda unit: reuse.end(unit, grant_id, "code_replayed", ends_session=ends_session),
        )
