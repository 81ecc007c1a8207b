"""Sessions: one account signed in, in one browser. Who begins and ends them, what ends with them, and who is told."""

from __future__ import annotations

from authserver.events.catalog import AuthSessionCreated, SessionEnded, SessionExpired, UserLoggedIn, UserLogout
from authserver.events.outbox import Recorder
from authserver.protocol import validity
from authserver.settings.schema import Settings
from authserver.storage.models.sessions import Browser, Session
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

TOUCH_AFTER_SECONDS = 60
EXPIRED_FOR_SECONDS = 60
"""How long a session is over before that is told: longer than any request that still saw it live."""
EXPIRED_BATCH = 200


def signed_in(unit: Unit, browser: Browser | None) -> tuple[tuple[Session, User], ...]:
    """Who is signed in in a browser, oldest first; a closed account is not, whatever its cookie says."""
    if browser is None:
        return ()
    known = unit.sessions.people_in_browser(browser.id)
    return tuple((session, user) for session, user in known if user.may_sign_in)


class SessionRegistry:
    """Begins, renews and ends sessions, with their events, in the caller's transaction."""

    def __init__(self, settings: Settings, recorder: Recorder) -> None:
        self._settings = settings
        self._recorder = recorder

    def sign_in(self, unit: Unit, browser: Browser, user: User, amr: tuple[str, ...], *, remembered: bool) -> Session:
        """A session for a person who has just proven who they are.

        The same account in the same browser keeps its session, so that its
        `sid` stays what clients know; its authentication time and its life are
        new, and whether it is remembered is what the person said last.
        """
        session = self._existing(unit, browser, user) or self._begin(unit, browser, user, remembered=remembered)
        session.auth_time = session.last_seen_at = validity.now()
        session.remembered, session.expires_at = remembered, validity.after(self._lifetime(remembered=remembered))
        session.amr, session.acr = list(amr), "1"
        unit.users.note_login(user.id, session.auth_time)
        self._recorder.record(
            unit,
            UserLoggedIn(user_id=user.id, session_id=session.id, methods=amr, acr=session.acr, device_id=browser.id),
        )
        return session

    def _existing(self, unit: Unit, browser: Browser, user: User) -> Session | None:
        return next((known for known in unit.sessions.in_browser(browser.id) if known.user_id == user.id), None)

    def _begin(self, unit: Unit, browser: Browser, user: User, *, remembered: bool) -> Session:
        session = Session(
            browser_id=browser.id,
            user_id=user.id,
            organization_id=user.organization_id,
            auth_time=validity.now(),
            acr="1",
            amr=[],
            remembered=remembered,
            idle_ttl=self._settings.session_idle_ttl,
            expires_at=validity.after(self._lifetime(remembered=remembered)),
        )
        unit.sessions.add(session)
        self._recorder.record(
            unit, AuthSessionCreated(user_id=user.id, session_id=session.id, acr="1", remembered=remembered)
        )
        return session

    def _lifetime(self, *, remembered: bool) -> int:
        return self._settings.session_max_ttl if remembered else self._settings.session_browser_ttl

    def touch(self, unit: Unit, session: Session) -> None:
        """Note that a session is in use, at most once a minute."""
        if validity.is_past(validity.after(TOUCH_AFTER_SECONDS, session.last_seen_at)):
            unit.sessions.touch(session.id, validity.now())

    def sign_out(self, unit: Unit, session: Session, *, initiated_by: str = "user") -> None:
        """End a session, its grants without offline access, and so their tokens. Twice is as good as once."""
        if not unit.sessions.end(session.id, "logout"):
            return
        unit.logout_deliveries.queue(session.id, session.user_id)
        unit.grants.revoke_of_session(session.id, "logout")
        self._recorder.record(
            unit, UserLogout(user_id=session.user_id, session_id=session.id, initiated_by=initiated_by)
        )
        self._recorder.record(unit, SessionEnded(user_id=session.user_id, session_id=session.id, reason="logout"))

    def end_others(self, unit: Unit, user: User, kept_id: str | None, reason: str) -> None:
        """End every session of a person but one, with their grants."""
        for session in unit.sessions.of_user(user.id):
            if session.id != kept_id:
                self.end(unit, session.id, user.id, reason)

    def end(self, unit: Unit, session_id: str, user_id: str, reason: str) -> None:
        """End one session for a reason other than logout, with its grants."""
        if unit.sessions.end(session_id, reason):
            unit.logout_deliveries.queue(session_id, user_id)
            unit.grants.revoke_of_session(session_id, reason)
            self._recorder.record(unit, SessionEnded(user_id=user_id, session_id=session_id, reason=reason))

    def tell_expired(self, unit: Unit) -> int:
        """Record the sessions that have come to their limit since this was last asked; tells how many.

        Such a session is told once and is not ended: what it gave out dies with
        it, but what was granted offline lives on.
        """
        told = 0
        for session in unit.sessions.expired_by(validity.after(-EXPIRED_FOR_SECONDS), EXPIRED_BATCH):
            reason = "absolute" if session.is_expired else "idle"
            if unit.sessions.note_expired(session.id, reason):
                event = SessionExpired(user_id=session.user_id, session_id=session.id, reason=reason)
                self._recorder.record(unit, event)
                told += 1
        return told
