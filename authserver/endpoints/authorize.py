"""GET and POST /oauth2/authorize, and its second visits (RFC 6749 §3.1, OIDC Core §3.1.2)."""

from __future__ import annotations

from collections.abc import Callable

from authserver.authorize import pipeline, session_state
from authserver.authorize.checks.parameters import ENVELOPE
from authserver.authorize.context import Context, Via
from authserver.authorize.dispatch import PURPOSE, read_kept
from authserver.authorize.outcomes import ClientResponse, Interrupt, Outcome, error_response
from authserver.login.interactions import InteractionUnavailable
from authserver.protocol.errors import ProtocolError, Refused, UntrustedRequest
from authserver.protocol.messages import Parameters, Request, Response, redirect
from authserver.storage.models.sessions import Browser, Interaction
from authserver.storage.unit import Unit
from authserver.web import paths
from authserver.web.border import Border
from authserver.web.cookies import new_browser_state
from authserver.web.page_errors import application_of
from authserver.web.page_values import FormPostPage


class AuthorizeEndpoint:
    """Entry, re-entry and exit of every sign-in."""

    def __init__(self, border: Border) -> None:
        self._services = border.services
        self._cookies = border.cookies
        self._pages = border.pages
        self._errors = border.errors
        self._posted = border.posted

    def __call__(self, request: Request) -> Response:
        """A fresh authorization request, by GET or POST."""
        try:
            parameters = self._posted.parameters(request, paths.AUTHORIZE)
        except ProtocolError as error:
            return self._errors.render(request, error, "authorize")
        context = Context(parameters)
        if self._posted.is_from_elsewhere(request):
            return self._answer(request, context, lambda: self._keep(context))
        return self._answer(request, context, lambda: self._begin(request, context))

    def resume(self, request: Request) -> Response:
        """The browser comes back from a page."""
        context = Context(Parameters(), via=Via.RESUME)
        return self._answer(request, context, lambda: self._resume(request, context))

    def _keep(self, context: Context) -> Response:
        """Another site's POST: verified first, then continued by GET with the browser's cookies."""
        sent = context.parameters.only(ENVELOPE)
        pipeline.run(context, self._services.authorize_collaborators)
        return self._posted.keep(sent, paths.AUTHORIZE)

    def _begin(self, request: Request, context: Context) -> Response:
        services = self._services
        pipeline.run(context, services.authorize_collaborators)
        sso = self._cookies.sso(request)
        with services.database.unit() as unit:
            browser = services.browsers.find_by_sso(unit, sso)
            outcome = services.dispatcher.dispatch(unit, context, browser)
        return self._deliver(request, context, outcome)

    def _resume(self, request: Request, context: Context) -> Response:
        services, handle = self._services, _handle(request)
        self._read_keys(handle)
        with services.database.unit() as unit:
            browser = services.browsers.find_by_sso(unit, self._cookies.sso(request))
            interaction = self._load(unit, context, handle, browser)
            try:
                pipeline.run(context, services.authorize_collaborators)
                outcome = services.dispatcher.dispatch(unit, context, browser, interaction, handle or "")
            except InteractionUnavailable:
                raise
            except ProtocolError as error:
                interaction_id = interaction.id
                raise Refused(error, lambda other: other.interactions.consume(interaction_id)) from error
        return self._deliver(request, context, outcome)

    def _read_keys(self, handle: str | None) -> None:
        """What the answer is encrypted to is at hand before the transaction, which must not wait for the client."""
        services = self._services
        with services.database.reading() as unit:
            known = services.ledger.find(unit, handle)
        client = services.clients.find(known.client_id) if known is not None and known.client_id is not None else None
        if client is not None:
            services.answers.protector.read_keys(client)

    def _load(self, unit: Unit, context: Context, handle: str | None, browser: Browser | None) -> Interaction:
        """The interaction's request, so that even an error knows where it came from."""
        services = self._services
        known = services.ledger.find(unit, handle)
        if known is not None and known.client_id is not None:
            context.client = services.clients.find(known.client_id)
        interaction = services.ledger.open(unit, handle, browser, PURPOSE)
        read_kept(context, interaction.request)
        context.received_at = interaction.received_at
        return interaction

    def _answer(self, request: Request, context: Context, work: Callable[[], Response]) -> Response:
        try:
            return work()
        except InteractionUnavailable as error:
            return self._errors.render(request, error, "authorize", context.client)
        except ProtocolError as error:
            if not context.is_redirectable:
                return self._errors.render(request, error, "authorize", context.client)
            client_id = context.client.id if context.client else None
            reference = self._services.explanations.keep(error, "authorize", client_id)
            issuer = self._services.settings.issuer
            try:
                return self._to_client(request, context, error_response(context, error, issuer, reference))
            except ProtocolError as second:
                # The answer cannot be put into the form that the client can read: the person is told.
                return self._errors.render(request, second, "authorize", context.client)

    def _deliver(self, request: Request, context: Context, outcome: Outcome) -> Response:
        if isinstance(outcome, Interrupt):
            return redirect(outcome.location, *self._browser_cookies(request, outcome))
        return self._to_client(request, context, self._services.responder.finish(outcome))

    def _browser_cookies(self, request: Request, outcome: Interrupt) -> tuple[tuple[str, str], ...]:
        """New cookies for a new browser; the page cookie again where it did not come along."""
        services = self._services
        if outcome.secrets is not None:
            return self._cookies.set_browser(outcome.secrets)
        sso = self._cookies.sso(request)
        if sso is None:
            return ()
        page = services.browsers.page_secret(sso)
        return () if self._cookies.page(request) == page else (self._cookies.set_page(page),)

    def _to_client(self, request: Request, context: Context, answer: ClientResponse) -> Response:
        stated, cookies = self._stated(request, context, answer)
        try:
            answer = self._services.response_signer.protected(stated, context.verified_client)
        except ProtocolError as error:
            # What the client wants signed or hidden is not sent otherwise, not even as an error.
            return self._errors.render(request, error, "authorize", context.client)
        if answer.transport != "form_post":
            return redirect(answer.location, *cookies)
        application = application_of(context.client) if context.client else None
        page = FormPostPage(action=answer.redirect_uri, fields=answer.parameters, application=application)
        return self._pages.render(page, request, headers=cookies, ui_locales=context.get("ui_locales") or "")

    def _stated(
        self, request: Request, context: Context, answer: ClientResponse
    ) -> tuple[ClientResponse, tuple[tuple[str, str], ...]]:
        """The answer with `session_state`, and the cookie that it was computed from where the browser has none yet.

        A refusal gives no cookie, so it carries the state only of a browser that has one.
        """
        known = self._cookies.browser_state(request)
        if known is None and any(name == "error" for name, _ in answer.parameters):
            return answer, ()
        browser_state = known or new_browser_state()
        stated = session_state.of_request(context, browser_state)
        if stated is None:
            return answer, ()
        cookies = () if known else (self._cookies.set_browser_state(browser_state),)
        return answer.with_parameters((*answer.parameters, ("session_state", stated))), cookies


def _handle(request: Request) -> str | None:
    try:
        return request.query.get("interaction")
    except ValueError as error:
        raise UntrustedRequest(
            "The parameters cannot be read.", reason="parameters_malformed", spec="RFC 6749 §3.1"
        ) from error
