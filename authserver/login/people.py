"""Who acts on a page of the server's own, and what is missing until that is known.

The authorization endpoint asks more than this, for its clients; what both ask
of a person is proven by the same pages and kept as the same facts.
"""

from __future__ import annotations

from dataclasses import dataclass

from authserver.identity.sessions import signed_in
from authserver.login.facts import Facts
from authserver.storage.models.sessions import Browser, Interaction, Session
from authserver.storage.models.users import User
from authserver.storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in in this browser, with the session that says so."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class Missing:
    """The page that can prove what is missing, and why it is shown."""

    step: str
    path: str
    reason: str


LOGIN, SELECT_ACCOUNT, CHANGE_PASSWORD = "login", "select_account", "change_password"
PATHS = {LOGIN: "/login", SELECT_ACCOUNT: "/select-account", CHANGE_PASSWORD: "/password/change"}


def person(unit: Unit, browser: Browser, interaction: Interaction) -> Person | Missing:
    """Who acts in this interaction: proven or chosen in it, else the only one who is signed in."""
    facts = Facts.from_documents(interaction.facts)
    if facts.wants_other_account:
        return _missing(LOGIN, "other_account")
    people = {session.id: Person(session, user) for session, user in signed_in(unit, browser)}
    found = _subject(people, interaction, facts)
    if found is None:
        several = len(people) > 1 and facts.subject is None
        return _missing(SELECT_ACCOUNT, "several_sessions") if several else _missing(LOGIN, "no_session")
    if found.user.password_must_change:
        proven = facts.login is not None and facts.login.detail.get("session") == found.session.id
        return _missing(CHANGE_PASSWORD if proven else LOGIN, "password_must_change")
    return found


def _subject(people: dict[str, Person], interaction: Interaction, facts: Facts) -> Person | None:
    """Nobody's session takes the place of one that was proven or chosen and is over."""
    chosen = people.get(interaction.session_id or "")
    if facts.subject is not None:
        return chosen if chosen is not None and chosen.user.id == facts.subject else None
    return chosen or (next(iter(people.values())) if len(people) == 1 else None)


def _missing(step: str, reason: str) -> Missing:
    return Missing(step, PATHS[step], reason)
