"""What every page of a journey does first: find its interaction, in this browser, dispatched to this step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from authserver.clients.directory import Client
from authserver.login.facts import Facts
from authserver.login.interactions import InteractionUnavailable
from authserver.protocol.errors import InvalidRequest, ProtocolError, UnknownClient
from authserver.protocol.messages import Parameters, Request, Response, redirect
from authserver.storage.models.sessions import Browser, Interaction
from authserver.storage.unit import Unit
from authserver.web import paths
from authserver.web.border import Border
from authserver.web.csrf import CSRF, NO_PROOF, ForgedForm
from authserver.web.page_errors import application_of
from authserver.web.page_values import Application, Form, Page


@dataclass(frozen=True)
class Visit:
    """One opening of a page: the interaction, its browser and its client."""

    request: Request
    handle: str
    verifier: str
    interaction: Interaction
    browser: Browser
    client: Client | None

    @property
    def parameters(self) -> Parameters:
        """The parameters of the authorization request."""
        return Parameters([(name, value) for name, value in self.interaction.request.get("pairs", [])])

    @property
    def facts(self) -> Facts:
        """What has been proven so far."""
        return Facts.from_documents(self.interaction.facts)

    @property
    def application(self) -> Application | None:
        """The client as the page shows it."""
        return application_of(self.client) if self.client else None


class Step:
    """A page of the journey. Subclasses show it and take what was posted."""

    name = ""
    path = ""

    def __init__(self, border: Border) -> None:
        self.border = border
        self.services = border.services

    def __call__(self, request: Request) -> Response:
        """Show the page, or take the form; every refusal is a page."""
        client: Client | None = None
        try:
            forged = forged_form(self.border.csrf, request)
            with self.services.database.reading() as unit:
                client = self._client(unit, request)
                visit = self._open(unit, request, client, forged)
            if forged is not None:
                return self.renew(visit)
            return self.post(visit) if request.method == "POST" else self.show(visit)
        except ProtocolError as error:
            return self.border.errors.render(request, error, self.name, client)

    def show(self, visit: Visit) -> Response:  # noqa: ARG002
        """The page."""
        raise AssertionError("every step shows itself")

    def post(self, visit: Visit) -> Response:  # noqa: ARG002
        """Take what was posted."""
        raise AssertionError("every step takes its own form")

    def renew(self, visit: Visit) -> Response:
        """The page once more, for a form that this browser was shown before it was given other cookies.

        That happens when one signs in in another tab meanwhile. Nothing of what was posted counts.
        """
        return replace(self.show(visit), status=403)

    def current(self, unit: Unit, visit: Visit) -> Interaction:
        """The interaction in this transaction, as it was when the page was opened. Raises InteractionUnavailable."""
        return self.services.ledger.reload(unit, visit.interaction)

    def form(self, visit: Visit) -> Form:
        """The hidden fields of this page's form."""
        page_secret = self.border.cookies.page(visit.request) or ""
        return Form(csrf_token=self.border.csrf.token(page_secret), interaction=visit.handle, step=visit.verifier)

    def render(
        self, visit: Visit, page: Page, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
    ) -> Response:
        """`page` in the language that the application proposed, unless the person chose another."""
        ui_locales = visit.parameters.get("ui_locales") or ""
        return self.border.pages.render(page, visit.request, status=status, headers=headers, ui_locales=ui_locales)

    def resume(self, visit: Visit, *headers: tuple[str, str]) -> Response:
        """Back to where the sign-in was begun, which alone knows what comes next."""
        beginning = paths.RESUME_OF[visit.interaction.purpose]
        return redirect(f"{beginning}?{urlencode({'interaction': visit.handle})}", *headers)

    def _client(self, unit: Unit, request: Request) -> Client | None:
        known = self.services.ledger.find(unit, self._parameter(request, "interaction"))
        return self.services.clients.find(known.client_id) if known is not None and known.client_id else None

    def _open(self, unit: Unit, request: Request, client: Client | None, forged: ForgedForm | None) -> Visit:
        try:
            return self._visit(unit, request, client)
        except InteractionUnavailable as unavailable:
            raise forged or unavailable from unavailable

    def _visit(self, unit: Unit, request: Request, client: Client | None) -> Visit:
        ledger = self.services.ledger
        handle, verifier = self._parameter(request, "interaction"), self._parameter(request, "step")
        browser = self.services.browsers.find_by_page(unit, self.border.cookies.page(request))
        interaction = ledger.open(unit, handle, browser)
        ledger.check_verifier(interaction, self.name, verifier)
        if browser is None or handle is None or verifier is None:
            raise AssertionError("an open interaction has a browser and a handle")
        if interaction.client_id is not None and (client is None or not client.enabled):
            raise UnknownClient(
                "The application is not registered here.", reason="client_disabled", spec="RFC 6749 §4.1.2.1"
            )
        return Visit(request, handle, verifier, interaction, browser, client)

    @staticmethod
    def _parameter(request: Request, name: str) -> str | None:
        return request.form.get(name) if request.method == "POST" else request.query.get(name)


def forged_form(csrf: CSRF, request: Request) -> ForgedForm | None:
    """The refusal of a form without a good proof, which may merely be old; what comes from elsewhere is raised."""
    try:
        _ = request.query, request.form
    except ValueError as error:
        raise InvalidRequest("The form cannot be read.", reason="form_malformed") from error
    if request.method != "POST":
        return None
    try:
        csrf.check(request)
    except ForgedForm as forged:
        if forged.reason != NO_PROOF:
            raise
        return forged
    return None
