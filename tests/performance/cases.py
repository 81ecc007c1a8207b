"""The operations that are measured: the requests of each, and the events that each leaves behind."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import parse_qs, urlencode, urlsplit

from authserver.clients.authentication.assertions import ASSERTION_TYPE
from authserver.protocol.exchange import ACCESS_TOKEN
from authserver.protocol.policy import TOKEN_EXCHANGE
from tests.installation import PASSWORD, REDIRECT_URI
from tests.performance.ground import RESOURCE, SCOPES, Ground
from tests.performance.load import Answer, Operation

Operations = Callable[[Ground, int, int], Iterator[Operation]]
"""From the ground, the number of this connection and that of all: what it does, one after the other."""

FORM = "application/x-www-form-urlencoded"
AGENT = "User-Agent: bench/1\r\nAccept: */*\r\n"
SIGNED = "Accept: application/token-introspection+jwt\r\n"
HIDDEN = re.compile(rb'<input[^>]*type="hidden"[^>]*>')
NAME, VALUE = re.compile(rb'name="([^"]*)"'), re.compile(rb'value="([^"]*)"')
UNESCAPED = {b"&amp;": b"&", b"&#34;": b'"', b"&#39;": b"'"}


@dataclass(frozen=True)
class Case:
    """One row. `events` are what every operation records; `tokens` names the supply that bounds it."""

    name: str
    operations: Operations
    events: tuple[str, ...] = ()
    tokens: str = ""


def get(host: str, path: str, headers: str = "") -> bytes:
    """A GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{AGENT}{headers}\r\n".encode()


def post(host: str, path: str, form: object, headers: str = "") -> bytes:
    """A POST of a form, a mapping or encoded already."""
    body = form if isinstance(form, str) else urlencode(form)  # type: ignore[call-overload]
    fields = f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
    return f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{AGENT}{fields}{headers}\r\n{body}".encode()


def one(request: bytes, expected: bytes, status: int = 200) -> Operation:
    """A single request whose answer holds `expected`."""
    answer = yield request
    return answer.status == status and expected in answer.body


def _authorization(ground: Ground, client: str) -> str:
    return f"Authorization: Basic {ground.basic[client]}\r\n"


def client_credentials(client: str) -> Operations:
    """Tokens of a client for itself."""

    def operations(ground: Ground, index: int, count: int) -> Iterator[Operation]:
        request = post(
            ground.host,
            "/oauth2/token",
            {"grant_type": "client_credentials", "scope": "orders"},
            _authorization(ground, client),
        )
        while True:
            yield one(request, b'"access_token"')

    return operations


def client_credentials_dpop(client: str) -> Operations:
    """Tokens of a client for itself, each bound to its key by a proof of its own."""

    def operations(ground: Ground, index: int, count: int) -> Iterator[Operation]:
        header = _authorization(ground, client)
        url = f"http://{ground.host}/oauth2/token"
        while True:
            proof = f"DPoP: {ground.key.proof('POST', url)}\r\n"
            form = {"grant_type": "client_credentials", "scope": "orders"}
            yield one(post(ground.host, "/oauth2/token", form, header + proof), b'"token_type":"DPoP"')

    return operations


def client_credentials_private_key_jwt(ground: Ground, index: int, count: int) -> Iterator[Operation]:
    """Tokens of a client that proves itself with an assertion, another one each time."""
    issuer = f"http://{ground.host}"
    while True:
        now = int(time.time())
        claims = {"iss": "signer", "sub": "signer", "aud": issuer, "iat": now, "exp": now + 60, "jti": token_hex(16)}
        form = {
            "grant_type": "client_credentials",
            "scope": "orders",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": ground.signer.sign(claims),
        }
        yield one(post(ground.host, "/oauth2/token", form), b'"access_token"')


def pushed_request(ground: Ground, index: int, count: int) -> Iterator[Operation]:
    """Authorization requests, pushed by a client with a secret."""
    form = {
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "state": "state",
        "nonce": "nonce",
        "code_challenge": ground.challenge,
        "code_challenge_method": "S256",
    }
    request = post(ground.host, "/oauth2/par", form, _authorization(ground, "app"))
    while True:
        yield one(request, b'"request_uri"', 201)


def introspection(supply: str, expected: bytes, accept: str = "") -> Operations:
    """A gateway asks about a token, another one each time; `accept` is a header line."""

    def operations(ground: Ground, index: int, count: int) -> Iterator[Operation]:
        header = _authorization(ground, "gateway") + accept
        tokens: list[str] = getattr(ground, supply)
        for request in [
            post(ground.host, "/oauth2/introspect", f"token={token}", header) for token in tokens[index::count]
        ]:
            yield one(request, expected)

    return operations


def token_exchange(ground: Ground, index: int, count: int) -> Iterator[Operation]:
    """A service exchanges the tokens of an application for ones of its own."""
    header = _authorization(ground, "exchanger")
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token_type": ACCESS_TOKEN, "resource": RESOURCE}
    requests = [
        post(ground.host, "/oauth2/token", form | {"subject_token": token}, header)
        for token in ground.exchanged[index::count]
    ]
    for request in requests:
        yield one(request, b'"issued_token_type"')


def userinfo(ground: Ground, index: int, count: int) -> Iterator[Operation]:
    """An application asks who signed in, with another token each time."""
    for request in [
        get(ground.host, "/oauth2/userinfo", f"Authorization: Bearer {token}\r\n")
        for token in ground.carried[index::count]
    ]:
        yield one(request, b'"email"')


