"""The unit of work: one transaction and a repository for each aggregate."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from authserver.storage.repositories.browsers import Browsers
from authserver.storage.repositories.clients import Clients, ClientSecrets
from authserver.storage.repositories.codes import AuthorizationCodes
from authserver.storage.repositories.consents import Consents
from authserver.storage.repositories.ephemeral import EphemeralValues
from authserver.storage.repositories.grants import Grants
from authserver.storage.repositories.interactions import Interactions
from authserver.storage.repositories.liveness import Liveness
from authserver.storage.repositories.refresh_tokens import RefreshTokens
from authserver.storage.repositories.refusals import Refusals
from authserver.storage.repositories.resources import Resources, Scopes
from authserver.storage.repositories.roles import Roles
from authserver.storage.repositories.sessions import Sessions
from authserver.storage.repositories.signing_keys import SigningKeys
from authserver.storage.repositories.tokens import AccessTokens, RevokedTokens
from authserver.storage.repositories.users import Users
from authserver.storage.repositories.versions import Versions
from authserver.storage.transaction import Transaction

if TYPE_CHECKING:
    from authserver.storage.repositories.audit import Audit
    from authserver.storage.repositories.outbox import Outbox
    from authserver.storage.repositories.user_keys import UserKeys


class Unit:
    """One transaction. Repositories are made when first asked for, all on the same connection."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self._afterwards: list[Callable[[], None]] = []

    @property
    def session(self) -> Session:
        """SQLAlchemy's session on this transaction."""
        return self.transaction.session

    def after_commit(self, work: Callable[[], None]) -> None:
        """Run `work` once this transaction is committed; never when it is not."""
        self._afterwards.append(work)

    def committed(self) -> None:
        """Run what waited for the commit."""
        for work in self._afterwards:
            work()

    def flush(self) -> None:
        """Send pending rows now, so that a unique violation shows where it can be told apart."""
        self.transaction.session.flush()

    @cached_property
    def users(self) -> Users:
        """People."""
        return Users(self.transaction)

    @cached_property
    def roles(self) -> Roles:
        """Roles and who has them."""
        return Roles(self.transaction)

    @cached_property
    def clients(self) -> Clients:
        """Registered clients."""
        return Clients(self.transaction)

    @cached_property
    def client_secrets(self) -> ClientSecrets:
        """Digests of client secrets."""
        return ClientSecrets(self.transaction)

    @cached_property
    def resources(self) -> Resources:
        """Protected resources."""
        return Resources(self.transaction)

    @cached_property
    def scopes(self) -> Scopes:
        """Registered scopes."""
        return Scopes(self.transaction)

    @cached_property
    def signing_keys(self) -> SigningKeys:
        """Signing keys."""
        return SigningKeys(self.transaction)

    @cached_property
    def browsers(self) -> Browsers:
        """Browsers."""
        return Browsers(self.transaction)

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions."""
        return Sessions(self.transaction)

    @cached_property
    def interactions(self) -> Interactions:
        """Interactions under way."""
        return Interactions(self.transaction)

    @cached_property
    def grants(self) -> Grants:
        """Grants."""
        return Grants(self.transaction)

    @cached_property
    def consents(self) -> Consents:
        """Remembered consents."""
        return Consents(self.transaction)

    @cached_property
    def codes(self) -> AuthorizationCodes:
        """Authorization codes."""
        return AuthorizationCodes(self.transaction)

    @cached_property
    def refresh_tokens(self) -> RefreshTokens:
        """Refresh tokens."""
        return RefreshTokens(self.transaction)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        """Opaque access tokens."""
        return AccessTokens(self.transaction)

    @cached_property
    def revoked_tokens(self) -> RevokedTokens:
        """Self-contained tokens that were revoked on their own."""
        return RevokedTokens(self.transaction)

    @cached_property
    def liveness(self) -> Liveness:
        """What stands behind tokens."""
        return Liveness(self.transaction)

    @cached_property
    def refusals(self) -> Refusals:
        """Explanations behind references."""
        return Refusals(self.transaction)

    @cached_property
    def versions(self) -> Versions:
        """Versions of snapshots."""
        return Versions(self.transaction)

    @cached_property
    def ephemeral(self) -> EphemeralValues:
        """Short-lived values."""
        return EphemeralValues(self.transaction)

    @cached_property
    def outbox(self) -> Outbox:
        """Events that wait for their subscribers."""
        from authserver.storage.repositories.outbox import Outbox

        return Outbox(self.transaction)

    @cached_property
    def audit(self) -> Audit:
        """The audit trail and the lease of its writer."""
        from authserver.storage.repositories.audit import Audit

        return Audit(self.transaction)

    @cached_property
    def user_keys(self) -> UserKeys:
        """The keys under which personal data in events is sealed."""
        from authserver.storage.repositories.user_keys import UserKeys

        return UserKeys(self.transaction)
