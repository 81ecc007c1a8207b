"""Facts: what has been proven in an interaction, when, by which method, about whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from authserver.protocol import validity


class FactKind(StrEnum):
    """What can be proven. Only PASSWORD authenticates; the others are choices of whoever did.

    OTHER_ACCOUNT is the wish to be somebody else than whoever is signed in.
    """

    PASSWORD = "password"
    PASSWORD_CHANGED = "password_changed"
    ACCOUNT = "account"
    OTHER_ACCOUNT = "other_account"
    CONSENT = "consent"
    DENIED = "denied"


AUTHENTICATING = frozenset({FactKind.PASSWORD})
AMR = MappingProxyType({FactKind.PASSWORD: "pwd"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One proven fact. `at` is a NumericDate with fractions; `detail` belongs to the kind."""

    kind: FactKind
    user_id: str | None = None
    at: float = field(default_factory=lambda: validity.now().timestamp())
    detail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def authenticates(self) -> bool:
        """Whether the fact says who the person is."""
        return self.kind in AUTHENTICATING

    def to_document(self) -> dict[str, Any]:
        """The fact as it is stored."""
        return {"kind": self.kind.value, "user_id": self.user_id, "at": self.at, "detail": dict(self.detail)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Fact:
        """The stored fact."""
        return cls(
            FactKind(document["kind"]), document["user_id"], document["at"], MappingProxyType(document["detail"])
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one interaction, in the order of their proof."""

    proven: tuple[Fact, ...] = ()

    @classmethod
    def from_documents(cls, documents: Iterable[Mapping[str, Any]]) -> Facts:
        """The stored facts."""
        return cls(tuple(Fact.from_document(document) for document in documents))

    def to_documents(self) -> list[dict[str, Any]]:
        """The facts as they are stored."""
        return [fact.to_document() for fact in self.proven]

    def latest(self, kind: FactKind) -> Fact | None:
        """The newest fact of a kind."""
        return next((fact for fact in reversed(self.proven) if fact.kind is kind), None)

    def has(self, kind: FactKind) -> bool:
        """Whether a fact of this kind was proven."""
        return self.latest(kind) is not None

    @property
    def login(self) -> Fact | None:
        """The newest authenticating fact."""
        return next((fact for fact in reversed(self.proven) if fact.authenticates), None)

    @property
    def subject(self) -> str | None:
        """Whom these facts are about; `with_fact` sees to it that they are about one person."""
        return next((fact.user_id for fact in reversed(self.proven) if fact.user_id is not None), None)

    @property
    def wants_other_account(self) -> bool:
        """Whether the person wants another account and has not said or proven which."""
        return self.has(FactKind.OTHER_ACCOUNT) and self.subject is None

    def with_fact(self, fact: Fact) -> Facts:
        """These facts and one more.

        The first fact about somebody fixes the subject: a fact about another
        subject, or the wish for one, discards everything proven before, so that
        nobody finishes with one account what another one began.
        """
        other_subject = fact.user_id is not None and self.subject not in {None, fact.user_id}
        if other_subject or fact.kind is FactKind.OTHER_ACCOUNT:
            return Facts((fact,))
        return Facts((*self.proven, fact))
