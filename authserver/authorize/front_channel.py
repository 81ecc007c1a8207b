"""Tokens that the authorization endpoint hands out itself: the implicit and hybrid flows (OIDC Core §3.2, §3.3).

Stored inside the transaction, signed after it, like those of the token
endpoint and by the same mint.
"""

from __future__ import annotations

from dataclasses import replace

from authserver.access import resources as access_resources
from authserver.access.catalog import ResourceCatalog
from authserver.authorize.context import Context
from authserver.authorize.situation import Situation
from authserver.events.catalog import TokensIssued
from authserver.events.outbox import Recorder
from authserver.identity import profiles
from authserver.issuing.authorization import Authorization
from authserver.issuing.mint import Mint, Prepared
from authserver.issuing.subjects import SubjectClaims
from authserver.protocol import responses
from authserver.protocol.policy import IMPLICIT
from authserver.storage.models.grants import Grant
from authserver.storage.models.users import User
from authserver.storage.unit import Unit


class FrontChannel:
    """Prepares and finishes what of an answer is a token."""

    def __init__(
        self, issuer: str, catalog: ResourceCatalog, subjects: SubjectClaims, mint: Mint, recorder: Recorder
    ) -> None:
        self._issuer = issuer
        self._catalog = catalog
        self._subjects = subjects
        self._mint = mint
        self._recorder = recorder

    def prepare(self, unit: Unit, situation: Situation, grant: Grant, code: str | None) -> Prepared | None:
        """What the response type wants besides a code; None for `code` alone."""
        context = situation.context
        if not context.wants(responses.ID_TOKEN) and not context.wants(responses.TOKEN):
            return None
        authorization = self._authorization(unit, context, situation.user, grant)
        prepared = self._mint.prepare(unit, replace(authorization, code=code, state=context.get("state")))
        self._recorder.record(unit, _event(authorization, grant, prepared.jti))
        return prepared

    def finish(self, prepared: Prepared) -> tuple[tuple[str, str], ...]:
        """The parameters of the answer: each token with what belongs to it (RFC 6749 §4.2.2, OIDC Core §3.2.2.5)."""
        tokens = self._mint.finish(prepared)
        found: list[tuple[str, str]] = []
        if prepared.authorization.with_access_token:
            found += [
                ("access_token", tokens.access_token),
                ("token_type", tokens.token_type),
                ("expires_in", str(tokens.expires_in)),
                ("scope", tokens.scope),
            ]
        if tokens.id_token is not None:
            found.append(("id_token", tokens.id_token))
        return tuple(found)

    def _authorization(self, unit: Unit, context: Context, user: User | None, grant: Grant) -> Authorization:
        client, snapshot = context.verified_client, self._catalog.current()
        granted = frozenset(grant.scope.split())
        audience = access_resources.redeemed(
            (), grant.resources, scopes=granted, client=client, snapshot=snapshot, issuer=self._issuer
        )
        authorization = self._subjects.authorization(
            unit,
            grant,
            user,
            client,
            grant_type=IMPLICIT,
            granted=granted,
            scopes=access_resources.narrow(granted, audience, snapshot, self._issuer),
            audience=audience,
            nonce=grant.nonce,
            refresh_token=None,
            in_session=True,
        )
        authorization = replace(
            authorization,
            with_id_token=context.wants(responses.ID_TOKEN),
            with_access_token=context.wants(responses.TOKEN),
        )
        if context.response_type != responses.ID_TOKEN or user is None:
            return authorization
        # Without an access token there is no UserInfo, so that the ID token has it all (OIDC Core §5.4).
        by_scope = profiles.claims_for(user, granted)
        return replace(authorization, id_token_claims={**by_scope, **authorization.id_token_claims})


def _event(authorization: Authorization, grant: Grant, jti: str) -> TokensIssued:
    return TokensIssued(
        user_id=grant.user_id,
        client_id=grant.client_id,
        session_id=grant.session_id,
        grant_id=grant.id,
        grant_type=IMPLICIT,
        token_id=jti if authorization.with_access_token else None,
        scopes=tuple(sorted(authorization.scopes)),
        audience=authorization.audience,
    )
