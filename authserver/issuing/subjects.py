"""From a grant to what tokens say about its subject."""

from __future__ import annotations

from authserver.clients.directory import Client
from authserver.identity import profiles
from authserver.issuing.authorization import Authorization
from authserver.protocol.errors import InvalidGrant
from authserver.storage.models.grants import Grant
from authserver.storage.models.users import User
from authserver.storage.unit import Unit
from authserver.tokens import access_tokens

ROLES_SCOPE = "roles"
EMAIL_SCOPE = "email"


class SubjectClaims:
    """Says which claims of the person behind a grant go where."""

    def authorization(
        self,
        unit: Unit,
        grant: Grant,
        user: User | None,
        client: Client,
        *,
        grant_type: str,
        granted: frozenset[str],
        scopes: frozenset[str],
        audience: tuple[str, ...],
        nonce: str | None,
        refresh_token: str | None,
        in_session: bool,
    ) -> Authorization:
        """What the mint needs for tokens of this grant.

        Args:
            user: the person behind the grant, where there is one.
            granted: what the person allowed, which the ID token follows.
            scopes: what of it the access token is for.

        Raises:
            InvalidGrant: the person was deleted a moment ago.
        """
        if user is None and grant.user_id is not None:
            raise InvalidGrant("The person behind the grant is gone.", reason="user_deleted", spec="RFC 6749 §5.2")
        return Authorization(
            grant_type=grant_type,
            client=client,
            scopes=scopes,
            audience=audience,
            subject=grant.user_id,
            grant_id=grant.id,
            session_id=grant.session_id if in_session else None,
            auth_time=grant.auth_time,
            acr=grant.acr,
            amr=tuple(grant.amr),
            nonce=nonce,
            cnf=grant.cnf,
            authorization_details=tuple(grant.authorization_details or ()),
            refresh_token=refresh_token,
            with_id_token="openid" in granted,
            user_claims=self._access_token_claims(unit, user, client, scopes) if user else {},
            id_token_claims=self._id_token_claims(user, grant, client, granted) if user else {},
        )

    def _access_token_claims(self, unit: Unit, user: User, client: Client, scopes: frozenset[str]) -> dict[str, object]:
        """email, username, roles and org, by granted scope or for first-party clients.

        Who has no user name signs in with the address, which then needs the scope of an address too.
        """
        knows_address = client.first_party or EMAIL_SCOPE in scopes
        person: dict[str, object] = {
            "email": user.email,
            "username": user.username or (user.email if knows_address else None),
            "org": user.organization_id,
        }
        if client.first_party or ROLES_SCOPE in scopes:
            person["roles"] = unit.roles.names_of(user.id)
        return access_tokens.released(person, scopes, first_party=client.first_party, pairwise=client.is_pairwise)

    def _id_token_claims(self, user: User, grant: Grant, client: Client, scopes: frozenset[str]) -> dict[str, object]:
        """What the request asked to have here, one by one (OIDC Core §5.5).

        Claims asked for by scope stay at UserInfo unless the client's policy wants them here (§5.4).
        """
        by_scope = scopes if client.policy.id_token_claims else frozenset()
        return profiles.claims_for(user, by_scope, (grant.claims or {}).get("id_token"))
