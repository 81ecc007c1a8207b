"""The JWT bearer grant (RFC 7523 §2.1): a trusted issuer's assertion stands for a person."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from authlib.oauth2.rfc7523 import JWTBearerGrant

from authserver.access import resources as access_resources
from authserver.access import scopes as access_scopes
from authserver.events.catalog import TokensIssued
from authserver.grants.phases import Phases, Redemption
from authserver.issuing.jwt_assertions import Assertion
from authserver.issuing.liveness import why_dead
from authserver.protocol.errors import InvalidGrant, InvalidScope
from authserver.protocol.identifiers import new_id
from authserver.protocol.policy import JWT_BEARER
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import Grant
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

LOGIN_SCOPES = frozenset({"openid", "offline_access"})
"""They tell of a login and of coming back without one; an assertion is neither."""


class JWTBearer(Phases, JWTBearerGrant):  # type: ignore[misc]
    """Verify the assertion, use it up, mint: for confidential clients that the issuer's registration names.

    There is no refresh token: whoever can have an assertion can have another (RFC 7521 §4.1).
    """

    GRANT_TYPE = JWT_BEARER
    public_clients: ClassVar[bool] = False
    assertion: Assertion

    def validate_token_request(self) -> None:
        """The assertion is good; keys may have to be fetched for that, so it is done before the transaction."""
        value = self.request.required("assertion")
        if LOGIN_SCOPES.intersection((self.request.form.get("scope") or "").split()):
            raise InvalidScope(
                "openid and offline_access need a login: use the authorization code flow.",
                reason="scope_needs_login",
                spec="OIDC Core §3.1.2.1",
            )
        self.assertion = self.services.assertions.verify(value, self.request.client.id)

    def redeem(self, unit: Unit) -> Redemption:
        """Use the assertion up, find the person, and make a grant of its own."""
        client, services = self.request.client, self.services
        services.assertions.consume(unit, self.assertion)
        user = services.assertions.person(unit, self.assertion)
        snapshot = services.catalog.current()
        asked = self.request.form.get("scope")
        audience = access_resources.audience(self.request.resources, client, snapshot, services.issuer)
        scopes = access_resources.narrow(
            access_scopes.resolve(asked, client, snapshot), audience, snapshot, services.issuer
        )
        if asked is not None and not scopes:
            raise InvalidScope(
                "None of the scopes belongs to what the token would be for.",
                reason="scope_of_other_audience",
                spec="RFC 8707 §2",
            )
        grant = self._grant(unit, user, scopes, audience)
        authorization = services.subjects.authorization(
            unit,
            grant,
            user,
            client,
            grant_type=self.GRANT_TYPE,
            granted=scopes,
            scopes=scopes,
            audience=audience,
            nonce=None,
            refresh_token=None,
            in_session=False,
        )
        event = TokensIssued(
            user_id=user.id,
            client_id=client.id,
            grant_id=grant.id,
            grant_type=self.GRANT_TYPE,
            scopes=tuple(sorted(scopes)),
            audience=audience,
        )
        return Redemption(replace(authorization, with_id_token=False), event)

    def _grant(self, unit: Unit, user: User, scopes: frozenset[str], audience: tuple[str, ...]) -> Grant:
        """A grant that needs no session; refused where client or person may do nothing now."""
        client = self.request.client
        grant = unit.grants.add(
            frozen(Grant).new(
                id=new_id(),
                client_id=client.id,
                user_id=user.id,
                organization_id=user.organization_id,
                offline=True,
                scope=" ".join(sorted(scopes)),
                resources=[uri for uri in audience if uri != self.services.issuer],
                amr=[],
            )
        )
        dead = why_dead(unit.liveness.read(client.id, grant.id, None), grant_id=grant.id, in_session=False)
        if dead is not None:
            raise InvalidGrant(
                "The assertion is good for nothing now.",
                reason="assertion_subject_dead",
                spec="RFC 7523 §3.1",
                details={"because": dead},
            )
        return grant
