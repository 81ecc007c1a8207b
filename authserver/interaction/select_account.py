"""The account chooser: several accounts signed in, or the application wants a choice."""

from __future__ import annotations

from authserver.identity.sessions import signed_in
from authserver.interaction.step import Step, Visit
from authserver.login.facts import Fact, FactKind
from authserver.login.interactions import InteractionUnavailable
from authserver.protocol.messages import Response
from authserver.storage.models.sessions import Interaction, Session
from authserver.storage.models.users import User
from authserver.storage.unit import Unit
from authserver.web.page_values import Account, SelectAccountPage


class SelectAccountStep(Step):
    """Proves which of the signed-in accounts is meant."""

    name = "select_account"
    path = "/select-account"

    def show(self, visit: Visit) -> Response:
        """The page, with one button for each account."""
        with self.services.database.reading() as unit:
            accounts = tuple(_account(session, user) for session, user in signed_in(unit, visit.browser))
        page = SelectAccountPage(form=self.form(visit), accounts=accounts, application=visit.application)
        return self.render(visit, page)

    def post(self, visit: Visit) -> Response:
        """Take the choice, or go on to the login page for another account."""
        form = visit.request.form
        with self.services.database.unit() as unit:
            interaction = self.current(unit, visit)
            if form.get("action") == "cancel":
                self.services.ledger.prove(unit, interaction, Fact(FactKind.DENIED, detail={"by": "cancel"}))
            elif form.get("action") == "other":
                self.services.ledger.prove(unit, interaction, Fact(FactKind.OTHER_ACCOUNT), session_id=None)
            else:
                self._choose(unit, visit, interaction, form.get("account"))
        return self.resume(visit)

    def _choose(self, unit: Unit, visit: Visit, interaction: Interaction, reference: str | None) -> None:
        sessions = (session for session, _user in signed_in(unit, visit.browser))
        chosen = next((known for known in sessions if known.id == reference), None)
        if chosen is None:
            raise InteractionUnavailable("This account is not signed in any more.", reason="interaction_expired")
        fact = Fact(FactKind.ACCOUNT, chosen.user_id, detail={"session": chosen.id})
        self.services.ledger.prove(unit, interaction, fact, session_id=chosen.id)


def _account(session: Session, user: User) -> Account:
    return Account(username=user.username or user.email or "", name=user.name or "", reference=session.id)
