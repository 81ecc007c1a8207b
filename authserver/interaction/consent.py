"""The consent page: what an application asks for, and what the person allows it."""

from __future__ import annotations

from authserver.access import authorization_details, consents, requests
from authserver.clients.directory import Client
from authserver.events.catalog import ConsentDenied
from authserver.identity import profiles
from authserver.interaction.scope_lines import REQUIRED_SCOPE, scope_lines
from authserver.interaction.step import Step, Visit
from authserver.login.facts import Fact, FactKind
from authserver.login.interactions import InteractionUnavailable
from authserver.protocol import claims as claims_parameter
from authserver.protocol.messages import Response
from authserver.protocol.redirect_uris import is_native_callback
from authserver.storage.models.sessions import Interaction, Session
from authserver.storage.models.users import User
from authserver.storage.unit import Unit
from authserver.web.page_values import Account, Application, ConsentPage


class ConsentStep(Step):
    """Proves that the person allowed or refused what was asked for."""

    name = "consent"
    path = "/consent"

    def show(self, visit: Visit) -> Response:
        """The page: client, account, scopes in words, resources, and the host the answer goes to."""
        with self.services.database.reading() as unit:
            _session, user = self._person(unit, visit.interaction)
        snapshot, asked = self.services.catalog.current(), self._asked(visit)
        page = ConsentPage(
            form=self.form(visit),
            application=self._application(visit),
            account=Account(username=user.username or user.email or "", name=user.name or ""),
            redirect_uri=visit.parameters.get("redirect_uri") or "",
            scopes=scope_lines(asked.scopes, snapshot),
            resources=tuple(
                snapshot.resources[uri].name if uri in snapshot.resources else uri
                for uri in visit.parameters.all("resource")
            ),
            claims=sorted_claims(_single_claims(visit, asked.scopes)),
            details=authorization_details.descriptions(asked.details, snapshot),
            can_remember=self._can_remember(visit),
        )
        return self.render(visit, page)

    def post(self, visit: Visit) -> Response:
        """Allow, refuse, or change the account."""
        action = visit.request.form.get("action")
        if action == "switch":
            return self._switch(visit)
        asked = self._asked(visit).scopes
        kept = {*visit.request.form.all("scope"), REQUIRED_SCOPE}
        chosen = self.services.catalog.current().left_of(asked, kept)
        claims = _single_claims(visit, asked) & frozenset(visit.request.form.all("claim"))
        with self.services.database.unit() as unit:
            interaction = self.current(unit, visit)
            session, _user = self._person(unit, interaction)
            if action == "allow" and (chosen or not asked):
                self._allow(unit, visit, (interaction, session), chosen, claims)
            else:
                self._deny(unit, visit, interaction, session, asked)
        return self.resume(visit)

    def _allow(
        self,
        unit: Unit,
        visit: Visit,
        place: tuple[Interaction, Session],
        chosen: frozenset[str],
        claims: frozenset[str],
    ) -> None:
        services, (interaction, session) = self.services, place
        services.ledger.prove(
            unit,
            interaction,
            Fact(FactKind.CONSENT, session.user_id, detail={"scopes": sorted(chosen), "claims": sorted(claims)}),
            session_id=session.id,
        )
        consents.remember(
            unit,
            services.recorder,
            session.user_id,
            self._asker(visit),
            scopes=chosen,
            resources=frozenset(visit.parameters.all("resource")),
            claims=claims,
            session_id=session.id,
            wanted=visit.request.form.get("remember") is not None and self._can_remember(visit),
        )

    def _deny(
        self, unit: Unit, visit: Visit, interaction: Interaction, session: Session, asked: frozenset[str]
    ) -> None:
        self.services.ledger.prove(unit, interaction, Fact(FactKind.DENIED, session.user_id, detail={"by": "consent"}))
        self.services.recorder.record(
            unit,
            ConsentDenied(
                user_id=session.user_id,
                client_id=visit.interaction.client_id,
                session_id=session.id,
                scopes=tuple(sorted(asked)),
            ),
        )

    def _switch(self, visit: Visit) -> Response:
        """Another account: the login page comes next, whoever is signed in."""
        with self.services.database.unit() as unit:
            fact = Fact(FactKind.OTHER_ACCOUNT)
            self.services.ledger.prove(unit, self.current(unit, visit), fact, session_id=None)
        return self.resume(visit)

    def _person(self, unit: Unit, interaction: Interaction) -> tuple[Session, User]:
        """Whom the consent is about: the session that the authorization endpoint sent here, still live."""
        session = unit.sessions.find(interaction.session_id) if interaction.session_id else None
        if session is None or not session.is_live or session.browser_id != interaction.browser_id:
            raise InteractionUnavailable("You are not signed in any more. Start again.", reason="interaction_expired")
        user = unit.users.find(session.user_id)
        if user is None or not user.may_sign_in:
            raise InteractionUnavailable("You are not signed in any more. Start again.", reason="interaction_expired")
        return session, user

    def _asked(self, visit: Visit) -> requests.Asked:
        scope, details = visit.parameters.get("scope"), visit.parameters.get("authorization_details")
        return requests.resolve(scope, details, self._asker(visit), self.services.catalog.current())

    @staticmethod
    def _asker(visit: Visit) -> Client:
        if visit.client is None:
            raise InteractionUnavailable("The application is not registered any more.", reason="client_unknown")
        return visit.client

    def _application(self, visit: Visit) -> Application:
        application = visit.application
        if application is None:
            raise InteractionUnavailable("The application is not registered any more.", reason="client_unknown")
        return application

    def _can_remember(self, visit: Visit) -> bool:
        if visit.client is None or visit.client.policy.consent == "always":
            return False
        native = visit.client.application_type == "native"
        return not (native and is_native_callback(visit.parameters.get("redirect_uri") or ""))


def _single_claims(visit: Visit, scopes: frozenset[str]) -> frozenset[str]:
    """The claims that are asked for one by one, beyond what the scopes release."""
    text = visit.parameters.get("claims")
    if text is None or REQUIRED_SCOPE not in scopes:
        return frozenset()
    return profiles.beyond_scopes(claims_parameter.parse(text).names, scopes)


def sorted_claims(names: frozenset[str]) -> tuple[str, ...]:
    """Claims in the order in which OIDC Core §5.1 lists them, which is the one people expect."""
    return tuple(name for name in profiles.STANDARD_CLAIMS if name in names)
