"""Queries over initial access tokens."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from authserver.protocol import validity
from authserver.storage.models.clients import InitialAccessToken
from authserver.storage.repositories.rows import Repository


class InitialAccessTokens(Repository):
    """Initial access tokens, by digest and by id."""

    def add(self, token: InitialAccessToken) -> InitialAccessToken:
        """Store a new token's digest."""
        self.session.add(token)
        self.session.flush()
        return token

    def find(self, digest: bytes) -> InitialAccessToken | None:
        """The token with this digest, whether or not it is still good."""
        return self.session.scalar(select(InitialAccessToken).where(InitialAccessToken.digest == digest))

    def all(self) -> list[InitialAccessToken]:
        """Every token, the oldest first."""
        return list(self.session.scalars(select(InitialAccessToken).order_by(InitialAccessToken.id)))

    def consume(self, digest: bytes) -> bool:
        """Use a token once; tells whether it was good for it."""
        statement = (
            update(InitialAccessToken)
            .where(
                InitialAccessToken.digest == digest,
                InitialAccessToken.revoked_at.is_(None),
                InitialAccessToken.expires_at > validity.now(),
                or_(InitialAccessToken.uses_left.is_(None), InitialAccessToken.uses_left > 0),
            )
            .values(uses_left=InitialAccessToken.uses_left - 1)
        )
        return self._changed(statement) == 1

    def revoke(self, token_id: str) -> bool:
        """End a token; tells whether it had not been ended before."""
        statement = (
            update(InitialAccessToken)
            .where(InitialAccessToken.id == token_id, InitialAccessToken.revoked_at.is_(None))
            .values(revoked_at=validity.now())
        )
        return self._changed(statement) == 1