def userinfo_dpop(ground: Ground, index: int, count: int) -> Iterator[Operation]:
    """The same with tokens that are bound to a key, and a proof with each."""
    url = f"http://{ground.host}/oauth2/userinfo"
    for token in ground.bound[index::count]:
        headers = f"Authorization: DPoP {token}\r\nDPoP: {ground.key.proof('GET', url, token)}\r\n"
        yield one(get(ground.host, "/oauth2/userinfo", headers), b'"email"')


def document(path: str, expected: bytes) -> Operations:
    """A public document."""

    def operations(ground: Ground, index: int, count: int) -> Iterator[Operation]:
        request = get(ground.host, path)
        while True:
            yield one(request, expected)

    return operations


def refresh(ground: Ground, index: int, count: int) -> Iterator[Operation]:
    """A family of refresh tokens, rotated again and again."""
    header = _authorization(ground, "app")
    held = [ground.refresh_tokens[index]]

    def rotate() -> Operation:
        answer = yield post(ground.host, "/oauth2/token", f"grant_type=refresh_token&refresh_token={held[0]}", header)
        found = re.search(rb'"refresh_token":"([^"]+)"', answer.body)
        if answer.status != 200 or found is None or found[1].decode() == held[0]:
            return False
        held[0] = ground.refresh_tokens[index] = found[1].decode()
        return b'"id_token"' in answer.body

    while True:
        yield rotate()


def _authorize(ground: Ground, cookies: dict[str, str]) -> bytes:
    query = urlencode(
        {
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": REDIRECT_URI,
            "scope": " ".join(sorted(SCOPES)),
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": ground.challenge,
            "code_challenge_method": "S256",
        }
    )
    return get(ground.host, f"/oauth2/authorize?{query}", _cookie(cookies))


def _cookie(cookies: dict[str, str]) -> str:
    return f"Cookie: {'; '.join(f'{name}={value}' for name, value in cookies.items())}\r\n" if cookies else ""


def _keep(answer: Answer, cookies: dict[str, str]) -> None:
    for header in answer.headers("set-cookie"):
        name, _, value = header.partition(";")[0].partition("=")
        if "max-age=0" in header.lower():
            cookies.pop(name, None)
        else:
            cookies[name] = value


def code_flow(ground: Ground, index: int, count: int) -> Iterator[Operation]:
    """Someone who is signed in visits an application: authorization request, code, tokens."""
    header = _authorization(ground, "app")
    cookies = ground.sessions[index]

    def journey() -> Operation:
        answer = yield _authorize(ground, cookies)
        _keep(answer, cookies)
        code = parse_qs(urlsplit(answer.header("location")).query).get("code")
        if code is None:
            return False
        form = {
            "grant_type": "authorization_code",
            "code": code[0],
            "redirect_uri": REDIRECT_URI,
            "code_verifier": ground.verifier,
        }
        answer = yield post(ground.host, "/oauth2/token", form, header)
        return answer.status == 200 and b'"id_token"' in answer.body

    while True:
        yield journey()


def login(ground: Ground, index: int, count: int) -> Iterator[Operation]:
    """Someone signs in with a password in a fresh browser: authorization request, page, password, code."""

    def journey() -> Operation:
        cookies: dict[str, str] = {}
        answer = yield _authorize(ground, cookies)
        _keep(answer, cookies)
        page = _local(answer)
        answer = yield get(ground.host, page, _cookie(cookies))
        _keep(answer, cookies)
        form = {"username": f"person{index}", "password": PASSWORD, "action": "login"} | _hidden(answer.body)
        answer = yield post(ground.host, page, form, _cookie(cookies))
        _keep(answer, cookies)
        while answer.status == 303 and not answer.header("location").startswith(REDIRECT_URI):
            answer = yield get(ground.host, _local(answer), _cookie(cookies))
            _keep(answer, cookies)
        return "code=" in answer.header("location")

    while True:
        yield journey()


def _local(answer: Answer) -> str:
    parts = urlsplit(answer.header("location"))
    return f"{parts.path or '/'}?{parts.query}"


def _hidden(page: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in HIDDEN.findall(page):
        name, value = NAME.search(field), VALUE.search(field)
        if name and value:
            text = value[1]
            for escaped, plain in UNESCAPED.items():
                text = text.replace(escaped, plain)
            found[name[1].decode()] = text.decode()
    return found


CASES = (
    Case("client_credentials RS256", client_credentials("machine-rs256"), ("ClientTokenIssued",)),
    Case("client_credentials ES256", client_credentials("machine-es256"), ("ClientTokenIssued",)),
    Case("client_credentials DPoP ES256", client_credentials_dpop("machine-es256"), ("ClientTokenIssued",)),
    Case("client_credentials private_key_jwt ES256", client_credentials_private_key_jwt, ("ClientTokenIssued",)),
    Case("pushed request", pushed_request),
    Case("introspection active", introspection("active", b'"active":true'), tokens="active"),
    Case("introspection revoked", introspection("revoked", b'"active":false'), tokens="revoked"),
    Case("introspection unknown", introspection("unknown", b'"active":false'), tokens="unknown"),
    Case("introspection JWT response", introspection("active", b"eyJ", SIGNED), tokens="active"),
    Case("token exchange", token_exchange, ("TokenExchanged",), "exchanged"),
    Case("jwks", document("/.well-known/jwks.json", b'"keys"')),
    Case("discovery", document("/.well-known/openid-configuration", b'"issuer"')),
    Case("userinfo", userinfo, tokens="carried"),
    Case("userinfo DPoP", userinfo_dpop, tokens="bound"),
    Case("refresh", refresh, ("TokenRefreshed",)),
    Case("code flow", code_flow, ("AuthorizationCodeIssued", "TokensIssued")),
    Case("password login", login, ("UserLoggedIn", "AuthorizationCodeIssued")),
)
FLOOR = Case("empty answer", document("/", b"{}"))
