"""The client credentials grant (RFC 6749 §4.4): a client acts for itself."""

from __future__ import annotations

from typing import ClassVar

from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from authserver.access import authorization_details
from authserver.access import resources as access_resources
from authserver.access import scopes as access_scopes
from authserver.grants.phases import Phases
from authserver.issuing.authorization import Authorization
from authserver.protocol.errors import InvalidScope

PERSONAL_SCOPES = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})


class ClientCredentials(Phases, ClientCredentialsGrant):  # type: ignore[misc]
    """Confidential clients only, no refresh token, `sub` is the client id."""

    needs_transaction: ClassVar[bool] = False
    public_clients: ClassVar[bool] = False

    def validate_token_request(self) -> None:
        """There is nobody whose profile could be asked for."""
        asked = frozenset((self.request.form.get("scope") or "").split())
        if asked & PERSONAL_SCOPES:
            raise InvalidScope(
                "Scopes about a person need a person: use the authorization code flow.", reason="scope_needs_user"
            )

    def assess(self) -> Authorization:
        """What the client may do for itself: the scopes asked for, or all of its own."""
        client, snapshot = self.request.client, self.services.catalog.current()
        asked = self.request.form.get("scope")
        scopes = access_scopes.resolve(asked, client, snapshot)
        audience = access_resources.audience(self.request.resources, client, snapshot, self.services.issuer)
        kept = access_resources.narrow(scopes, audience, snapshot, self.services.issuer)
        if asked is not None and not kept:
            raise InvalidScope(
                "None of the scopes belongs to what the token would be for: name their resource in the request.",
                reason="scope_of_other_resource",
                spec="RFC 8707 §2",
                setting=f"client {client.id}: default_resource",
            )
        details = self.request.form.get("authorization_details")
        return Authorization(
            grant_type=self.GRANT_TYPE,
            client=client,
            scopes=kept,
            audience=audience,
            authorization_details=authorization_details.parse(details, client, snapshot) if details else (),
        )
