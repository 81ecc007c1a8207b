"""GET and POST /oauth2/logout (OIDC RP-Initiated Logout §2).

A request alone proves no wish of the person, so the session ends at once only
when a genuine ID token of that very session comes along; otherwise a page
asks. Nobody is redirected without such a hint and a registered address.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from authserver.clients.directory import Client
from authserver.clients.frontchannel_logout import FrontchannelLogout
from authserver.protocol.errors import InvalidRequest, InvalidToken, ProtocolError
from authserver.protocol.messages import Parameters, Request, Response, redirect
from authserver.protocol.redirect_uris import with_parameters
from authserver.storage.models.sessions import Browser, Session
from authserver.storage.unit import Unit
from authserver.tokens import id_tokens
from authserver.web import paths
from authserver.web.border import Border
from authserver.web.cookies import new_browser_state
from authserver.web.csrf import FIELD
from authserver.web.page_errors import application_of
from authserver.web.page_values import Account, Form, FrontchannelLogoutPage, LogoutConfirmPage

SINGLE = frozenset({"id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales"})


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A verified logout request. `redirect_uri` is set only when it may be used."""

    client: Client | None
    subject: str | None
    sid: str | None
    redirect_uri: str
    state: str | None
    ui_locales: str | None

    @property
    def location(self) -> str:
        """Where the browser goes afterwards, with the state that was asked for."""
        return with_parameters(self.redirect_uri, [] if self.state is None else [("state", self.state)])


@dataclass(frozen=True, slots=True)
class Ended:
    """Whether any session ended, and the addresses by which the browser tells of it."""

    anything: bool = False
    frames: tuple[str, ...] = ()


NOTHING = Ended()


