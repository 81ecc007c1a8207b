"""Everything that decides whether a person must be interrupted, gathered once and then only read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from authserver.access import consents
from authserver.authorize.context import Context
from authserver.identity import profiles
from authserver.identity.addresses import login_key
from authserver.identity.sessions import signed_in
from authserver.login.facts import Fact, FactKind, Facts
from authserver.storage.models.sessions import Browser, Interaction, Session
from authserver.storage.models.users import User
from authserver.storage.unit import Unit


@dataclass(frozen=True)
class Situation:
    """The request, the browser with its sessions, and what was proven in this interaction.

    `session` is the one that the answer would be about, `unconsented` what its
    person has not allowed this client yet, `is_first_time` whether that is
    everything, however little was asked for.
    """

    context: Context
    browser: Browser | None
    sessions: tuple[Session, ...]
    session: Session | None
    user: User | None
    facts: Facts
    unconsented: frozenset[str]
    is_first_time: bool = False

    @property
    def claims(self) -> frozenset[str]:
        """The claims that are asked for one by one and that no scope asks for anyway: these need consent too."""
        return profiles.beyond_scopes(self.context.claims.names, self.context.scopes)

    @property
    def login(self) -> Fact | None:
        """The login proven in this interaction, if it is the session's."""
        login = self.facts.login
        return login if login and self.session and login.detail.get("session") == self.session.id else None

    @property
    def consent(self) -> Fact | None:
        """The consent given in this interaction, by the person that the answer would be about."""
        consent = self.facts.latest(FactKind.CONSENT)
        return consent if consent and self.session and consent.user_id == self.session.user_id else None

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
    people = dict(signed_in(unit, browser))
    sessions = tuple(people)
    session = _subject_session(unit, context, sessions, interaction, facts)
    missing: frozenset[str] = frozenset()
    is_first_time = False
    if session is not None:
        client, resources = context.verified_client, frozenset(context.requested_resources)
        claims = profiles.beyond_scopes(context.claims.names, context.scopes)
        missing = consents.missing(
            unit, session.user_id, client, scopes=context.scopes, resources=resources, claims=claims
        )
        if not context.scopes and not resources:
            is_first_time = unit.consents.find(session.user_id, client.id) is None
    user = people[session] if session else None
    return Situation(context, browser, sessions, session, user, facts, missing, is_first_time)


def _subject_session(
    unit: Unit, context: Context, sessions: tuple[Session, ...], interaction: Interaction | None, facts: Facts
) -> Session | None:
    """Which session the request is about: proven or chosen here, else hinted, else the only one.

    What was proven here is about one person; when that person's session is
    over nobody else's takes its place.
    """
    if facts.wants_other_account:
        return None
    chosen = _by_id(sessions, interaction.session_id) if interaction is not None else None
    if facts.subject is not None:
        return chosen if chosen is not None and chosen.user_id == facts.subject else None
    if chosen is not None:
        return chosen
    if context.expected_subject is not None:
        return next((known for known in sessions if known.user_id == context.expected_subject), None)
    hinted = _hinted(unit, context, sessions)
    if hinted is not None:
        return hinted
    return sessions[0] if len(sessions) == 1 else None


def _by_id(sessions: tuple[Session, ...], session_id: str | None) -> Session | None:
    return next((known for known in sessions if known.id == session_id), None)


def _hinted(unit: Unit, context: Context, sessions: tuple[Session, ...]) -> Session | None:
    hint = context.get("login_hint")
    if hint is None or len(sessions) < 2:
        return None
    user = unit.users.find_by_login(login_key(hint))
    return next((known for known in sessions if user is not None and known.user_id == user.id), None)
