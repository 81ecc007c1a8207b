"""Queries over clients and their secrets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from authserver.protocol import validity
from authserver.protocol.errors import ConflictError, NotFound
from authserver.storage.models.clients import ClientRecord, ClientSecret
from authserver.storage.repositories.rows import Repository


class Clients(Repository):
    """Registered clients, by client id."""

    def add(self, client: ClientRecord) -> ClientRecord:
        """Store a new client. Raises ConflictError when the id is taken."""
        self.session.add(client)
        try:
            self.session.flush()
        except IntegrityError as error:
            raise ConflictError("a client with this id exists", field="client_id") from error
        return client

    def save(self, client: ClientRecord) -> None:
        """Store what changed, under a new version."""
        client.version += 1
        client.updated_at = validity.now()
        self.session.flush()

    def find(self, client_id: str) -> ClientRecord | None:
        """The client with this id."""
        return self.session.get(ClientRecord, client_id)

    def get(self, client_id: str) -> ClientRecord:
        """The client with this id. Raises NotFound."""
        client = self.find(client_id)
        if client is None:
            raise NotFound("there is no such client")
        return client

    def hold(self, client_id: str) -> ClientRecord | None:
        """The client with this id as it is now; who would change or remove it waits until the transaction ends."""
        # Not against what merely refers to the client, as every new grant does (PostgreSQL, explicit locking).
        statement = select(ClientRecord).where(ClientRecord.id == client_id).with_for_update(key_share=True)
        return self.session.scalar(statement.execution_options(populate_existing=True))

    def page(self, limit: int, after: str | None = None) -> list[ClientRecord]:
        """Up to `limit` clients in order of id, from behind the id `after`."""
        statement = select(ClientRecord).order_by(ClientRecord.id).limit(limit)
        return list(self.session.scalars(statement.where(ClientRecord.id > after) if after else statement))

    def origins(self) -> frozenset[str]:
        """Every origin that some enabled client registered."""
        rows = self.session.scalars(select(ClientRecord.origins).where(ClientRecord.enabled.is_(True)))
        return frozenset(origin for origins in rows for origin in origins)

    def unused(self) -> int:
        """How many clients registered themselves without a token and were never granted anything."""
        statement = select(func.count()).select_from(ClientRecord).where(ClientRecord.unused_since.is_not(None))
        return int(self.session.scalar(statement) or 0)

    def delete(self, client_id: str) -> bool:
        """Remove a client with everything that hangs on it."""
        return self._changed(delete(ClientRecord).where(ClientRecord.id == client_id)) == 1


class ClientSecrets(Repository):
    """Digests of secrets; a client may have several at once while they are rotated."""

    def add(self, secret: ClientSecret) -> ClientSecret:
        """Store a new secret's digest."""
        self.session.add(secret)
        self.session.flush()
        return secret

    def live(self, client_id: str) -> list[ClientSecret]:
        """The secrets that are good now."""
        moment = validity.now()
        statement = select(ClientSecret).where(
            ClientSecret.client_id == client_id,
            ClientSecret.not_before <= moment,
            or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > moment),
        )
        return list(self.session.scalars(statement))

    def unexpired(self, client_id: str) -> list[ClientSecret]:
        """The secrets that are good now or will be."""
        statement = select(ClientSecret).where(
            ClientSecret.client_id == client_id,
            or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > validity.now()),
        )
        return list(self.session.scalars(statement))

    def forget_sealed(self, client_id: str) -> int:
        """Erase the sealed copies of a client's secrets; their digests stay."""
        statement = update(ClientSecret).where(ClientSecret.client_id == client_id, ClientSecret.sealed.is_not(None))
        return self._changed(statement.values(sealed=None))

    def all_sealed(self) -> list[ClientSecret]:
        """Every secret of which there is a sealed copy."""
        return list(self.session.scalars(select(ClientSecret).where(ClientSecret.sealed.is_not(None))))

    def expire_all(self, client_id: str, moment: datetime) -> int:
        """Let every secret of a client end at `moment`, unless it ends before."""
        statement = (
            update(ClientSecret)
            .where(
                ClientSecret.client_id == client_id,
                or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > moment),
            )
            .values(expires_at=moment)
        )
        return self._changed(statement)
