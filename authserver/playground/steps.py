"""What the relying party does: the code flow as any application does it, one recorded exchange after another."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from authserver.clients.directory import NO_AUTHENTICATION, ClientDirectory
from authserver.playground import addresses, inspection
from authserver.playground.backchannel import BackChannel, bearer, credentials, without_empty
from authserver.playground.exchanges import Exchange, Pairs, Received, Sent, Step
from authserver.playground.inspection import Check, Expected, Token
from authserver.playground.runs import Choices, Run, new_run, new_state
from authserver.protocol import pkce
from authserver.protocol.messages import Parameters, Request
from authserver.protocol.scopes import OPENID
from authserver.signing.jwk_set import PublishedKeys

BASIC = "client_secret_basic"


class Steps:
    """Takes a run and returns it with what came of a step. Nothing is kept here.

    Args:
        clients: how a client authenticates is looked up, so that nobody has to say it.
    """

    def __init__(self, backchannel: BackChannel, clients: ClientDirectory, issuer: str) -> None:
        self._backchannel = backchannel
        self._clients = clients
        self._issuer = issuer

    def begin(self, choices: Choices) -> Run:
        """A run with its authorization request ready to be carried by the browser (RFC 6749 §4.1.1)."""
        run = new_run(choices, self._auth_method(choices.client_id, choices.secret))
        parameters: list[tuple[str, str]] = [
            ("response_type", "code"),
            ("client_id", choices.client_id),
            ("redirect_uri", addresses.callback(self._issuer)),
            *without_empty({"scope": " ".join(choices.scopes)}),
            ("state", run.state),
            *((("nonce", run.nonce),) if OPENID in choices.scopes else ()),
            ("code_challenge", pkce.challenge_of(run.verifier)),
            ("code_challenge_method", pkce.S256),
            *(("resource", uri) for uri in choices.resources),
            *without_empty({name: getattr(choices, name) for name in ("prompt", "max_age", "login_hint")}),
            *without_empty({"response_mode": choices.response_mode}),
        ]
        url = f"{addresses.absolute(self._issuer, addresses.AUTHORIZE)}?{urlencode(parameters)}"
        return run.with_exchange(Exchange(1, Step.AUTHORIZATION, Sent("GET", url, by_browser=True)))

    def answered(self, run: Run, received: Received, visitor: Request) -> Run:
        """Take the authorization response, and go on to the tokens where it may be trusted.

        A code from another issuer is not sent anywhere (RFC 9207 §2.4).
        """
        parameters = Parameters(received.parameters)
        issuer = parameters.get("iss")
        checks = (Check("state", True, run.state), Check("iss", issuer == self._issuer, issuer or ""))
        run = run.with_last(replace(run.exchanges[0], received=received, checks=checks), answered=_mark(received))
        code = parameters.get("code")
        if code is None or parameters.get("error") is not None or issuer != self._issuer:
            return run
        return self._redeem(run, code, visitor)

    def userinfo(self, run: Run, visitor: Request) -> Run:
        """Ask who the person is (OIDC Core §5.3)."""
        sent, received = self._backchannel.get(addresses.USERINFO, visitor, bearer(run.access_token))
        claims = received.document if not received.error else {}
        checks = (Check("subject", claims.get("sub") == run.subject, str(claims.get("sub", ""))),) if claims else ()
        names = ("name", "preferred_username", "email", "sub")
        person = next((str(claims[name]) for name in names if claims.get(name)), run.person)
        return run.with_exchange(
            Exchange(run.next_number, Step.USERINFO, sent, received, checks),
            # What belongs to another subject must not be used (OIDC Core §5.3.2).
            person=person if all(check.passed for check in checks) else run.person,
        )

    def refresh(self, run: Run, visitor: Request) -> Run:
        """Use the refresh token (RFC 6749 §6)."""
        form = (("grant_type", "refresh_token"), ("refresh_token", run.refresh_token))
        sent, received = self._post(run, addresses.TOKEN, form, visitor)
        exchange = Exchange(run.next_number, Step.REFRESH, sent, received)
        if received.error:
            return run.with_exchange(exchange)
        return self._checked(_holding(run, received.document), exchange, received.document)

    def introspect(self, run: Run, kind: str, client_id: str, secret: str, visitor: Request) -> Run:
        """Ask whether a token lives, as another client or as the run's own (RFC 7662 §2)."""
        asking = client_id or run.choices.client_id
        own = asking == run.choices.client_id and not secret
        secret = run.choices.secret if own else secret
        headers, fields = credentials(self._auth_method(asking, secret), asking, secret)
        form = (*fields, ("token", _token(run, kind)), ("token_type_hint", kind))
        sent, received = self._backchannel.post(addresses.INTROSPECT, form, visitor, headers)
        return run.with_exchange(Exchange(run.next_number, Step.INTROSPECTION, sent, received, subject=kind))

    def revoke(self, run: Run, kind: str, visitor: Request) -> Run:
        """Give a token back before its time (RFC 7009 §2)."""
        form = (("token", _token(run, kind)), ("token_type_hint", kind))
        sent, received = self._post(run, addresses.REVOKE, form, visitor)
        return run.with_exchange(Exchange(run.next_number, Step.REVOCATION, sent, received, subject=kind))

    def sign_out(self, run: Run) -> Run:
        """A logout request ready to be carried by the browser (OIDC RP-Initiated Logout §2)."""
        state, uri = new_state(run.id), addresses.start(self._issuer)
        client = self._clients.find(run.choices.client_id)
        returns = client is not None and uri in client.post_logout_redirect_uris and bool(run.id_token)
        parameters = without_empty(
            {
                "id_token_hint": run.id_token,
                "client_id": run.choices.client_id,
                "post_logout_redirect_uri": uri if returns else "",
                "state": state if returns else "",
            }
        )
        url = f"{addresses.absolute(self._issuer, addresses.LOGOUT)}?{urlencode(parameters)}"
        exchange = Exchange(run.next_number, Step.LOGOUT, Sent("GET", url, by_browser=True))
        return run.with_exchange(exchange, logout_state=state)

    def signed_out(self, run: Run, received: Received) -> Run:
        """The browser is back from signing out."""
        checks = (Check("state", True, run.logout_state),)
        waiting = [known for known in run.exchanges if known.step is Step.LOGOUT and known.received is None]
        for known in waiting[-1:]:
            run = run.with_last(replace(known, received=received, checks=checks))
        return replace(run, logout_state="", signed_out=True)

    def _redeem(self, run: Run, code: str, visitor: Request) -> Run:
        """The code for tokens, at once, because it lives a minute (RFC 6749 §4.1.3)."""
        form = (
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", addresses.callback(self._issuer)),
            ("code_verifier", run.verifier),
        )
        sent, received = self._post(run, addresses.TOKEN, form, visitor)
        run = run.with_exchange(Exchange(run.next_number, Step.TOKEN, sent, received))
        if received.error:
            return run
        run = _holding(run, received.document)
        asked, keys = self._backchannel.get(addresses.KEYS, visitor, (("Accept", "application/jwk-set+json"),))
        run = replace(run, keys=keys.body)
        run = self._checked(run, Exchange(run.next_number, Step.KEYS, asked, keys), received.document)
        return self.userinfo(run, visitor) if run.subject else run

    def _checked(self, run: Run, exchange: Exchange, document: dict[str, Any]) -> Run:
        """The run with the tokens of a token response, each taken apart and checked, shown with `exchange`."""
        keys = self._fetched_keys(run.keys)
        expected = Expected(self._issuer, run.choices.client_id, run.nonce, run.subject)
        tokens: list[Token] = []
        subject = run.subject
        if "id_token" in document:
            tokens.append(inspection.id_token(run.id_token, keys, expected, run.access_token))
            if all(check.passed for check in tokens[0].checks):
                subject = str(inspection.parts(run.id_token)[1].get("sub", ""))
        tokens.append(inspection.access_token(run.access_token, keys, expected))
        exchange = replace(exchange, tokens=tuple(tokens))
        return run.with_exchange(exchange, subject=subject, person=run.person or subject)

    def _post(self, run: Run, path: str, form: Pairs, visitor: Request) -> tuple[Sent, Received]:
        headers, fields = credentials(run.auth_method, run.choices.client_id, run.choices.secret)
        return self._backchannel.post(path, (*form, *fields), visitor, headers)

    def _auth_method(self, client_id: str, secret: str) -> str:
        """As registered; without a secret there is nothing to prove, and the server says what it thinks of that."""
        if not secret:
            return NO_AUTHENTICATION
        client = self._clients.find(client_id)
        return BASIC if client is None or client.is_public else client.auth_method

    @staticmethod
    def _fetched_keys(body: str) -> PublishedKeys:
        try:
            return PublishedKeys.parse(body.encode())
        except ValueError:
            return PublishedKeys({})


def is_answer_to(run: Run, state: str | None) -> bool:
    """Whether a response carries the state of this run's request (RFC 6749 §10.12)."""
    return state is not None and hmac.compare_digest(state.encode(), run.state.encode())


def was_taken(run: Run, received: Received) -> bool:
    """Whether this very answer was taken before, which is what a reload looks like."""
    return run.answered == _mark(received)


def _mark(received: Received) -> str:
    return urlencode(received.parameters)


def _token(run: Run, kind: str) -> str:
    return run.refresh_token if kind == "refresh_token" else run.access_token


def _holding(run: Run, document: dict[str, Any]) -> Run:
    """The run with the tokens of a token response; what it leaves out stays as it was (RFC 6749 §6)."""

    def value(name: str, before: str) -> str:
        return str(document.get(name) or before)

    return replace(
        run,
        access_token=value("access_token", run.access_token),
        refresh_token=value("refresh_token", run.refresh_token),
        id_token=value("id_token", run.id_token),
    )
