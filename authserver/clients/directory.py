"""Clients as every request sees them: immutable values in a bounded memory, at most a second old."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, cast

from authserver.clients import extensions
from authserver.clients.extensions import Extensions
from authserver.clients.policy import policy_of
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol import validity
from authserver.protocol.policy import CIBA, PROFILES, ClientPolicy
from authserver.storage.database import Database
from authserver.storage.models.clients import ClientRecord, ClientSecret
from authserver.storage.snapshots import CLIENTS, watch
from authserver.storage.unit import Unit

KIND = CLIENTS
"""The version that rises with every change of a client."""

CAPACITY = 4096
"""Clients that a process remembers; the least recently used one is forgotten."""

NO_AUTHENTICATION = "none"
PAIRWISE = "pairwise"

OPERATOR = "operator"
Origin = Literal["operator", "token", "anonymous", "document"]
"""Who registered a client: an administrator, itself with an initial access token or without, its metadata document."""


class ClientSource(Protocol):
    """Where clients are found by id."""

    def find(self, client_id: str, /) -> Client | None:
        """The client with this id, enabled or not."""


@dataclass(frozen=True, slots=True)
class SecretDigest:
    """What is known of one secret, and when it counts."""

    digest: bytes
    not_before: datetime
    expires_at: datetime | None
    sealed: bytes | None = None

    def is_good_at(self, moment: datetime) -> bool:
        """Whether the secret is accepted at `moment`."""
        return self.not_before <= moment and (self.expires_at is None or moment < self.expires_at)


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. What is *live* is asked of the database where a token is minted or called active."""

    id: str
    name: str
    enabled: bool
    policy: ClientPolicy
    auth_method: str
    application_type: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    resources: tuple[str, ...]
    default_resource: str | None
    origins: frozenset[str]
    secret_digests: tuple[SecretDigest, ...]
    logo_uri: str | None
    policy_uri: str | None
    tos_uri: str | None
    client_uri: str | None
    first_party: bool
    profile: str
    version: int
    organization_id: str | None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    extensions: Extensions = extensions.NONE
    origin: Origin = "operator"

    @property
    def is_self_registered(self) -> bool:
        """Whether no administrator registered it: it may use what is open to such clients, and people are asked."""
        return self.origin != OPERATOR

    @property
    def is_public(self) -> bool:
        """Whether the client has nothing to prove itself with (RFC 6749 §2.1)."""
        return self.auth_method == NO_AUTHENTICATION

    @property
    def is_pairwise(self) -> bool:
        """Whether the client knows people by names of its sector alone (OIDC Core §8)."""
        return self.extensions.subject_type == PAIRWISE

    @property
    def authorization_details_types(self) -> tuple[str, ...]:
        """The types of authorization details that it registered (RFC 9396 §10)."""
        return self.extensions.authorization_details_types

    @property
    def grant_types(self) -> frozenset[str]:
        """The grants it registered."""
        return self.policy.grant_types

    @property
    def response_types(self) -> frozenset[str]:
        """The response types it registered."""
        return self.policy.response_types

    @property
    def may_ask_in_background(self) -> bool:
        """Whether it may ask people who are elsewhere, and be answered (CIBA Core §4)."""
        return self.enabled and CIBA in self.grant_types


