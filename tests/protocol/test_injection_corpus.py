"""Every parameter of every endpoint and form against input that wants to be more than data (OWASP ASVS 5.0 §1.2).

Whatever comes in, nothing breaks (no 5xx), nothing comes back as markup, no
header is made of it, nothing is evaluated, and the tables are as they were.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.installation import PASSWORD, Answer, Installation
from tests.relying_party import Browser, RelyingParty, hidden_fields

CORPUS = {
    "quote": "'",
    "tautology": "' OR '1'='1' --",
    "double quote": '" OR ""="',
    "stacked": "1'; DROP TABLE users; --",
    "union": "' UNION SELECT password_hash FROM users --",
    "like": "%_%",
    "script": "<script>alert(7)</script>",
    "image": '"><img src=x onerror=alert(7)>',
    "attribute": "' autofocus onfocus='alert(7)",
    "javascript": "javascript:alert(7)//",
    "data": "data:text/html,<script>alert(7)</script>",
    "svg": "<svg/onload=alert(7)>",
    "closing": "</textarea></title></style><b>7",
    "template": "{{ 7 * 191 }}${7 * 191}<%= 7 * 191 %>#{7 * 191}",
    "jinja": "{% for x in ().__class__.__base__.__subclasses__() %}x{% endfor %}",
    "format": "{0.__class__}%s%n%x",
    "header": "x\r\nSet-Cookie: evil=1\r\nX-Evil: 1",
    "line feed": "x\nX-Evil: 1",
    "line separator": "x\u2028X-Evil: 1\u0085",
    "null": "a\x00b",
    "bell": "\x07\x1b[31m",
    "bidi": "\u202e\u2066abc",
    "surrogate": "\ud800",
    "combining": "e" + "\u0301" * 300,
    "wide": "\uff1cscript\uff1e",
    "path": "../../../../etc/passwd",
    "ldap": "*)(uid=*))(|(uid=*",
    "shell": "$(sleep 7)`sleep 7`;sleep 7",
    "number": "-1e999",
    "digits": "9" * 400,
    "long": "A" * 9000,
}
MARKUP = ("<script>alert", "<img src=x", "<svg/onload", "</textarea></title>", "onfocus='alert", '"><img')
EVALUATED = ("1337",)

PARAMETERS = {
    "/oauth2/authorize": (
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "display"),
        *("ui_locales", "id_token_hint", "login_hint", "acr_values", "claims", "resource", "response_mode", "kept"),
        *("code_challenge", "code_challenge_method", "request", "request_uri", "registration", "locale", "unknown"),
    ),
    "/oauth2/authorize/resume": ("interaction", "unknown"),
    "/oauth2/token": (
        *("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "refresh_token"),
        *("scope", "resource", "client_assertion", "client_assertion_type", "unknown"),
        *("device_code", "auth_req_id", "assertion", "subject_token", "subject_token_type", "actor_token"),
        *("actor_token_type", "requested_token_type", "audience", "authorization_details"),
    ),
    "/oauth2/par": (
        *("client_id", "client_secret", "response_type", "redirect_uri", "scope", "request", "request_uri", "claims"),
        *("authorization_details", "dpop_jkt", "client_assertion", "unknown"),
    ),
    "/oauth2/device_authorization": ("client_id", "client_secret", "scope", "resource", "unknown"),
    "/oauth2/device/authorize": ("client_id", "scope", "unknown"),
    "/oauth2/bc-authorize": (
        *("client_id", "client_secret", "scope", "login_hint", "id_token_hint", "login_hint_token", "binding_message"),
        *("requested_expiry", "client_notification_token", "request", "user_code", "acr_values", "unknown"),
    ),
    "/oauth2/register": ("client_name", "unknown"),
    "/oauth2/register/": ("client_id", "unknown"),
    "/oauth2/check-session": ("unknown",),
    "/api/v1/approvals": ("id", "auth_req_id", "decision", "unknown"),
    "/approvals": ("request", "action", "csrf_token", "auth_req_id", "locale", "unknown"),
    "/device": ("user_code", "action", "csrf_token", "interaction", "step", "locale", "unknown"),
    "/oauth2/device/verify": ("user_code", "action", "csrf_token", "unknown"),
    "/.well-known/oauth-protected-resource": ("unknown",),
    "/.well-known/oauth-protected-resource/": ("unknown",),
    "/oauth2/introspect": ("token", "token_type_hint", "client_id", "client_secret", "unknown"),
    "/oauth2/revoke": ("token", "token_type_hint", "client_id", "client_secret", "unknown"),
    "/oauth2/userinfo": ("access_token", "unknown"),
    "/oauth2/logout": (
        *("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales", "locale"),
        *("csrf_token", "action", "unknown"),
    ),
    "/signed-out": ("client_id", "ended", "state", "locale", "ui_locales", "unknown"),
    "/.well-known/openid-configuration": ("unknown",),
    "/.well-known/oauth-authorization-server": ("unknown",),
    "/.well-known/jwks.json": ("unknown",),
    "/": ("locale", "ui_locales", "unknown"),
    "/static/": ("v",),
    "/login": ("interaction", "step", "csrf_token", "username", "password", "remember", "action", "locale"),
    "/consent": ("interaction", "step", "csrf_token", "scope", "remember", "action", "locale"),
    "/select-account": ("interaction", "step", "csrf_token", "account", "action", "locale"),
    "/password/change": ("interaction", "step", "csrf_token", "new_password", "repeat_password", "action", "locale"),
    "/playground": ("scope", "resource", "prompt", "client_id", "client_secret", "run", "unknown"),
    "/playground/run": ("run", "step", "action", "csrf_token", "token", "scope", "unknown"),
    "/playground/callback": ("code", "state", "iss", "error", "error_description", "unknown"),
}
"""Every parameter that is read anywhere, by address; `unknown` stands for the others."""
HEADERS = (
    *("Authorization", "Cookie", "Origin", "Referer", "User-Agent", "Accept-Language", "Accept", "X-Request-ID"),
    *("If-None-Match", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Sec-Fetch-Site", "DPoP", "Content-Type"),
)


@pytest.fixture
def installed(make_server: Callable[..., Installation]) -> Iterator[Installation]:
    """A server with everything on and alice in it; afterwards she and her password are as they were."""
    installation = make_server(
        playground=True,
        rate_limits=False,
        delay_after=100_000,
        lockout_threshold=100_000,
        lockout_identifier_threshold=200_000,
    )
    alice = installation.add_user()
    yield installation
    with installation.reading() as unit:
        assert unit.users.get(alice.id).password_hash == alice.password_hash
        assert len(unit.users.page(10)) == 1


def test_no_address_is_left_out(installed: Installation) -> None:
    found = {route.path for route in installed.mounted.routes}
    watched = {path for path in found if "health" in path or "metrics" in path}
    assert found - watched == set(PARAMETERS)


def encoded(value: str) -> str:
    """A value as a form has it; a lone surrogate goes as the bytes that it would be."""
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def check(answer: Answer, where: str) -> None:
    """The answer is no failure of ours and takes nothing that was sent for markup, header or code."""
    assert answer.status < 500, (where, answer.status, answer.text[:300])
    body = answer.body.decode("utf-8", "replace")
    if "html" in (answer.header("Content-Type") or ""):
        assert not [sign for sign in MARKUP if sign in body], (where, body[:2000])
    assert not [sign for sign in EVALUATED if sign in body], where
    for name, value in answer.headers:
        assert "evil" not in name.lower(), where
        assert not set("\r\n\x00\x85\u2028") & set(name + value), (where, name, value)
        assert not (name.lower() == "set-cookie" and value.startswith("evil")), where
    location = answer.header("Location") or ""
    assert not location.lower().startswith(("javascript:", "data:", "//")), where


def send(installation: Installation, method: str, path: str, pairs: str, **headers: str) -> Answer:
    """A request with these encoded parameters."""
    if method == "GET":
        return installation.get(f"{path}?{pairs}", headers=headers)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return installation.request("POST", path, body=pairs.encode(), headers=form | headers)


@pytest.mark.parametrize("path", PARAMETERS)
def test_a_parameter_is_data_and_nothing_else(installed: Installation, path: str) -> None:
    for parameter in PARAMETERS[path]:
        for name, value in CORPUS.items():
            for method in ("GET", "POST"):
                check(send(installed, method, path, f"{parameter}={encoded(value)}"), f"{method} {parameter}: {name}")


@pytest.mark.parametrize("path", PARAMETERS)
def test_the_name_of_a_parameter_is_data_and_nothing_else(installed: Installation, path: str) -> None:
    for name, value in CORPUS.items():
        for method in ("GET", "POST"):
            check(send(installed, method, path, f"{encoded(value)}=1"), f"{method}: {name}")


@pytest.mark.parametrize(
    "path", ["/oauth2/authorize", "/oauth2/token", "/oauth2/userinfo", "/.well-known/jwks.json", "/login"]
)
def test_a_header_is_data_and_nothing_else(installed: Installation, path: str) -> None:
    for header in HEADERS:
        for name, value in CORPUS.items():
            raw = value.encode("utf-8", "surrogatepass").decode("latin-1")
            for prefix in ("", "Basic ", "Bearer ") if header == "Authorization" else ("",):
                check(send(installed, "GET", path, "", **{header: prefix + raw}), f"{header}: {name}")
                check(send(installed, "POST", path, "a=b", **{header: prefix + raw}), f"POST {header}: {name}")
            if header == "Authorization":
                inner = base64.b64encode(f"{value}:{value}".encode("utf-8", "surrogatepass")).decode()
                check(send(installed, "POST", path, "a=b", Authorization=f"Basic {inner}"), f"credentials: {name}")


def test_a_path_is_data_and_nothing_else(installed: Installation) -> None:
    for name, value in CORPUS.items():
        raw = value.encode("utf-8", "surrogatepass").decode("latin-1").replace("?", "").replace("#", "")
        for prefix in ("/", "/oauth2/", "/static/", "/login/"):
            check(installed.get(prefix + raw.replace("\r", "").replace("\n", "")), f"{prefix}: {name}")


# --- behind valid credentials and inside forms that are good -----------------------------------


@pytest.mark.parametrize("parameter", ["state", "nonce", "login_hint", "ui_locales", "acr_values", "claims", "display"])
def test_what_an_application_says_travels_through_a_journey_as_data(installed: Installation, parameter: str) -> None:
    party = RelyingParty(installed, *installed.add_client())
    for name, value in CORPUS.items():
        browser = Browser(installed)
        url = party.authorization_url(**{parameter: None}) + f"&{parameter}={encoded(value)}"
        page = browser.open(url)
        check(page, name)
        if page.status == 200:
            check(browser.submit(page, action="cancel", follow=False), name)


@pytest.mark.parametrize("field", ["username", "password", "remember", "action", "interaction", "step", "csrf_token"])
def test_a_field_of_the_login_form_is_data(installed: Installation, field: str) -> None:
    party, browser = RelyingParty(installed, *installed.add_client()), Browser(installed)
    page = party.request(browser)
    for name, value in CORPUS.items():
        form = hidden_fields(page) | {"username": "alice", "password": "x", "action": "login"}
        pairs = urlencode({key: item for key, item in form.items() if key != field}) + f"&{field}={encoded(value)}"
        cookies = "; ".join(f"{key}={item}" for key, item in browser.cookies.items())
        answer = send(installed, "POST", "/login", pairs, Cookie=cookies)
        check(answer, f"{field}: {name}")
        assert answer.status not in {302, 303} or field in {"action", "remember"}, (field, name)


def test_a_field_of_the_consent_form_is_data(installed: Installation) -> None:
    party, browser = RelyingParty(installed, *installed.add_client()), Browser(installed)
    page = browser.sign_in(party.request(browser, scope="openid email"), password=PASSWORD)
    assert browser.path == "/consent"
    for field in ("scope", "remember", "step"):
        for name, value in CORPUS.items():
            form = hidden_fields(page) | {"action": "unheard-of"}
            pairs = urlencode({key: item for key, item in form.items() if key != field}) + f"&{field}={encoded(value)}"
            cookies = "; ".join(f"{key}={item}" for key, item in browser.cookies.items())
            check(send(installed, "POST", "/consent", pairs, Cookie=cookies), f"{field}: {name}")


def test_names_and_claims_that_are_stored_are_shown_as_text(installed: Installation) -> None:
    for number, (name, value) in enumerate(CORPUS.items()):
        if len(value) > 250 or not value.isprintable():
            continue
        party = RelyingParty(installed, *installed.add_client(f"client-{number}", name=value))
        browser = Browser(installed)
        page = party.request(browser, scope="openid email")
        check(page, name)
        consent = browser.sign_in(page)
        check(consent, name)
        assert browser.path == "/consent", name


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "client_credentials"])
def test_a_token_request_of_a_known_client_is_data(installed: Installation, grant: str) -> None:
    grants = ("authorization_code", "refresh_token", "client_credentials")
    party = RelyingParty(installed, *installed.add_client(grant_types=grants))
    credentials = base64.b64encode(f"{party.client_id}:{party.secret}".encode()).decode()
    for parameter in ("code", "refresh_token", "redirect_uri", "code_verifier", "scope", "resource"):
        for name, value in CORPUS.items():
            pairs = f"grant_type={grant}&{parameter}={encoded(value)}"
            answer = send(installed, "POST", "/oauth2/token", pairs, Authorization=f"Basic {credentials}")
            check(answer, f"{parameter}: {name}")


@pytest.mark.parametrize("endpoint", ["introspect", "revoke"])
def test_a_token_that_a_known_client_asks_about_is_data(installed: Installation, endpoint: str) -> None:
    party = RelyingParty(installed, *installed.add_client())
    credentials = base64.b64encode(f"{party.client_id}:{party.secret}".encode()).decode()
    shapes: tuple[Callable[[str], Any], ...] = (
        lambda value: value,
        lambda value: f"eyJhbGciOiJSUzI1NiJ9.{base64.urlsafe_b64encode(value.encode('utf-8', 'replace')).decode()}.x",
    )
    for name, value in CORPUS.items():
        for shape in shapes:
            pairs = f"token={encoded(shape(value))}"
            answer = send(installed, "POST", f"/oauth2/{endpoint}", pairs, Authorization=f"Basic {credentials}")
            check(answer, name)
            assert answer.status in {200, 400}, (name, answer.status)
