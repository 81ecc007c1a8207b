"""Queries over explained refusals."""

from __future__ import annotations

from authserver.storage.models.state import Refusal
from authserver.storage.repositories.rows import Repository


class Refusals(Repository):
    """Refusals, by the reference the requester was shown."""

    def add(self, refusal: Refusal) -> None:
        """Store why a request was refused."""
        self.session.add(refusal)
        self.session.flush()

    def find(self, reference: str) -> Refusal | None:
        """The refusal behind a reference, unless its time is over."""
        refusal = self.session.get(Refusal, reference)
        return None if refusal is None or refusal.is_expired else refusal
