"""Registering, changing and removing clients. Secrets leave here once and are stored as digests."""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from authserver.clients import extensions
from authserver.clients import policy as policies
from authserver.clients.directory import KIND, Origin
from authserver.clients.metadata import ClientMetadata, validated
from authserver.clients.secret_rows import SecretRows
from authserver.clients.sectors import SectorIdentifiers
from authserver.crypto.secrets import ClientSecrets
from authserver.events.catalog import (
    ClientCreated,
    ClientDeleted,
    ClientDisabled,
    ClientEnabled,
    ClientSecretRotated,
    ClientUpdated,
)
from authserver.events.outbox import Recorder
from authserver.protocol import scopes as scope_values
from authserver.protocol import validity
from authserver.protocol.errors import ConflictError, NotFound, ValidationError
from authserver.protocol.identifiers import looks_like_id
from authserver.protocol.policy import AUTHORIZATION_CODE, CODE
from authserver.storage.database import Database
from authserver.storage.models.clients import ClientRecord
from authserver.storage.unit import Unit

LONGEST_ID = 255
LONGEST_OVERLAP = 30 * 86400

_COLUMNS = tuple(
    field.name
    for field in fields(ClientMetadata)
    if field.name not in {"scopes", "policy", "grant_types", "response_types", "extensions"}
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A client as stored, with a new secret where it received one; the secret cannot be shown again."""

    client: ClientRecord
    secret: str | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who registers a client (`directory.Origin`), and the digest of what lets it manage itself (RFC 7592)."""

    origin: Origin = "operator"
    registration_digest: bytes | None = None


OPERATOR = Provenance()
STRANGERS = frozenset({"anonymous", "document"})
"""Origins for which nobody vouches: their clients are counted and forgotten until somebody grants them something."""


class ClientRegistration:
    """Every change of a client: validated, versioned, recorded.

    Args:
        sectors: asks the owners of sector identifiers; without it none can be registered.
    """

    def __init__(
        self,
        database: Database,
        client_secrets: ClientSecrets,
        recorder: Recorder,
        sectors: SectorIdentifiers | None = None,
    ) -> None:
        self._database = database
        self._secrets = SecretRows(client_secrets)
        self._recorder = recorder
        self._sectors = sectors

    def create(
        self,
        wanted: ClientMetadata,
        *,
        client_id: str | None = None,
        secret: str | None = None,
        actor_id: str | None = None,
    ) -> Registered:
        """Register a client, with a generated id and secret unless they are given.

        Raises:
            ValidationError: something cannot be accepted; `field` names it.
            ConflictError: the id is taken.
        """
        chosen = generated_id() if client_id is None else checked_id(client_id)
        self.check_sector(wanted)
        with self._database.unit() as unit:
            return self.create_in(unit, wanted, client_id=chosen, secret=secret, actor_id=actor_id)

    def create_in(
        self,
        unit: Unit,
        wanted: ClientMetadata,
        *,
        client_id: str,
        secret: str | None = None,
        actor_id: str | None = None,
        by: Provenance = OPERATOR,
    ) -> Registered:
        """As `create`, in the caller's transaction, after `check_sector`."""
        metadata = self._validated(unit, wanted)
        has_secret = metadata.has_secret
        if not has_secret and secret is not None:
            raise ValidationError("this client authenticates without a secret", field="secret")
        record = ClientRecord(id=client_id)
        _apply(record, metadata)
        record.origin, record.registration_digest = by.origin, by.registration_digest
        record.unused_since = validity.now() if by.origin in STRANGERS else None
        unit.clients.add(record)
        given = self._secrets.add(unit, record.id, secret, is_key=metadata.secret_is_key).value if has_secret else None
        self._changed(
            unit,
            ClientCreated(
                client_id=record.id,
                actor_id=actor_id,
                name=metadata.name,
                profile=metadata.profile,
                public=metadata.is_public,
                origin=by.origin,
            ),
        )
        return Registered(record, given)

    def update(self, client_id: str, changes: Mapping[str, Any], *, actor_id: str | None = None) -> Registered:
        """Change fields of `ClientMetadata`. A client that needs a secret, or a new one, receives it.

        Raises:
            NotFound: there is no such client.
            ValidationError: the client would not be acceptable as a whole.
        """
        checked = self._checked_sector(client_id, changes)
        with self._database.unit() as unit:
            record = _held(unit, client_id)
            before = metadata_of(record)
            if checked is not None and checked != _sector(replace(before, **changes)):
                raise ConflictError("the client was changed meanwhile", field="sector_identifier_uri")
            after = self._validated(unit, replace(before, **changes), before)
            changed = tuple(
                field.name
                for field in fields(ClientMetadata)
                if getattr(before, field.name) != getattr(after, field.name)
            )
            if not changed:
                return Registered(record, None)
            _apply(record, after)
            unit.clients.save(record)
            secret = self._secrets.settle(unit, record.id, before, after)
            self._changed(unit, ClientUpdated(client_id=client_id, actor_id=actor_id, changed=changed))
            return Registered(record, secret)

    def check_sector(self, wanted: ClientMetadata) -> None:
        """Ask the owner of the client's sector, outside any transaction.

        Raises:
            ValidationError: a redirect URI does not belong to it, or nobody can be asked.
        """
        if wanted.extensions.sector_identifier_uri is None:
            return
        if self._sectors is None:
            raise ValidationError("sector identifiers cannot be read here", field="sector_identifier_uri")
        self._sectors.check(wanted)

    def _checked_sector(self, client_id: str, changes: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """What the owner of the sector confirmed; None where nothing of it changes."""
        if not {"redirect_uris", "extensions"}.intersection(changes):
            return None
        with self._database.reading() as unit:
            before = metadata_of(unit.clients.get(client_id))
        after = replace(before, **changes)
        if _sector(after) == _sector(before):
            return None
        self.check_sector(after)
        return _sector(after)

    def rotate_secret(
        self, client_id: str, *, overlap: int = 0, secret: str | None = None, actor_id: str | None = None
    ) -> Registered:
        """Give a client a new secret. The old ones are good for `overlap` more seconds.

        Raises:
            NotFound: there is no such client.
            ValidationError: it is a public client, or `overlap` is too long.
        """
        if not 0 <= overlap <= LONGEST_OVERLAP:
            raise ValidationError(f"the overlap takes 0 to {LONGEST_OVERLAP} seconds", field="overlap")
        with self._database.unit() as unit:
            record = _held(unit, client_id)
            metadata = metadata_of(record)
            if not metadata.has_secret:
                raise ValidationError("this client authenticates without a secret", field="client_id")
            unit.client_secrets.expire_all(client_id, validity.after(overlap))
            added = self._secrets.add(unit, client_id, secret, is_key=metadata.secret_is_key)
            unit.clients.save(record)
            self._changed(
                unit,
                ClientSecretRotated(
                    client_id=client_id, actor_id=actor_id, secret_id=added.id, previous_valid_for=overlap
                ),
            )
            return Registered(record, added.value)

    def knows_secret(self, unit: Unit, client_id: str, secret: object) -> bool:
        """Whether `secret` is one of the client's present ones."""
        if not isinstance(secret, str):
            return False
        return any(self._secrets.matches(secret, row) for row in unit.client_secrets.live(client_id))

    def disable(self, client_id: str, *, actor_id: str | None = None) -> ClientRecord:
        """Switch a client off; its tokens are no longer live. Raises NotFound."""
        return self._switch(client_id, enabled=False, actor_id=actor_id)

    def enable(self, client_id: str, *, actor_id: str | None = None) -> ClientRecord:
        """Switch a client on again. Raises NotFound."""
        return self._switch(client_id, enabled=True, actor_id=actor_id)

    def delete(self, client_id: str, *, actor_id: str | None = None) -> None:
        """Remove a client with its secrets, consents, grants and tokens. Raises NotFound."""
        with self._database.unit() as unit:
            _held(unit, client_id)
            unit.clients.delete(client_id)
            self._changed(unit, ClientDeleted(client_id=client_id, actor_id=actor_id))

    def _switch(self, client_id: str, *, enabled: bool, actor_id: str | None) -> ClientRecord:
        with self._database.unit() as unit:
            record = _held(unit, client_id)
            if record.enabled == enabled:
                return record
            record.enabled = enabled
            unit.clients.save(record)
            kind = ClientEnabled if enabled else ClientDisabled
            self._changed(unit, kind(client_id=client_id, actor_id=actor_id))
            return record

    def _changed(self, unit: Unit, event: Any) -> None:
        unit.versions.bump(KIND)
        self._recorder.record(unit, event)

    def _validated(self, unit: Unit, wanted: ClientMetadata, before: ClientMetadata | None = None) -> ClientMetadata:
        """`wanted` in its normal form. What a client has from before may be gone from the catalogue meanwhile.

        It yields nothing, and must not keep the client from being changed in other ways.
        """
        scopes = {scope.name for scope in unit.scopes.all()} | set(scope_values.STANDARD)
        resources = {resource.id for resource in unit.resources.all()}
        details = {row.type for row in unit.authorization_types.all()}
        if before is not None:
            scopes |= before.scopes
            resources.update(before.resources)
            details.update(before.extensions.authorization_details_types)
        return validated(wanted, scopes, resources, details)


def _held(unit: Unit, client_id: str) -> ClientRecord:
    """The client, which nobody else changes or removes until the transaction ends. Raises NotFound."""
    record = unit.clients.hold(client_id)
    if record is None:
        raise NotFound("there is no such client")
    return record


def generated_id() -> str:
    """A fresh client id. It has not the shape of a user id, because `sub` may be either (RFC 9068 §5)."""
    return random.token_hex(12)


def checked_id(client_id: str) -> str:
    """A chosen client id, if it may be one (RFC 6749 appendix A.1).

    Raises:
        ValidationError: it has other characters, is too long, or looks like a user id.
    """
    if not 0 < len(client_id) <= LONGEST_ID or not all("\x21" <= char <= "\x7e" for char in client_id):
        raise ValidationError(f"a client id has 1 to {LONGEST_ID} visible ASCII characters", field="client_id")
    if looks_like_id(client_id):
        # In a client credentials token `sub` is the client id: it must not be taken for a person (RFC 9068 §5).
        raise ValidationError("a client id may not look like a user id (RFC 9068 §5)", field="client_id")
    return client_id


def metadata_of(record: ClientRecord) -> ClientMetadata:
    """What a stored client registered."""
    values: dict[str, Any] = {name: _immutable(getattr(record, name)) for name in _COLUMNS}
    return ClientMetadata(
        **values,
        scopes=frozenset(record.scope.split()),
        policy=dict(record.policy),
        grant_types=tuple(record.grant_types),
        response_types=_chosen_response_types(record),
        extensions=extensions.from_document(record.metadata_extra),
    )


def _sector(metadata: ClientMetadata) -> tuple[Any, ...]:
    """What the owner of a sector is asked about."""
    return metadata.extensions.sector_identifier_uri, metadata.redirect_uris


def _chosen_response_types(record: ClientRecord) -> tuple[str, ...] | None:
    """None where they are those that the grants need, so that they follow when the grants change."""
    needed = [CODE] if AUTHORIZATION_CODE in record.grant_types else []
    return None if record.response_types == needed else tuple(record.response_types)


def _immutable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _apply(record: ClientRecord, metadata: ClientMetadata) -> None:
    for name in _COLUMNS:
        value = getattr(metadata, name)
        setattr(record, name, list(value) if isinstance(value, tuple) else value)
    record.jwks = None if metadata.jwks is None else dict(metadata.jwks)
    record.policy = policies.stored(metadata.policy)
    record.grant_types = list(metadata.grant_types)
    record.response_types = list(metadata.allowed_response_types)
    record.metadata_extra = metadata.extensions.to_document()
    record.scope = " ".join(sorted(metadata.scopes))
