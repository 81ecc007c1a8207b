"""The playground's three addresses: where a run begins, where the answer comes back, and the run itself."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace

from authserver.edge.chain import Handler
from authserver.playground import addresses
from authserver.playground.backchannel import BackChannel
from authserver.playground.exchanges import Received
from authserver.playground.own_client import CLIENT_ID, OwnClient
from authserver.playground.page_values import DEFAULT_SCOPES, FragmentPage, LostPage, RunPage, start_page
from authserver.playground.runs import Choices, Run, Runs, run_of
from authserver.playground.steps import Steps, is_answer_to, was_taken
from authserver.playground.visitors import Visitors
from authserver.protocol.errors import InvalidRequest, ProtocolError
from authserver.protocol.messages import Parameters, Request, Response, redirect
from authserver.web.border import Border
from authserver.web.csrf import CSRF, FIELD
from authserver.web.page_values import Form, Page

TOKENS = frozenset({"access_token", "refresh_token"})


class Playground:
    """The relying party.

    Args:
        border: the side of the server that browsers see.
        handler: the server from its outermost link on, to send requests to.
    """

    def __init__(self, border: Border, handler: Handler) -> None:
        services = border.services
        self._issuer = services.settings.issuer
        self._border = border
        self._catalog = services.catalog
        self._own_client = OwnClient(services)
        self._runs = Runs(services.ephemeral, services.settings.pepper)
        self._steps = Steps(BackChannel(handler, self._issuer), services.clients, self._issuer)
        self._visitors = Visitors(border.cookies)
        self._csrf = CSRF(services.macs, self._visitors, self._issuer)

    def start(self, request: Request) -> Response:
        """The first page, or the start of a run; people come back here from signing out, too."""
        return self._answer(request, lambda: self._begin(request) if request.method == "POST" else self._show(request))

    def callback(self, request: Request) -> Response:
        """The redirect URI, in every response mode."""
        return self._answer(request, lambda: self._take(request))

    def run(self, request: Request) -> Response:
        """One run: its page, or its next step."""
        return self._answer(request, lambda: self._go_on(request))

    def _answer(self, request: Request, work: Callable[[], Response]) -> Response:
        try:
            _check_readable(request)
            return work()
        except ProtocolError as error:
            return self._border.errors.render(request, error, "playground")

    def _show(self, request: Request) -> Response:
        self._own_client.ensure()
        visitor = self._visitors.page(request)
        before = self._runs.find(run_of(request.query.get("state")), visitor)
        if before is not None and before.logout_state:
            return self._back_from_sign_out(request, before)
        like = self._runs.find(request.query.get("run"), visitor)
        choices = replace(like.choices, secret="") if like else Choices(CLIENT_ID, scopes=DEFAULT_SCOPES)
        callback, catalog = addresses.callback(self._issuer), self._catalog.current()
        return self._page(request, lambda form: start_page(form, choices, callback, catalog))

    def _begin(self, request: Request) -> Response:
        self._csrf.check(request)
        self._own_client.ensure()
        run = self._steps.begin(_choices(request.form))
        self._save(run, request)
        if request.form.get("action") == "look":
            return redirect(addresses.of_run(run.id))
        return redirect(run.exchanges[0].sent.url)

    def _take(self, request: Request) -> Response:
        """The authorization response. Its `state` proves that it belongs to a run of this browser."""
        if FIELD in request.form:
            self._csrf.check(request)
            received = _pasted(self._issuer, request.form.get("answer") or "")
            if not received.parameters:
                return self._page(request, lambda form: FragmentPage(form, unreadable=True), 400)
        else:
            received = _carried(self._issuer, request)
            if not received.parameters:
                return self._page(request, FragmentPage)
        state = Parameters(received.parameters).get("state")
        run = self._runs.find(run_of(state), self._visitors.page(request))
        if run is None or not is_answer_to(run, state) or (run.answered and not was_taken(run, received)):
            return self._border.pages.render(LostPage(received.parameters), request, status=400)
        if not run.answered:
            run = self._steps.answered(run, received, request)
            self._save(run, request)
        return redirect(addresses.of_run(run.id))

    def _go_on(self, request: Request) -> Response:
        run = self._runs.find(request.query.get("run"), self._visitors.page(request))
        if run is None:
            return self._border.pages.render(LostPage(), request, status=404)
        if request.method != "POST":
            return self._page(request, lambda form: RunPage(form, run))
        self._csrf.check(request)
        after = self._next(run, request)
        self._save(after, request)
        if request.form.get("action") == "sign-out":
            return redirect(after.exchanges[-1].sent.url)
        return redirect(addresses.of_run(run.id, after.exchanges[-1].number))

    def _next(self, run: Run, request: Request) -> Run:
        form, steps = request.form, self._steps
        action, kind = form.get("action"), form.get("token")
        if action == "sign-out":
            return steps.sign_out(run)
        if action == "userinfo" and run.access_token:
            return steps.userinfo(run, request)
        if action == "refresh" and run.refresh_token:
            return steps.refresh(run, request)
        if action in {"introspect", "revoke"} and kind in TOKENS and getattr(run, kind):
            if action == "revoke":
                return steps.revoke(run, kind, request)
            secret = form.get("client_secret") or ""
            return steps.introspect(run, kind, form.get("client_id") or "", secret, request)
        raise InvalidRequest("This step is not possible now.", reason="playground_step")

    def _back_from_sign_out(self, request: Request, run: Run) -> Response:
        state = request.query.get("state") or ""
        if not hmac.compare_digest(state.encode(), run.logout_state.encode()):
            return self._border.pages.render(LostPage(request.query.pairs), request, status=400)
        after = self._steps.signed_out(run, _carried(self._issuer, request))
        self._save(after, request)
        return redirect(addresses.of_run(run.id))

    def _save(self, run: Run, request: Request) -> None:
        visitor = self._visitors.page(request)
        if visitor is None:
            raise AssertionError("a run is begun and found with the cookie alone")
        self._runs.save(run, visitor)

    def _page(self, request: Request, page: Callable[[Form], Page], status: int = 200) -> Response:
        visitor = self._visitors.of(request)
        form = Form(csrf_token=self._csrf.token(visitor.secret))
        return self._border.pages.render(page(form), request, status=status, headers=visitor.headers)


def _check_readable(request: Request) -> None:
    try:
        _ = request.query, request.form
    except ValueError as error:
        raise InvalidRequest("The form cannot be read.", reason="form_malformed") from error


def _choices(form: Parameters) -> Choices:
    def text(name: str) -> str:
        return (form.get(name) or "").strip()

    return Choices(
        client_id=text("client_id") or CLIENT_ID,
        secret=form.get("client_secret") or "",
        scopes=form.all("scope"),
        resources=form.all("resource"),
        prompt=text("prompt"),
        max_age=text("max_age"),
        login_hint=text("login_hint"),
        response_mode=text("response_mode"),
    )


def _carried(issuer: str, request: Request) -> Received:
    """What the browser brought along, in the query or as a form."""
    if request.method == "POST":
        headers = (("Host", request.host), ("Content-Type", request.headers.get("content-type", "")))
        body = request.body.decode("utf-8")
        return Received(f"POST {request.path} HTTP/1.1", 0, headers, body, request.form.pairs)
    return Received(
        addresses.absolute(issuer, f"{request.path}?{request.query_string}"), parameters=request.query.pairs
    )


def _pasted(issuer: str, answer: str) -> Received:
    """What a person or a script took from the address bar: the whole address, or what is after its `#`."""
    address = answer.strip()
    fragment = address.partition("#")[2] or address
    try:
        parameters = Parameters.parse(fragment)
    except ValueError:
        return Received("")
    if parameters.get("state") is None:
        return Received("")
    return Received(f"{addresses.callback(issuer)}#{fragment}", parameters=parameters.pairs)