class LogoutEndpoint:
    """Ends sessions at the word of a client, or of the person."""

    def __init__(self, border: Border) -> None:
        self._services = border.services
        self._cookies = border.cookies
        self._csrf = border.csrf
        self._pages = border.pages
        self._errors = border.errors
        self._posted = border.posted
        services = border.services
        self._frontchannel = FrontchannelLogout(services.settings.issuer, services.clients, services.macs)

    def __call__(self, request: Request) -> Response:
        """A logout request by GET or POST, or the answer to the confirmation page."""
        try:
            parameters = self._posted.parameters(request, paths.LOGOUT)
            if request.method == "POST" and FIELD in parameters:
                self._csrf.check(request)
                # The form carries the person's answer; what was asked for is in its address.
                return self._decide(request, self._read(_query(request)), parameters.get("action"))
            asked = self._read(parameters)
            if self._posted.is_from_elsewhere(request):
                return self._keep(parameters) if asked.client else redirect(paths.LOGOUT)
            return self._visit(request, asked, parameters)
        except ProtocolError as error:
            return self._errors.render(request, error, "logout")

    def _keep(self, parameters: Parameters) -> Response:
        """Another site's POST, continued by GET with the browser's cookies; what means nothing here is not kept."""
        known = Parameters([pair for pair in parameters.pairs if pair[0] in SINGLE])
        return self._posted.keep(known, paths.LOGOUT)

    def _read(self, parameters: Parameters) -> LogoutRequest:
        """What is asked for, with everything verified that needs to be."""
        repeated = sorted(parameters.repeated & SINGLE)
        if repeated:
            raise InvalidRequest(
                f"The parameter {repeated[0]} must not be sent more than once.",
                reason="parameter_repeated",
                spec="OIDC RP-Initiated Logout §2",
            )
        hint, client_id = parameters.get("id_token_hint"), parameters.get("client_id")
        claims = self._read_hint(hint) if hint is not None else None
        if claims is not None and client_id is not None and claims.client_id != client_id:
            raise InvalidRequest(
                "client_id is not the one of id_token_hint.",
                reason="logout_client_mismatch",
                spec="OIDC RP-Initiated Logout §2",
            )
        known = claims.client_id if claims is not None else client_id
        client = self._services.clients.find(known) if known else None
        client = client if client is not None and client.enabled else None
        wanted = parameters.get("post_logout_redirect_uri")
        if wanted is not None and claims is None:
            raise InvalidRequest(
                "post_logout_redirect_uri is taken together with an id_token_hint.",
                reason="post_logout_redirect_uri_without_hint",
                spec="OIDC RP-Initiated Logout §3",
            )
        if wanted is not None and (client is None or wanted not in client.post_logout_redirect_uris):
            raise InvalidRequest(
                "post_logout_redirect_uri is not registered for the application that id_token_hint names.",
                reason="post_logout_redirect_uri_not_allowed",
                spec="OIDC RP-Initiated Logout §3",
            )
        return LogoutRequest(
            client=client,
            subject=claims.subject if claims is not None else None,
            sid=claims.sid if claims is not None else None,
            redirect_uri=wanted or "",
            state=parameters.get("state"),
            ui_locales=parameters.get("ui_locales"),
        )

    def _read_hint(self, hint: str) -> id_tokens.Hint:
        try:
            return self._services.answers.hints.read(hint)
        except InvalidToken as error:
            raise InvalidRequest(
                "id_token_hint is not an ID token of this server.",
                reason=f"logout_hint_{error.reason}",
                spec="OIDC RP-Initiated Logout §2",
            ) from error

    def _visit(self, request: Request, asked: LogoutRequest, parameters: Parameters) -> Response:
        services = self._services
        with services.database.unit() as unit:
            browser = self._browser(unit, request)
            sessions = tuple(unit.sessions.in_browser(browser.id)) if browser else ()
            named = self._named_session(sessions, asked)
            ended = self._sign_out(unit, (named,), "client") if named is not None else NOTHING
            account = self._account(unit, sessions[0]) if sessions and named is None else None
        if named is not None or not sessions:
            return self._done(request, asked, ended)
        return self._ask(request, asked, parameters, account)

    def _browser(self, unit: Unit, request: Request) -> Browser | None:
        return self._services.browsers.find_by_sso(unit, self._cookies.sso(request))

    def _named_session(self, sessions: tuple[Session, ...], asked: LogoutRequest) -> Session | None:
        """The session in this browser that the hint was issued in."""
        if asked.client is None or asked.sid is None:
            return None
        macs, client_id = self._services.macs, asked.client.id
        return next((known for known in sessions if macs.sid(known.id, client_id) == asked.sid), None)

    def _account(self, unit: Unit, session: Session) -> Account | None:
        user = unit.users.find(session.user_id)
        return Account(username=user.username or user.email or "", name=user.name or "") if user else None

    def _ask(self, request: Request, asked: LogoutRequest, parameters: Parameters, account: Account | None) -> Response:
        services = self._services
        sso = self._cookies.sso(request) or ""
        page_secret = services.browsers.page_secret(sso)
        kept = [(name, value) for name, value in parameters.pairs if name in SINGLE]
        page = LogoutConfirmPage(
            form=Form(csrf_token=self._csrf.token(page_secret), action=f"{paths.LOGOUT}?{urlencode(kept)}"),
            account=account,
            application=application_of(asked.client) if asked.client else None,
        )
        return self._pages.render(page, request, headers=(self._cookies.set_page(page_secret),))

    def _decide(self, request: Request, asked: LogoutRequest, action: str | None) -> Response:
        if action != "yes":
            return redirect("/")
        services = self._services
        with services.database.unit() as unit:
            browser = services.browsers.find_by_page(unit, self._cookies.page(request))
            sessions = tuple(unit.sessions.in_browser(browser.id)) if browser else ()
            ended = self._sign_out(unit, sessions, "user")
        return self._done(request, asked, ended)

    def _sign_out(self, unit: Unit, sessions: tuple[Session, ...], initiated_by: str) -> Ended:
        for session in sessions:
            self._services.sessions.sign_out(unit, session, initiated_by=initiated_by)
        return Ended(bool(sessions), self._frontchannel.addresses(unit, sessions))

    def _done(self, request: Request, asked: LogoutRequest, ended: Ended) -> Response:
        """Back to the application, or to the page that says so; by way of the applications that the browser tells."""
        state = (self._cookies.set_browser_state(new_browser_state()),) if ended.anything else ()
        if ended.frames:
            location, client = asked.location if asked.redirect_uri else "", asked.client
            page = FrontchannelLogoutPage(ended.frames, location, application_of(client) if client else None)
            return self._pages.render(page, request, headers=state, ui_locales=asked.ui_locales or "")
        if asked.redirect_uri:
            return redirect(asked.location, *state)
        language = f"?{urlencode({'ui_locales': asked.ui_locales})}" if asked.ui_locales else ""
        return redirect(f"{paths.SIGNED_OUT}{language}", *state)


def _query(request: Request) -> Parameters:
    try:
        return request.query
    except ValueError as error:
        raise InvalidRequest("The parameters cannot be read.", reason="parameters_malformed") from error
