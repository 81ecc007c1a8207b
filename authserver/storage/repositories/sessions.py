"""Queries over sessions."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from authserver.protocol import validity
from authserver.storage.compiled import CompiledJoin
from authserver.storage.models.sessions import Session
from authserver.storage.models.users import User
from authserver.storage.repositories.rows import Repository

_PEOPLE = CompiledJoin(
    (Session, User),
    User.id == Session.user_id,
    Session.browser_id == bindparam("browser"),
    Session.ended_at.is_(None),
    order=(Session.created_at,),
)


class Sessions(Repository):
    """Sessions, by id, by browser, by person."""

    def add(self, session: Session) -> Session:
        """Store a new session."""
        self.session.add(session)
        self.session.flush()
        return session

    def find(self, session_id: str) -> Session | None:
        """The session with this id, live or not."""
        return self.session.get(Session, session_id)

    def in_browser(self, browser_id: str) -> list[Session]:
        """The live sessions of a browser, oldest first."""
        statement = select(Session).where(Session.browser_id == browser_id, Session.ended_at.is_(None))
        rows = self.session.scalars(statement.order_by(Session.created_at))
        return [session for session in rows if session.is_live]

    def people_in_browser(self, browser_id: str) -> list[tuple[Session, User]]:
        """The live sessions of a browser with their people, oldest first; only to be looked at."""
        rows = _PEOPLE.all(self.transaction, browser=browser_id)
        return [(session, user) for session, user in rows if session.is_live]

    def of_user(self, user_id: str) -> list[Session]:
        """The live sessions of a person, oldest first."""
        statement = select(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))
        rows = self.session.scalars(statement.order_by(Session.created_at))
        return [session for session in rows if session.is_live]

    def touch(self, session_id: str, moment: datetime) -> None:
        """Note that a session is in use."""
        self._changed(update(Session).where(Session.id == session_id).values(last_seen_at=moment))

    def end(self, session_id: str, reason: str) -> bool:
        """End a session; tells whether this call was the one that ended it."""
        statement = update(Session).where(Session.id == session_id, Session.ended_at.is_(None))
        return self._changed(statement.values(ended_at=validity.now(), end_reason=reason)) == 1

    def end_all_of(self, user_id: str, reason: str, *, except_id: str | None = None) -> int:
        """End every session of a person, except perhaps one."""
        statement = update(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))
        if except_id:
            statement = statement.where(Session.id != except_id)
        return self._changed(statement.values(ended_at=validity.now(), end_reason=reason))

    def expired_by(self, moment: datetime, limit: int) -> list[Session]:
        """Sessions that came to a limit of theirs before `moment` and were neither ended nor noted."""
        open_still = Session.ended_at.is_(None) & Session.end_reason.is_(None)
        is_over = Session.expires_at <= moment
        # Idle limits are few, and a comparison with each is the same SQL on both databases.
        for seconds in self.session.scalars(select(Session.idle_ttl).where(open_still).distinct()):
            is_over |= (Session.idle_ttl == seconds) & (Session.last_seen_at <= moment - timedelta(seconds=seconds))
        statement = select(Session).where(open_still, is_over)
        return list(self.session.scalars(statement.order_by(Session.expires_at).limit(limit)))

    def note_expired(self, session_id: str, reason: str) -> bool:
        """Note that a session is over by itself; tells whether this call was the one that noted it."""
        statement = update(Session).where(Session.id == session_id, Session.end_reason.is_(None))
        return self._changed(statement.values(end_reason=reason)) == 1