class ClientDirectory:
    """Finds clients by id.

    Args:
        profiles: base policies by name, where settings change those of the product (`policy.profiles`).
    """

    def __init__(
        self,
        database: Database,
        client_secrets: ClientSecrets,
        profiles: Mapping[str, ClientPolicy] = PROFILES,
        capacity: int = CAPACITY,
    ) -> None:
        self.client_secrets = client_secrets
        self._database = database
        self._watch = watch(database)
        self._profiles = profiles
        self._capacity = capacity
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, Client]] = OrderedDict()
        self._origins: tuple[int, frozenset[str]] = (-1, frozenset())

    def find(self, client_id: str) -> Client | None:
        """The client with this id, enabled or not. Unknown ids are not remembered: strangers choose them."""
        version = self._watch.version(KIND)
        found = self._known.get(client_id)
        if found is None or found[0] != version:
            return self._load(client_id, version)
        with suppress(KeyError):  # another thread may have dropped it just now
            self._known.move_to_end(client_id)
        return found[1]

    def origins(self) -> frozenset[str]:
        """Every origin that some enabled client registered, for preflights, which name no client."""
        version = self._watch.version(KIND)
        if self._origins[0] != version:
            with self._database.reading_aside() as unit:
                self._origins = (version, unit.clients.origins())
        return self._origins[1]

    def forget(self) -> None:
        """Read everything anew, because this process itself changed a client."""
        with self._lock:
            self._known.clear()
        self._origins = (-1, frozenset())
        self._watch.expire()

    def _load(self, client_id: str, version: int) -> Client | None:
        if not (client_id.isascii() and client_id.isprintable()):
            # Nobody's id (RFC 6749 appendix A.1), and a NUL is nothing that every database can be asked for.
            return None
        with self._database.reading_aside() as unit:
            record = unit.clients.find(client_id)
            secrets = unit.client_secrets.unexpired(client_id) if record is not None else []
            opened = open_to(unit) if record is not None and record.origin != OPERATOR else NOTHING
        with self._lock:
            if record is None:
                self._known.pop(client_id, None)
                return None
            # A row read after the version was is at least as new, so it may carry that version.
            client = snapshot(record, secrets, self._profiles, opened)
            self._known[client_id] = (version, client)
            self._known.move_to_end(client_id)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return client


@dataclass(frozen=True, slots=True)
class Opened:
    """What clients that registered themselves may ask for besides what they registered."""

    resources: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()


NOTHING = Opened()


def open_to(unit: Unit) -> Opened:
    """The resources that are open to such clients, and their scopes.

    A client that registered itself cannot know which there will be; the person who is asked decides.
    """
    resources = tuple(resource.id for resource in unit.resources.all() if resource.dynamic_clients)
    return Opened(resources, frozenset(scope.name for scope in unit.scopes.all() if scope.resource_id in resources))


def snapshot(
    record: ClientRecord,
    secrets: list[ClientSecret],
    profiles: Mapping[str, ClientPolicy] = PROFILES,
    opened: Opened = NOTHING,
) -> Client:
    """The immutable value of a row and its secrets."""
    extended = extensions.from_document(record.metadata_extra)
    return Client(
        id=record.id,
        name=record.name,
        enabled=record.enabled,
        policy=policy_of(
            record.profile, record.policy, record.grant_types, record.response_types, base=profiles, registered=extended
        ),
        auth_method=record.token_endpoint_auth_method,
        application_type=record.application_type,
        redirect_uris=tuple(record.redirect_uris),
        post_logout_redirect_uris=tuple(record.post_logout_redirect_uris),
        scopes=frozenset(record.scope.split()) | opened.scopes,
        resources=(*record.resources, *opened.resources),
        default_resource=record.default_resource,
        origins=frozenset(record.origins),
        secret_digests=tuple(SecretDigest(row.digest, row.not_before, row.expires_at, row.sealed) for row in secrets),
        logo_uri=record.logo_uri,
        policy_uri=record.policy_uri,
        tos_uri=record.tos_uri,
        client_uri=record.client_uri,
        first_party=record.first_party,
        profile=record.profile,
        version=record.version,
        organization_id=record.organization_id,
        jwks=record.jwks,
        jwks_uri=record.jwks_uri,
        extensions=extended,
        origin=cast("Origin", record.origin),
    )


def good_digests(client: Client) -> tuple[bytes, ...]:
    """The digests of the secrets that are accepted now."""
    moment = validity.now()
    return tuple(secret.digest for secret in client.secret_digests if secret.is_good_at(moment))
