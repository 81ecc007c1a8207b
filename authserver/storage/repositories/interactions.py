"""Queries over interactions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from authserver.protocol import validity
from authserver.storage.models.sessions import Interaction
from authserver.storage.repositories.rows import Repository


class Interactions(Repository):
    """Interactions, by the digest of their handle."""

    def add(self, interaction: Interaction) -> Interaction:
        """Store a new interaction."""
        self.session.add(interaction)
        self.session.flush()
        return interaction

    def find_by_digest(self, digest: bytes) -> Interaction | None:
        """The interaction with this handle, whatever became of it."""
        return self.session.scalar(select(Interaction).where(Interaction.digest == digest))

    def advance(self, interaction: Interaction, **values: Any) -> bool:
        """Store what was proven, unless another request advanced the interaction meanwhile.

        The version decides: two pages that prove something at once cannot both count.
        """
        statement = (
            update(Interaction)
            .where(
                Interaction.id == interaction.id,
                Interaction.version == interaction.version,
                Interaction.consumed_at.is_(None),
            )
            .values(version=interaction.version + 1, **values)
        )
        if self._changed(statement) != 1:
            return False
        self.session.refresh(interaction)
        return True

    def note_dispatch(self, interaction: Interaction, *, reasons: list[str], session_id: str | None) -> bool:
        """Store why and about which session the person is asked; nothing is proven by it, so the version stays.

        A page that advanced the interaction meanwhile knows better, and wins.
        """
        statement = update(Interaction).where(
            Interaction.id == interaction.id,
            Interaction.version == interaction.version,
            Interaction.consumed_at.is_(None),
        )
        return self._changed(statement.values(reasons=reasons, session_id=session_id)) == 1

    def consume(self, interaction_id: str) -> bool:
        """Use up an interaction; tells whether this call was the one."""
        statement = update(Interaction).where(Interaction.id == interaction_id, Interaction.consumed_at.is_(None))
        return self._changed(statement.values(consumed_at=validity.now())) == 1
