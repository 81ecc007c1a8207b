"""The playground's pages in every state, with values like real ones."""

from __future__ import annotations

from dataclasses import replace

from authserver.access.catalog import ResourceEntry, ScopeEntry, Snapshot
from authserver.playground.backchannel import credentials
from authserver.playground.exchanges import Exchange, Received, Sent, Step
from authserver.playground.inspection import Check, Token
from authserver.playground.page_values import DEFAULT_SCOPES, FragmentPage, LostPage, RunPage, start_page
from authserver.playground.runs import Choices, Run
from authserver.protocol.scopes import STANDARD
from authserver.web.page_values import Form, Page

FORM = Form("csrf-sample")
ISSUER = "http://127.0.0.1:8000"
CALLBACK = f"{ISSUER}/playground/callback"
RUN_ID = "NzoiRIsSUUowEwuBYFfx0Q"
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImVTODBL" + "YjlDbksyNVlyOXdH" * 40 + "." + "b2wyU3RlTWNQ" * 20
STATE = (("code", "bsNtEHvMe1_hiDR53Ei8vIMPz41jjkTH8v0O"), ("state", f"{RUN_ID}.cGkNx6WrfBtw_EzMqmOgEw"))
CATALOG = Snapshot(
    1,
    {name: ScopeEntry(name, text, None, True) for name, text in STANDARD.items()}
    | {"orders.read": ScopeEntry("orders.read", "Look at your orders", "https://api.example", False)},
    {
        "https://api.example": ResourceEntry(
            "https://api.example", "Orders", None, None, None, frozenset(), frozenset(), True
        )
    },
)
OWN = Choices("playground", scopes=DEFAULT_SCOPES)
OTHER = Choices("gateway", "not-a-secret-of-anybody", DEFAULT_SCOPES, ("https://api.example",), "login", "60", "ada")
RUN = Run(RUN_ID, OWN, "none", "nonce", "state", "verifier")
FOUND = '{\n  "iss": "http://127.0.0.1:8000",\n  "sub": "01a20702-a8cb-730d-b3a3-fa5062ebef94",\n  "exp": 1795414845\n}'


def samples() -> dict[str, Page]:
    """The pages by a name for the file."""
    return {
        "playground": start_page(FORM, OWN, CALLBACK, CATALOG),
        "playground-options": start_page(FORM, OTHER, CALLBACK, CATALOG),
        "playground-waiting": RunPage(FORM, RUN.with_exchange(authorization(None))),
        "playground-refused": RunPage(FORM, refused()),
        "playground-signed-in": RunPage(FORM, signed_in()),
        "playground-opaque": RunPage(FORM, opaque()),
        "playground-more": RunPage(FORM, more()),
        "playground-signed-out": RunPage(FORM, replace(more(), signed_out=True)),
        "playground-fragment": FragmentPage(FORM),
        "playground-fragment-unreadable": FragmentPage(FORM, unreadable=True),
        "playground-lost": LostPage(),
        "playground-foreign": LostPage((*STATE, ("iss", ISSUER))),
    }


def authorization(received: Received | None) -> Exchange:
    """The first step."""
    query = "response_type=code&client_id=playground&redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fplayground%2Fcallback"
    query += f"&scope=openid+profile+email+offline_access&state={RUN_ID}.cGkNx6WrfBtw_EzMqmOgEw&nonce=iyR_4NSnIz1h"
    checks = (Check("state", True, STATE[1][1]), Check("iss", True, ISSUER)) if received else ()
    sent = Sent("GET", f"{ISSUER}/oauth2/authorize?{query}", by_browser=True)
    return Exchange(1, Step.AUTHORIZATION, sent, received, checks)


def call(number: int, step: Step, received: Received, *, secret: str = "", **values: object) -> Exchange:
    """A request past the browser."""
    headers, _ = credentials("client_secret_basic", "gateway", secret) if secret else ((), ())
    sent = Sent("POST", f"{ISSUER}/oauth2/token", (("Host", "127.0.0.1:8000"), *headers), f"token={JWT}&hint=x")
    return replace(Exchange(number, step, sent, received), **values)


def answer(body: str, status: int = 200) -> Received:
    """An answer of an endpoint."""
    start = {200: "HTTP/1.1 200 OK", 401: "HTTP/1.1 401 Unauthorized"}.get(status, "HTTP/1.1 400 Bad Request")
    return Received(start, status, (("Content-Type", "application/json"), ("Cache-Control", "no-store")), body)


def refused() -> Run:
    """The person said no."""
    parameters = (("error", "access_denied"), ("error_description", "Not allowed (reference 2K7QF-9XWHT)"), STATE[1])
    received = Received(f"{CALLBACK}?error=access_denied&state={RUN_ID}", parameters=parameters)
    return replace(RUN.with_exchange(authorization(received)), answered="error")


def signed_in() -> Run:
    """Everything went well."""
    good = ("signature", "issuer", "audience", "time", "nonce", "at_hash")
    tokens = (
        Token(
            "id_token", '{\n  "alg": "RS256",\n  "typ": "JWT"\n}', FOUND, tuple(Check(name, True, "x") for name in good)
        ),
        Token(
            "access_token", '{\n  "alg": "RS256"\n}', FOUND, (Check("signature", True, "RS256"), Check("time", False))
        ),
    )
    run = RUN.with_exchange(authorization(Received(f"{CALLBACK}?code={STATE[0][1]}", parameters=STATE)))
    run = run.with_exchange(call(2, Step.TOKEN, answer(f'{{"access_token":"{JWT}","id_token":"{JWT}"}}')))
    run = run.with_exchange(call(3, Step.KEYS, answer('{"keys":[]}'), tokens=tokens))
    run = run.with_exchange(call(4, Step.USERINFO, answer('{"sub":"01a20702","name":"Ada Lovelace"}')))
    values = dict.fromkeys(("access_token", "refresh_token", "id_token"), JWT)
    return replace(run, answered="yes", subject="01a20702", person="Ada Lovelace", **values)


def opaque() -> Run:
    """Another client, without `openid`."""
    run = replace(RUN, choices=OTHER, auth_method="client_secret_basic", answered="yes", access_token="opaque")
    received = answer('{"access_token":"opaque"}')
    run = run.with_exchange(call(2, Step.TOKEN, received, secret="not-a-secret-of-anybody"))
    return run.with_exchange(call(3, Step.KEYS, answer('{"keys":[]}'), tokens=(Token("access_token"),)))


def more() -> Run:
    """Everything that can be tried afterwards, well and badly."""
    run = replace(signed_in(), exchanges=signed_in().exchanges[:1])
    no = answer('{"error":"invalid_client","error_description":"No (reference 2K7QF-9XWHT)"}', 401)
    exchanges = [
        call(5, Step.REFRESH, answer('{"token_type":"Bearer"}')),
        call(6, Step.INTROSPECTION, answer('{"active":true}'), secret="s", subject="access_token"),
        call(7, Step.INTROSPECTION, answer('{"active":false}'), secret="s", subject="refresh_token"),
        call(8, Step.INTROSPECTION, no, subject="access_token"),
        call(9, Step.REVOCATION, answer(""), subject="access_token"),
        call(10, Step.REVOCATION, no, subject="refresh_token"),
        call(11, Step.USERINFO, no),
        call(12, Step.REFRESH, answer('{"error":"invalid_grant"}', 400)),
        call(13, Step.TOKEN, no),
        Exchange(14, Step.LOGOUT, Sent("GET", f"{ISSUER}/oauth2/logout?id_token_hint={JWT}", by_browser=True)),
    ]
    for exchange in exchanges:
        run = run.with_exchange(exchange)
    return run
