"""The account chooser: several accounts signed in, or the application wants a choice."""

from __future__ import annotations

from authserver.interaction.step import Step, Visit
from authserver.login.facts import Fact, FactKind
from authserver.login.interactions import InteractionUnavailable
from authserver.protocol.messages import Response
from authserver.storage.models.sessions import Interaction, Session
from authserver.storage.unit import Unit
from authserver.web.page_values import Account, SelectAccountPage


class SelectAccountStep(Step):
    """Proves which of the signed-in accounts is meant."""

    name = "select_account"
    path = "/select-account"

    def show(self, visit: Visit) -> Response:
        """The page, with one button for each account."""
        with self.services.database.reading() as unit:
            sessions = unit.sessions.in_browser(visit.browser.id)
            accounts = tuple(self._account(unit, session) for session in sessions)
        page = SelectAccountPage(form=self.form(visit), accounts=accounts, application=visit.application)
        return self.render(visit, page)

    def post(self, visit: Visit) -> Response:
        """Take the choice, or go on to the login page for another account."""
        form = visit.request.form
        with self.services.database.unit() as unit:
            interaction = unit.interactions.find_by_digest(visit.interaction.digest)
            if interaction is None or interaction.consumed_at is not None:
                raise InteractionUnavailable("This sign-in is finished already.", reason="interaction_finished")
            if form.get("action") == "cancel":
                self.services.ledger.prove(unit, interaction, Fact(FactKind.DENIED, detail={"by": "cancel"}))
            elif form.get("action") == "other":
                self._other(unit, interaction)
            else:
                self._choose(unit, visit, interaction, form.get("account"))
        return self.resume(visit)

    def _choose(self, unit: Unit, visit: Visit, interaction: Interaction, reference: str | None) -> None:
        sessions = unit.sessions.in_browser(visit.browser.id)
        chosen = next((known for known in sessions if known.id == reference), None)
        if chosen is None:
            raise InteractionUnavailable("This account is not signed in any more.", reason="interaction_expired")
        fact = Fact(FactKind.ACCOUNT, chosen.user_id, detail={"session": chosen.id})
        self.services.ledger.prove(unit, interaction, fact, session_id=chosen.id)

    def _other(self, unit: Unit, interaction: Interaction) -> None:
        """Another account: the login page comes next, whoever is signed in."""
        pairs = [pair for pair in interaction.request["pairs"] if pair[0] not in {"prompt", "login_hint"}]
        pairs.append(["prompt", "login"])
        unit.interactions.advance(
            interaction, facts=[], user_id=None, session_id=None, request={**interaction.request, "pairs": pairs}
        )

    def _account(self, unit: Unit, session: Session) -> Account:
        user = unit.users.get(session.user_id)
        return Account(username=user.username or user.email or "", name=user.name or "", reference=session.id)
