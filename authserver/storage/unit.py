"""The unit of work: one transaction and a repository for each aggregate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from authserver.storage.repositories.assertion_issuers import AssertionIssuers
from authserver.storage.repositories.audit import Audit
from authserver.storage.repositories.authorization_types import AuthorizationTypes
from authserver.storage.repositories.browsers import Browsers
from authserver.storage.repositories.clients import Clients, ClientSecrets
from authserver.storage.repositories.codes import AuthorizationCodes
from authserver.storage.repositories.consents import Consents
from authserver.storage.repositories.decoupled import BackchannelRequests, DeviceRequests
from authserver.storage.repositories.ephemeral import EphemeralValues
from authserver.storage.repositories.grants import Grants
from authserver.storage.repositories.initial_access_tokens import InitialAccessTokens
from authserver.storage.repositories.installation_keys import InstallationKeys
from authserver.storage.repositories.interactions import Interactions
from authserver.storage.repositories.liveness import Liveness
from authserver.storage.repositories.logout_deliveries import LogoutDeliveries
from authserver.storage.repositories.outbox import Outbox
from authserver.storage.repositories.pushed_requests import PushedRequests
from authserver.storage.repositories.refresh_tokens import RefreshTokens
from authserver.storage.repositories.refusals import Refusals
from authserver.storage.repositories.resources import Resources, Scopes
from authserver.storage.repositories.roles import Roles
from authserver.storage.repositories.sessions import Sessions
from authserver.storage.repositories.signing_keys import SigningKeys
from authserver.storage.repositories.tokens import AccessTokens, RevokedTokens
from authserver.storage.repositories.user_keys import UserKeys
from authserver.storage.repositories.users import Users
from authserver.storage.repositories.versions import Versions
from authserver.storage.transaction import Transaction

Made = TypeVar("Made")


class _On(Generic[Made]):
    """A repository on the unit's transaction, made when it is first asked for and an attribute from then on.

    `functools.cached_property` would take a lock each time, which a unit, used by one thread, does not need.
    """

    def __init__(self, repository: Callable[[Transaction], Made]) -> None:
        self._repository = repository
        self._name = ""

    def __set_name__(self, owner: type[Unit], name: str) -> None:
        self._name = name

    def __get__(self, unit: Unit, owner: type[Unit]) -> Made:
        made = unit.__dict__[self._name] = self._repository(unit.transaction)
        return made


class Unit:
    """One transaction with every repository on the same connection."""

    users = _On(Users)
    roles = _On(Roles)
    clients = _On(Clients)
    client_secrets = _On(ClientSecrets)
    initial_access_tokens = _On(InitialAccessTokens)
    resources = _On(Resources)
    scopes = _On(Scopes)
    assertion_issuers = _On(AssertionIssuers)
    authorization_types = _On(AuthorizationTypes)
    signing_keys = _On(SigningKeys)
    installation_keys = _On(InstallationKeys)
    browsers = _On(Browsers)
    sessions = _On(Sessions)
    interactions = _On(Interactions)
    grants = _On(Grants)
    consents = _On(Consents)
    codes = _On(AuthorizationCodes)
    device_requests = _On(DeviceRequests)
    backchannel_requests = _On(BackchannelRequests)
    pushed_requests = _On(PushedRequests)
    refresh_tokens = _On(RefreshTokens)
    access_tokens = _On(AccessTokens)
    revoked_tokens = _On(RevokedTokens)
    liveness = _On(Liveness)
    refusals = _On(Refusals)
    versions = _On(Versions)
    ephemeral = _On(EphemeralValues)
    outbox = _On(Outbox)
    logout_deliveries = _On(LogoutDeliveries)
    audit = _On(Audit)
    user_keys = _On(UserKeys)

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
