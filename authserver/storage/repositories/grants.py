"""Queries over grants."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, ColumnElement, Table, bindparam, select, update

from authserver.protocol import validity
from authserver.storage.compiled import Compiled, CompiledFind, CompiledInsert
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import Grant
from authserver.storage.models.users import User
from authserver.storage.repositories.rows import Repository

_INSERT = CompiledInsert(Grant)
_BY_ID = CompiledFind(Grant, Grant.id == bindparam("wanted"))
_PERSON = Compiled(
    select(cast("Table", User.__table__), Grant.claims)
    .select_from(Grant)
    .join(User, User.id == Grant.user_id)
    .where(Grant.id == bindparam("wanted"))
    .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
)


class Grants(Repository):
    """Grants. Revoking one is one UPDATE; whatever carries its id dies with it."""

    def add(self, grant: Grant) -> Grant:
        """Store a new grant; as it was stored."""
        return _INSERT.run(self.transaction, grant)

    def find(self, grant_id: str) -> Grant | None:
        """The grant with this id, revoked or not."""
        return _BY_ID.first(self.transaction, wanted=grant_id)

    def clients_of_session(self, session_id: str) -> list[str]:
        """The clients that got something in a session, whether or not it was revoked meanwhile."""
        statement = select(Grant.client_id).where(Grant.session_id == session_id).distinct().order_by(Grant.client_id)
        return list(self.session.scalars(statement))

    def person(self, grant_id: str) -> tuple[User, dict[str, Any] | None] | None:
        """The person behind a grant, only to be looked at, and the claims it was asked for one by one."""
        row = _PERSON.first(self.transaction, wanted=grant_id)
        return None if row is None else (frozen(User).of_row(row[:-1]), row[-1])

    def revoke(self, grant_id: str, reason: str) -> bool:
        """Revoke one grant; tells whether this call was the one that did."""
        return self._revoke(Grant.id == grant_id, reason=reason) == 1

    def revoke_of_session(self, session_id: str, reason: str) -> int:
        """Revoke the grants of a session, offline ones excepted: they live on after logout."""
        return self._revoke(Grant.session_id == session_id, Grant.offline.is_(False), reason=reason)

    def revoke_of_user(self, user_id: str, reason: str) -> int:
        """Revoke every grant of a person."""
        return self._revoke(Grant.user_id == user_id, reason=reason)

    def revoke_of_consent(self, user_id: str, client_id: str, reason: str) -> int:
        """Revoke what a person allowed one client."""
        return self._revoke(Grant.user_id == user_id, Grant.client_id == client_id, reason=reason)

    def _revoke(self, *conditions: ColumnElement[bool], reason: str) -> int:
        statement = update(Grant).where(*conditions, Grant.revoked_at.is_(None))
        return self._changed(statement.values(revoked_at=validity.now(), revoke_reason=reason))
