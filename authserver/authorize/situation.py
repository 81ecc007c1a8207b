"""Everything that decides whether a person must be interrupted, gathered once and then only read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from authserver.access import consents
from authserver.authorize.context import Context
from authserver.identity.addresses import login_key
from authserver.login.facts import Fact, FactKind, Facts
from authserver.storage.models.sessions import Browser, Interaction, Session
from authserver.storage.models.users import User
from authserver.storage.unit import Unit


@dataclass(frozen=True)
class Situation:
    """The request, the browser with its sessions, and what was proven in this interaction.

    `session` is the one that the answer would be about, `unconsented` what its
    person has not allowed this client yet.
    """

    context: Context
    browser: Browser | None
    sessions: tuple[Session, ...]
    session: Session | None
    user: User | None
    facts: Facts
    unconsented: frozenset[str]

    @property
    def login(self) -> Fact | None:
        """The login proven in this interaction, if it is the session's."""
        login = self.facts.login
        return login if login and self.session and login.user_id == self.session.user_id else None

    @property
    def consent(self) -> Fact | None:
        """The consent given in this interaction."""
        return self.facts.latest(FactKind.CONSENT)

    @property
    def is_fresh(self) -> bool:
        """Whether the authentication satisfies `max_age`, measured when the request was received."""
        maximum = self.context.max_age
        if maximum is None or self.login is not None:
            return True
        if maximum == 0 or self.session is None:
            return False
        return self.session.auth_time + timedelta(seconds=maximum) >= self.context.received_at


def gather(unit: Unit, context: Context, browser: Browser | None, interaction: Interaction | None) -> Situation:
    """Read what decides, in the caller's transaction."""
    facts = Facts.from_documents(interaction.facts) if interaction else Facts()
    sessions = _open_sessions(unit, browser)
    session = _subject_session(unit, context, sessions, interaction, facts)
    user = unit.users.find(session.user_id) if session else None
    missing: frozenset[str] = frozenset()
    if user is not None:
        missing = consents.missing(
            unit, user.id, context.verified_client, context.scopes, frozenset(context.requested_resources)
        )
    return Situation(context, browser, sessions, session, user, facts, missing)


def _open_sessions(unit: Unit, browser: Browser | None) -> tuple[Session, ...]:
    """The live sessions of people who may sign in; a disabled account has none, whatever its cookie says."""
    if browser is None:
        return ()
    found = []
    for session in unit.sessions.in_browser(browser.id):
        user = unit.users.find(session.user_id)
        if user is not None and user.may_sign_in:
            found.append(session)
    return tuple(found)


def _subject_session(
    unit: Unit, context: Context, sessions: tuple[Session, ...], interaction: Interaction | None, facts: Facts
) -> Session | None:
    """Which session the request is about: proven or chosen here, else hinted, else the only one."""
    if interaction is not None and interaction.session_id is not None:
        chosen = next((known for known in sessions if known.id == interaction.session_id), None)
        if chosen is not None and (facts.login is None or facts.login.user_id == chosen.user_id):
            return chosen
    if context.expected_subject is not None:
        return next((known for known in sessions if known.user_id == context.expected_subject), None)
    hinted = _hinted(unit, context, sessions)
    if hinted is not None:
        return hinted
    return sessions[0] if len(sessions) == 1 else None


def _hinted(unit: Unit, context: Context, sessions: tuple[Session, ...]) -> Session | None:
    hint = context.get("login_hint")
    if hint is None or len(sessions) < 2:
        return None
    user = unit.users.find_by_login(login_key(hint))
    return next((known for known in sessions if user is not None and known.user_id == user.id), None)
