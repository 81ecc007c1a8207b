"""A page of the server's own that somebody signed in acts on: it sends them to sign in, and they come back to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from authserver.interaction.step import forged_form
from authserver.login.facts import Fact, FactKind, Facts
from authserver.login.interactions import InteractionUnavailable, advanced
from authserver.login.people import Missing, Person, person
from authserver.protocol.errors import ProtocolError
from authserver.protocol.messages import Request, Response, redirect
from authserver.storage.models.sessions import Interaction, Session
from authserver.storage.unit import Unit
from authserver.web import paths
from authserver.web.border import Border
from authserver.web.page_values import Account, Form, Page


@dataclass(frozen=True)
class Visitor:
    """Who is on the page, in which interaction."""

    request: Request
    handle: str
    interaction: Interaction
    person: Person

    @property
    def kept(self) -> dict[str, Any]:
        """What the page remembers between its steps."""
        return dict(self.interaction.request)

    @property
    def account(self) -> Account:
        """The person as pages show them."""
        user = self.person.user
        return Account(username=user.username or user.email or "", name=user.name or "")


class OwnPage:
    """Subclasses say what is remembered of the first visit, show the page, and take what is posted.

    Each visit begins an interaction, so that what is proven and chosen on the
    way is kept on the server and bound to this browser.
    """

    name = ""
    path = ""
    purpose = ""

    def __init__(self, border: Border) -> None:
        self.border = border
        self.services = border.services

    def __call__(self, request: Request) -> Response:
        """The page, the way to it, or the refusal as a page."""
        try:
            forged = forged_form(self.border.csrf, request)
            handle = (request.form if request.method == "POST" else request.query).get("interaction")
            if handle is None:
                return self._begin(request)
            found = self._visitor(request, handle)
            if isinstance(found, Response):
                return found
            if forged is not None:
                return replace(self.show(found), status=403)
            return self.post(found) if request.method == "POST" else self.show(found)
        except ProtocolError as error:
            return self.border.errors.render(request, error, self.name)

    def kept_of(self, request: Request) -> dict[str, Any]:  # noqa: ARG002 - a page may remember nothing
        """What is remembered of a first visit."""
        return {}

    def show(self, visitor: Visitor) -> Response:  # noqa: ARG002
        """The page."""
        raise AssertionError("every page shows itself")

    def post(self, visitor: Visitor) -> Response:  # noqa: ARG002
        """Take what was posted."""
        raise AssertionError("every page takes its own form")

    def again(self, handle: str) -> Response:
        """To the page, by GET, so that reloading it repeats nothing."""
        return redirect(f"{self.path}?{urlencode({'interaction': handle})}")

    def form(self, visitor: Visitor) -> Form:
        """The hidden fields of the page's forms."""
        page_secret = self.border.cookies.page(visitor.request) or ""
        return Form(csrf_token=self.border.csrf.token(page_secret), interaction=visitor.handle)

    def render(
        self, visitor: Visitor, page: Page, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
    ) -> Response:
        """`page` in the person's language."""
        return self.border.pages.render(page, visitor.request, status=status, headers=headers)

    def remember(self, unit: Unit, visitor: Visitor, **values: Any) -> None:
        """Keep `values` for the next step. Raises InteractionUnavailable where another request overtook this one."""
        interaction = self.services.ledger.reload(unit, visitor.interaction)
        if not unit.interactions.advance(interaction, request=interaction.request | values):
            raise advanced()

    def session(self, unit: Unit, visitor: Visitor) -> Session:
        """The person's session in this transaction, still live. Raises InteractionUnavailable."""
        browser = unit.browsers.find(visitor.interaction.browser_id)
        found = person(unit, browser, visitor.interaction) if browser is not None else None
        if not isinstance(found, Person) or found.session.id != visitor.person.session.id:
            raise InteractionUnavailable("You are not signed in any more. Start again.", reason="interaction_expired")
        return found.session

    def switch(self, visitor: Visitor) -> Response:
        """Another account: the login page comes next, whoever is signed in."""
        with self.services.database.unit() as unit:
            interaction = self.services.ledger.reload(unit, visitor.interaction)
            self.services.ledger.prove(unit, interaction, Fact(FactKind.OTHER_ACCOUNT), session_id=None)
        return self.again(visitor.handle)

    def _begin(self, request: Request) -> Response:
        """Found by the cookie that every request brings: a frame on another site must cost nobody their session."""
        services, cookies = self.services, self.border.cookies
        sso, kept = cookies.sso(request), self.kept_of(request)
        headers: tuple[tuple[str, str], ...] = ()
        with services.database.unit() as unit:
            browser = services.browsers.find_by_sso(unit, sso)
            if browser is None or sso is None:
                browser, secrets = services.browsers.create(unit)
                headers = cookies.set_browser(secrets)
            elif cookies.page(request) != services.browsers.page_secret(sso):
                headers = (cookies.set_page(services.browsers.page_secret(sso)),)
            started = services.ledger.start(unit, browser, purpose=self.purpose, request=kept)
        return self.again(started.handle).with_headers(*headers)

    def _visitor(self, request: Request, handle: str) -> Visitor | Response:
        """Who is here, or the way to the page that can prove it."""
        services = self.services
        with services.database.reading() as unit:
            browser = services.browsers.find_by_page(unit, self.border.cookies.page(request))
            interaction = services.ledger.open(unit, handle, browser, self.purpose)
            if browser is None:
                raise AssertionError("an open interaction has a browser")
            if Facts.from_documents(interaction.facts).has(FactKind.DENIED):
                return redirect(paths.HOME)
            found = person(unit, browser, interaction)
        if isinstance(found, Person):
            return Visitor(request, handle, interaction, found)
        return self._sign_in(handle, interaction, found)

    def _sign_in(self, handle: str, interaction: Interaction, missing: Missing) -> Response:
        services = self.services
        with services.database.unit() as unit:
            unit.interactions.note_dispatch(interaction, reasons=[missing.reason], session_id=interaction.session_id)
        query = {"interaction": handle, "step": services.ledger.verifier(interaction, missing.step)}
        return redirect(f"{missing.path}?{urlencode(query)}")
