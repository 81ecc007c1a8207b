"""The authorization endpoint: what is a page, what is a redirect, and what comes back (RFC 6749 §3.1, §4.1)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from authserver.protocol.messages import Request
from tests.installation import REDIRECT_URI, Installation
from tests.relying_party import Browser, RelyingParty, claims_of

# RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E
LEGAL = {chr(code) for code in range(0x20, 0x7F)} - {'"', "\\"}


@pytest.fixture
def browser(relying_party: RelyingParty) -> Browser:
    return Browser(relying_party.installation)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"client_id": None}, "client_id_missing"),
        ({"client_id": "nobody"}, "client_unknown"),
        ({"client_id": ["app", "app"]}, "parameter_repeated"),
        ({"redirect_uri": None}, "redirect_uri_missing"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_not_registered"),
        ({"redirect_uri": [REDIRECT_URI, REDIRECT_URI]}, "parameter_repeated"),
    ],
)
def test_nothing_is_redirected_before_client_and_redirect_uri_are_verified(
    relying_party: RelyingParty, browser: Browser, parameters: dict[str, object], reason: str
) -> None:
    answer = relying_party.request(browser, **parameters)
    assert answer.status == 400
    assert answer.header("Location") is None
    assert relying_party.installation.why(answer) == reason
    assert 'href="https://evil' not in answer.text


@pytest.mark.parametrize(("name", "length"), [("state", 4097), ("nonce", 2049), ("anything", 7000)])
def test_long_parameters_are_refused_with_the_limit_named(server: Installation, name: str, length: int) -> None:
    endpoint = server.mounted.routes.find("/oauth2/authorize").handler
    request = Request("GET", "/oauth2/authorize", urlencode({name: "s" * length, "other": "t" * 16 * 1024 * 2}))
    answer = endpoint(request)
    assert answer.status == 400
    assert "characters" in answer.body.decode()


def test_disabled_client_is_a_page_without_a_link(relying_party: RelyingParty, browser: Browser) -> None:
    server = relying_party.installation
    server.registration.disable("app")
    server.services.clients.forget()
    answer = browser.open(relying_party.authorization_url(), follow=False)
    assert (answer.status, server.why(answer)) == (400, "client_disabled")
    assert "Acme Photos" not in answer.text
    assert 'id="back"' not in answer.text


@pytest.mark.parametrize(
    ("parameters", "error", "reason"),
    [
        ({"response_type": None}, "invalid_request", "response_type_missing"),
        ({"response_type": ""}, "invalid_request", "response_type_missing"),
        ({"response_type": "token"}, "unsupported_response_type", "response_type_unsupported"),
        ({"response_type": "code id_token"}, "unauthorized_client", "response_type_not_allowed"),
        ({"scope": "unheard_of"}, "invalid_scope", "scope_unknown"),
        ({"scope": 'openid "quoted"'}, "invalid_scope", "scope_malformed"),
        ({"scope": ["openid", "email"]}, "invalid_request", "parameter_repeated"),
        ({"state": ["one", "two"]}, "invalid_request", "parameter_repeated"),
        ({"anything": ["one", "two"]}, "invalid_request", "parameter_repeated"),
        ({"resource": "https://unknown.example"}, "invalid_target", "resource_unknown"),
        ({"request": "eyJ"}, "invalid_request_object", "request_object_token_malformed"),
        ({"request_uri": "urn:x"}, "invalid_request_uri", "request_uri_not_registered"),
        ({"request": "eyJ", "request_uri": "urn:x"}, "invalid_request", "request_twice"),
        ({"claims": "[]"}, "invalid_request", "claims_malformed"),
        ({"registration": "{}"}, "registration_not_supported", "registration_not_supported"),
    ],
)
def test_error_goes_to_the_verified_redirect_uri(
    relying_party: RelyingParty, browser: Browser, parameters: dict[str, object], error: str, reason: str
) -> None:
    answer = relying_party.request(browser, **parameters)
    response = relying_party.response(answer)
    assert response["error"] == error
    assert response["state"] == ("one" if "state" in parameters else "state-1")
    assert "code" not in response
    assert set(response["error_description"]) <= LEGAL
    assert relying_party.installation.why(answer) == reason


def test_client_without_the_grant_is_unauthorized(server: Installation) -> None:
    server.add_client("machine", grant_types=("client_credentials",), scopes=frozenset())
    party = RelyingParty(server, "machine")
    answer = party.request(Browser(server), scope=None)
    assert party.response(answer)["error"] == "unauthorized_client"


def test_scope_of_others_is_refused(server: Installation) -> None:
    server.add_client("narrow", scopes=frozenset({"openid"}))
    party = RelyingParty(server, "narrow")
    assert party.response(party.request(Browser(server), scope="openid email"))["error"] == "invalid_scope"


def test_parameter_without_a_value_counts_as_absent(relying_party: RelyingParty, browser: Browser) -> None:
    response = relying_party.sign_in(browser, state="", max_age="", prompt="", request="", nonce="")
    assert "code" in response
    assert "state" not in response


@pytest.mark.parametrize(
    "parameters",
    [
        {"acr_values": "urn:mace:incommon:iap:silver 2"},
        {"display": "popup"},
        {"display": "hologram"},
        {"claims_locales": "de fr"},
        {"ui_locales": "xx-unknown ???"},
        {"claims": '{"userinfo":{"nickname":null}}'},
        {"login_hint": "nobody@nowhere.example"},
        {"extra": "foobar", "": "nameless"},
        {"scope": "openid unheard_of"},
    ],
)
def test_what_is_not_understood_never_causes_an_error(
    relying_party: RelyingParty, browser: Browser, parameters: dict[str, object]
) -> None:
    assert "code" in relying_party.sign_in(browser, **parameters)


SPECIAL = "".join(chr(code) for code in range(0x20, 0x7F)) + "äöü€😀"


@pytest.mark.parametrize("state", ["s" * 128, "s" * 1024, SPECIAL, " +%20%2B&=#;", "a b+c"])
def test_state_comes_back_unchanged(relying_party: RelyingParty, browser: Browser, state: str) -> None:
    assert relying_party.sign_in(browser, state=state)["state"] == state


def test_state_comes_back_unchanged_with_an_error(relying_party: RelyingParty, browser: Browser) -> None:
    assert relying_party.response(relying_party.request(browser, state=SPECIAL, scope=" "))["state"] == SPECIAL


@pytest.mark.parametrize("nonce", ["n" * 384, SPECIAL])
def test_nonce_comes_back_unchanged_in_the_id_token(relying_party: RelyingParty, nonce: str) -> None:
    assert claims_of(relying_party.tokens(nonce=nonce)["id_token"])["nonce"] == nonce


def test_request_may_be_posted(relying_party: RelyingParty, browser: Browser) -> None:
    query = urlsplit(relying_party.authorization_url()).query
    page = browser.open("/oauth2/authorize", form=dict(parse_qsl(query)))
    assert browser.path == "/login"
    browser.sign_in(page)
    assert browser.path == "/consent"


def test_posted_body_that_is_no_form_is_a_page(relying_party: RelyingParty) -> None:
    headers = {"Content-Type": "application/json"}
    answer = relying_party.installation.request(
        "POST", "/oauth2/authorize", body=b'{"client_id":"app"}', headers=headers
    )
    assert (answer.status, relying_party.installation.why(answer)) == (400, "client_id_missing")


def test_query_of_the_redirect_uri_is_kept(server: Installation) -> None:
    server.add_user()
    uri = f"{REDIRECT_URI}?tenant=a%20b&x="
    party = RelyingParty(server, *server.add_client(redirect_uris=(uri,)), redirect_uri=uri)
    answer = party.request(Browser(server), prompt="none")
    assert answer.location.startswith(f"{uri}&error=login_required&")


BROKEN = ["interaction=%ff", "client_id=%c3%28", "state=%00", "a=1&" * 201, "interaction=%ED%A0%80"]


@pytest.mark.parametrize("encoded", BROKEN)
@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oauth2/authorize/resume", "/login", "/oauth2/logout"])
def test_malformed_parameters_are_refused_and_never_a_fault(server: Installation, path: str, encoded: str) -> None:
    assert server.get(f"{path}?{encoded}").status == 400
    if path != "/oauth2/authorize/resume":
        assert server.request("POST", path, body=encoded.encode(), headers=FORM).status in {400, 403}


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("encoded", BROKEN)
def test_endpoints_themselves_refuse_malformed_parameters(server: Installation, encoded: str) -> None:
    for path in ("/oauth2/authorize", "/oauth2/authorize/resume", "/oauth2/logout"):
        endpoint = server.mounted.routes.find(path).handler
        assert endpoint(Request("GET", path, encoded)).status == 400
    request = Request("POST", "/oauth2/logout", headers={"content-type": FORM["Content-Type"]}, body=b"csrf_token=%ff")
    assert server.mounted.routes.find("/oauth2/logout").handler(request).status == 400
    assert server.mounted.routes.find("/oauth2/logout").handler(replace(request, query_string="%ff")).status == 400


def test_percent_signs_that_encode_nothing_are_taken_as_they_are(relying_party: RelyingParty, browser: Browser) -> None:
    url = relying_party.authorization_url(state=None) + "&state=%zz%"
    answer = browser.sign_in(browser.open(url))
    assert relying_party.response(browser.allow(answer))["state"] == "%zz%"


def test_body_over_the_limit_is_refused(server: Installation) -> None:
    body = urlencode({"state": "s" * (server.settings.max_body_bytes + 1)}).encode()
    assert server.request("POST", "/oauth2/authorize", body=body, headers=FORM).status == 413


def test_caller_that_wants_json_gets_json(server: Installation) -> None:
    answer = server.get("/oauth2/authorize?client_id=nobody", headers={"Accept": "application/json"})
    assert answer.status == 400
    assert answer.header("Content-Type") == "application/json"
    assert answer.json["error"] == "invalid_client"
    assert server.why(answer) == "client_unknown"


def test_browser_that_also_takes_json_gets_a_page(server: Installation) -> None:
    answer = server.get("/oauth2/authorize", headers={"Accept": "text/html,application/json;q=0.9"})
    assert (answer.header("Content-Type") or "").startswith("text/html")


def test_level_of_authentication_is_judged_after_login(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(policy={"required_acr": "2"}))
    browser = Browser(server)
    page = party.request(browser)
    assert browser.path == "/login"
    answer = browser.sign_in(page)
    answer = browser.allow(answer) if browser.path == "/consent" else answer
    assert party.response(answer)["error"] == "unmet_authentication_requirements"
    assert server.why(answer) == "acr_not_reached"


def test_answers_are_never_stored(relying_party: RelyingParty, browser: Browser) -> None:
    answer = browser.open(relying_party.authorization_url(), follow=False)
    assert answer.status == 303
    assert answer.header("Cache-Control") == "no-store"
