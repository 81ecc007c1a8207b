"""What comes next: a page, or the answer. The only place that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authserver.authorize import prompts
from authserver.authorize.checks.parameters import UNDERSTOOD
from authserver.authorize.context import Context
from authserver.authorize.outcomes import Interrupt, Issued, Outcome
from authserver.authorize.response import Responder
from authserver.authorize.situation import Situation, gather
from authserver.clients.directory import Client
from authserver.identity.browsers import BrowserRegistry
from authserver.login.facts import FactKind
from authserver.login.interactions import InteractionLedger
from authserver.protocol.errors import AccessDenied, LoginRequired, UnmetAuthenticationRequirements
from authserver.protocol.messages import Parameters
from authserver.storage.models.sessions import Browser, Interaction
from authserver.storage.unit import Unit

PURPOSE = "authorize"
ACR_ORDER = ("", "1", "2", "phr", "phrh")


class Dispatcher:
    """Asks the prompts for the first missing fact and acts on the answer, in the caller's transaction."""

    def __init__(self, ledger: InteractionLedger, browsers: BrowserRegistry, responder: Responder) -> None:
        self._ledger = ledger
        self._browsers = browsers
        self._responder = responder

    def dispatch(
        self,
        unit: Unit,
        context: Context,
        browser: Browser | None,
        interaction: Interaction | None = None,
        handle: str = "",
    ) -> Outcome:
        """Send the person to the page that can prove the next fact, or the answer to the client.

        Raises:
            ProtocolError: the request ends in an error for the client.
        """
        situation = gather(unit, context, browser, interaction)
        self._check_end(situation)
        missing = prompts.first(situation)
        if missing is None:
            return self._answer(unit, situation, interaction)
        prompt, reasons = missing
        if context.is_silent:
            raise prompt.error(
                "The request cannot be answered without showing a page.",
                reason=reasons[0],
                spec="OIDC Core §3.1.2.6",
            )
        return self._interrupt(unit, situation, (interaction, handle), prompt, reasons)

    def _check_end(self, situation: Situation) -> None:
        """Some facts end the request, however many others are still missing."""
        if situation.facts.has(FactKind.DENIED):
            raise AccessDenied("The person refused the request.", reason="denied_by_user", spec="RFC 6749 §4.1.2.1")
        expected, login = situation.context.expected_subject, situation.facts.login
        if expected is not None and login is not None and login.user_id != expected:
            raise LoginRequired(
                "Another person signed in than was expected.",
                reason="id_token_hint_other_subject",
                spec="OIDC Core §3.1.2.1",
            )

    def _answer(self, unit: Unit, situation: Situation, interaction: Interaction | None) -> Issued:
        reached = situation.session.acr if situation.session else ""
        _check_policy_acr(situation.context.verified_client, reached)
        _check_essential_acr(situation.context.claims.essential_acrs, reached)
        return self._responder.respond(unit, situation, interaction)

    def _interrupt(
        self,
        unit: Unit,
        situation: Situation,
        begun: tuple[Interaction | None, str],
        prompt: prompts.Prompt,
        reasons: tuple[str, ...],
    ) -> Interrupt:
        interaction, handle = begun
        secrets = None
        browser = situation.browser
        if interaction is None:
            if browser is None:
                browser, secrets = self._browsers.create(unit)
            context = situation.context
            started = self._ledger.start(
                unit,
                browser,
                purpose=PURPOSE,
                request=_kept(context),
                client_id=context.verified_client.id,
                received_at=context.received_at,
                session_id=situation.session.id if situation.session else None,
                reasons=reasons,
            )
            interaction, handle = started.interaction, started.handle
        else:
            session_id = situation.session.id if situation.session else None
            unit.interactions.note_dispatch(interaction, reasons=list(reasons), session_id=session_id)
        return Interrupt(prompt.path, handle, self._ledger.verifier(interaction, prompt.name), secrets)


def _kept(context: Context) -> dict[str, Any]:
    """The request as the interaction keeps it; `read_kept` is the way back."""
    document: dict[str, Any] = {"pairs": [list(pair) for pair in context.parameters.only(UNDERSTOOD).pairs]}
    if context.pushed is not None:
        document["pushed"] = context.pushed.hex()
    return document


def read_kept(context: Context, document: Mapping[str, Any]) -> None:
    """Give a context the request that an interaction kept."""
    context.parameters = Parameters([(name, value) for name, value in document["pairs"]])
    pushed = document.get("pushed")
    context.pushed = bytes.fromhex(pushed) if pushed else None


def _check_policy_acr(client: Client, reached: str) -> None:
    required = client.policy.required_acr
    if ACR_ORDER.index(required) > ACR_ORDER.index(reached):
        raise UnmetAuthenticationRequirements(
            f"The application requires authentication of level {required}.",
            reason="acr_not_reached",
            spec="OIDC Unmet Authentication Requirements §2",
            setting=f"client {client.id}: policy required_acr={required}",
        )


def _check_essential_acr(wanted: tuple[str, ...], reached: str) -> None:
    """One of the levels is reached, or more than the lowest of them (OIDC Core §5.5.1.1)."""
    if not wanted or reached in wanted:
        return
    known = [ACR_ORDER.index(level) for level in wanted if level in ACR_ORDER]
    if not known or min(known) > ACR_ORDER.index(reached):
        raise UnmetAuthenticationRequirements(
            "The authentication level that the application calls essential was not reached.",
            reason="essential_acr_not_reached",
            spec="OIDC Core §5.5.1.1",
        )
