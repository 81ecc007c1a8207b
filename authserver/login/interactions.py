"""Interactions: begun at an endpoint, bound to one browser, advanced by one fact at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authserver.crypto.handles import Handles, Kind
from authserver.crypto.macs import Macs
from authserver.login.facts import Fact, Facts
from authserver.protocol import validity
from authserver.protocol.errors import ProtocolError
from authserver.storage.models.sessions import Browser, Interaction
from authserver.storage.unit import Unit

STEP_PURPOSE = "interaction-step"


class InteractionUnavailable(ProtocolError):
    """The interaction is over, unknown or another browser's; `reason` says which."""

    code = "invalid_request"


def finished() -> InteractionUnavailable:
    """The refusal for an interaction that was answered already."""
    return InteractionUnavailable("This sign-in is finished already.", reason="interaction_finished")


def advanced() -> InteractionUnavailable:
    """The refusal for a page that another request overtook."""
    return InteractionUnavailable(
        "This sign-in went on in another window. Go back to it or start again.", reason="interaction_advanced"
    )


@dataclass(frozen=True, slots=True)
class Started:
    """A new interaction and the handle that the browser carries."""

    interaction: Interaction
    handle: str


class InteractionLedger:
    """Starts interactions, finds them again, and writes down what was proven."""

    def __init__(self, handles: Handles, macs: Macs, ttl: int) -> None:
        self._handles = handles
        self._macs = macs
        self._ttl = ttl

    def start(
        self,
        unit: Unit,
        browser: Browser,
        *,
        purpose: str,
        request: dict[str, Any],
        client_id: str | None = None,
        received_at: datetime | None = None,
        session_id: str | None = None,
        reasons: tuple[str, ...] = (),
    ) -> Started:
        """Begin an interaction in this browser."""
        handle = self._handles.issue(Kind.INTERACTION)
        interaction = Interaction(
            digest=handle.digest,
            purpose=purpose,
            browser_id=browser.id,
            client_id=client_id,
            request=request,
            received_at=received_at or validity.now(),
            facts=[],
            reasons=list(reasons),
            session_id=session_id,
            expires_at=validity.after(self._ttl),
        )
        return Started(unit.interactions.add(interaction), handle.value)

    def find(self, unit: Unit, handle: str | None) -> Interaction | None:
        """The interaction behind a handle, whatever became of it and whosever it is."""
        digest = self._handles.digest(Kind.INTERACTION, handle) if handle else None
        return unit.interactions.find_by_digest(digest) if digest is not None else None

    def open(self, unit: Unit, handle: str | None, browser: Browser | None, purpose: str | None = None) -> Interaction:
        """The interaction behind a handle, still open, this browser's own and, where that matters, for `purpose`.

        Raises:
            InteractionUnavailable: it is unknown, over, or was begun in another browser.
        """
        interaction = self.find(unit, handle)
        if interaction is None or purpose not in {None, interaction.purpose}:
            raise InteractionUnavailable("This sign-in is not known here. Start again.", reason="interaction_unknown")
        if browser is None or interaction.browser_id != browser.id:
            raise InteractionUnavailable(
                "This sign-in was begun in another browser. Start again.", reason="interaction_from_other_browser"
            )
        if interaction.consumed_at is not None:
            raise finished()
        if interaction.is_expired:
            raise InteractionUnavailable("This sign-in took too long. Start again.", reason="interaction_expired")
        return interaction

    def reload(self, unit: Unit, seen: Interaction) -> Interaction:
        """The interaction as this transaction sees it, which is still as a page saw it a moment ago.

        Raises:
            InteractionUnavailable: it was answered or advanced meanwhile.
        """
        interaction = unit.interactions.find_by_digest(seen.digest)
        if interaction is None or interaction.consumed_at is not None:
            raise finished()
        if interaction.version != seen.version:
            raise advanced()
        return interaction

    def prove(self, unit: Unit, interaction: Interaction, fact: Fact, **values: Any) -> None:
        """Write down one more fact.

        Raises:
            InteractionUnavailable: another request advanced the interaction meanwhile.
        """
        facts = Facts.from_documents(interaction.facts).with_fact(fact)
        subject = facts.login.user_id if facts.login else None
        documents = facts.to_documents()
        if not unit.interactions.advance(interaction, facts=documents, user_id=subject, **values):
            raise advanced()

    def verifier(self, interaction: Interaction, step: str) -> str:
        """A proof that the authorization endpoint itself sent the browser to this step of this interaction."""
        return self._macs.sign(STEP_PURPOSE, interaction.id, step)

    def check_verifier(self, interaction: Interaction, step: str, verifier: str | None) -> None:
        """Accept a step only with its own verifier. Raises InteractionUnavailable."""
        if not verifier or not self._macs.verify(STEP_PURPOSE, verifier, interaction.id, step):
            raise InteractionUnavailable("This page cannot be opened on its own.", reason="step_not_dispatched")
