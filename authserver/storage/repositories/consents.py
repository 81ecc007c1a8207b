"""Queries over remembered consents."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from authserver.protocol import validity
from authserver.storage.compiled import CompiledFind
from authserver.storage.models.grants import Consent
from authserver.storage.repositories.rows import Repository

_FIND = CompiledFind(
    Consent,
    Consent.user_id == bindparam("person"),
    Consent.client_id == bindparam("client"),
    Consent.revoked_at.is_(None),
)


class Consents(Repository):
    """Remembered consents: one row for a person and a client."""

    def find(self, user_id: str, client_id: str) -> Consent | None:
        """What this person allowed this client, unless revoked."""
        return _FIND.first(self.transaction, person=user_id, client=client_id)

    def _row(self, user_id: str, client_id: str) -> Consent | None:
        return self.session.scalar(select(Consent).where(Consent.user_id == user_id, Consent.client_id == client_id))

    def of_user(self, user_id: str) -> list[Consent]:
        """Every consent a person gave and did not revoke."""
        statement = select(Consent).where(Consent.user_id == user_id, Consent.revoked_at.is_(None))
        return list(self.session.scalars(statement.order_by(Consent.client_id)))

    def remember(
        self,
        user_id: str,
        client_id: str,
        scopes: frozenset[str],
        resources: frozenset[str],
        claims: frozenset[str] = frozenset(),
    ) -> Consent:
        """Add to what a person allowed a client; after a revocation it starts anew."""
        consent = self._row(user_id, client_id)
        moment = validity.now()
        if consent is None:
            consent = Consent(user_id=user_id, client_id=client_id, created_at=moment)
            self.session.add(consent)
        elif consent.revoked_at is None:
            scopes = scopes | set(consent.scope.split())
            resources = resources | set(consent.resources)
            claims = claims | set((consent.claims or {}).get("names", ()))
        consent.scope = " ".join(sorted(scopes))
        consent.resources = sorted(resources)
        consent.claims = {"names": sorted(claims)} if claims else None
        consent.updated_at, consent.revoked_at = moment, None
        self.session.flush()
        return consent

    def revoke(self, user_id: str, client_id: str) -> bool:
        """Forget what a person allowed a client."""
        statement = update(Consent).where(
            Consent.user_id == user_id, Consent.client_id == client_id, Consent.revoked_at.is_(None)
        )
        return self._changed(statement.values(revoked_at=validity.now())) == 1
