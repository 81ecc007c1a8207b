"""A newcomer in the playground: the whole run in front of the real server, and everything that must not work there."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.installation import Answer, Installation
from tests.relying_party import Browser, hidden_fields

SCOPES = ["openid", "profile", "email", "offline_access"]
BYTES = re.compile(r'<pre id="step-(\d+)-([a-z0-9-]+)"[^>]*><code>(.*?)</code></pre>', re.DOTALL)


class Newcomer(Browser):
    """Somebody who tries the playground."""

    def begin(self, follow: bool = True, **choices: object) -> Answer:
        """Press "Sign in", with the default scopes unless `choices` say otherwise."""
        page = self.open("/playground")
        return self.submit(page, follow, **({"action": "sign-in", "scope": SCOPES} | choices))

    def sign_in_there(self, **choices: object) -> Answer:
        """A whole run up to its page."""
        answer = self.begin(**choices)
        if self.path == "/login":
            answer = self.sign_in(answer)
        return self.allow(answer) if self.path == "/consent" else answer

    def next(self, page: Answer, action: str, token: str = "access_token", **values: object) -> Answer:
        """Press one of the buttons below the steps."""
        return self.open(self.url, form=hidden_fields(page) | {"action": action, "token": token} | values)


def shown(page: Answer, kind: str, number: int = 0) -> str:
    """The bytes in one of the boxes: of the step with this number, or of the last one that has such a box."""
    found = {int(step): unescape(text) for step, name, text in BYTES.findall(page.text) if name == kind}
    return found[number or max(found)]


def heading(page: Answer) -> str:
    """What the page says first."""
    return re.sub(r"<[^>]+>", "", re.findall(r"<h1.*?</h1>", page.text, re.DOTALL)[0])


@pytest.fixture
def playground(make_server: Callable[..., Installation]) -> Installation:
    """A server with the playground on, and alice."""
    server = make_server(playground=True)
    server.add_user(name="alice")
    return server


@pytest.fixture
def newcomer(playground: Installation) -> Newcomer:
    """Somebody with a browser that was never here."""
    return Newcomer(playground)


def test_one_button_and_a_password_show_that_it_works(newcomer: Newcomer) -> None:
    page = newcomer.sign_in_there()
    assert heading(page) == "It works: alice is signed in"
    assert shown(page, "sent", 2).startswith("POST /oauth2/token HTTP/1.1\nHost: 127.0.0.1:8000\n")
    assert '"id_token": "ey' in shown(page, "answer", 2)
    assert '"aud": "playground"' in shown(page, "token-1-claims", 3)
    assert '"typ": "at+jwt"' in shown(page, "token-2-header", 3)
    assert '"email": "alice@example.com"' in shown(page, "answer", 4)
    assert "Failed:" not in page.text


def test_the_whole_life_of_tokens(newcomer: Newcomer) -> None:
    page = newcomer.sign_in_there()
    first = shown(page, "token-2-claims", 3)
    page = newcomer.next(page, "refresh")
    assert newcomer.url.endswith("#step-5")
    assert "grant_type=refresh_token" in shown(page, "sent")
    assert shown(page, "token-2-claims", 5) != first
    assert "Failed:" not in page.text
    page = newcomer.next(page, "revoke")
    assert shown(page, "answer") == "(empty)"
    page = newcomer.next(page, "userinfo")
    assert '"error": "invalid_token"' in shown(page, "answer")
    page = newcomer.next(page, "revoke", "refresh_token")
    page = newcomer.next(page, "refresh")
    assert '"error": "invalid_grant"' in shown(page, "answer")


def test_signing_out_ends_the_session_and_comes_back(newcomer: Newcomer) -> None:
    page = newcomer.next(newcomer.sign_in_there(), "sign-out")
    assert heading(page) == "Signed out"
    assert "id_token_hint=ey" in shown(page, "sent")
    newcomer.begin()
    assert newcomer.path == "/login"


def test_a_gateway_introspects_with_its_secret(playground: Installation, newcomer: Newcomer) -> None:
    _, secret = playground.add_client(
        "gateway", redirect_uris=(), grant_types=("client_credentials",), scopes=frozenset()
    )
    playground.add_resource(scopes=("orders.read",), introspected_by=("gateway",))
    gateway = {"client_id": "gateway", "client_secret": secret}
    page = newcomer.sign_in_there(scope=["openid", "orders.read"], resource=["https://api.example"])
    page = newcomer.next(page, "introspect", **gateway)
    assert '"active": true' in shown(page, "answer")
    assert '"scope": "openid orders.read"' in shown(page, "answer")
    assert "Authorization: Basic ••••••••" in shown(page, "sent")
    assert "Authorization: Basic Z2F0ZXdheT" in shown(page, "revealed")
    assert f"gateway:{secret}" in shown(page, "revealed-curl")
    assert secret not in shown(page, "curl")


def test_a_public_client_is_not_told_about_tokens(newcomer: Newcomer) -> None:
    page = newcomer.next(newcomer.sign_in_there(), "introspect")
    assert '"error": "invalid_client"' in shown(page, "answer")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_another_client_proves_itself_as_it_registered(
    playground: Installation, newcomer: Newcomer, method: str
) -> None:
    uri = "http://127.0.0.1:8000/playground/callback"
    client, secret = playground.add_client(redirect_uris=(uri,), token_endpoint_auth_method=method)
    page = newcomer.sign_in_there(client_id=client, client_secret=secret)
    assert heading(page) == "It works: alice is signed in"
    assert secret not in shown(page, "sent", 2)
    page = newcomer.next(page, "introspect")
    assert '"active": true' in shown(page, "answer")


def test_a_wrong_secret_is_answered_by_the_server_itself(playground: Installation, newcomer: Newcomer) -> None:
    client, _ = playground.add_client(redirect_uris=("http://127.0.0.1:8000/playground/callback",))
    page = newcomer.sign_in_there(client_id=client, client_secret="wrong-secret")
    assert heading(page) == "There are no tokens"
    assert '"error": "invalid_client"' in shown(page, "answer")
    assert "HTTP/1.1 401 Unauthorized" in shown(page, "raw")
    assert "WWW-Authenticate: Basic" in shown(page, "raw")
    reference = re.search(r"authserver explain ([2-9A-HJ-NP-Z-]{11})", page.text)
    assert reference is not None
    assert reference[1] in shown(page, "answer")


def test_a_refusal_comes_back_as_it_was_sent(newcomer: Newcomer) -> None:
    page = newcomer.begin(prompt="none")
    assert heading(page) == "There are no tokens"
    assert "error=login_required" in shown(page, "answer")
    assert "authserver explain " in page.text


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_the_answer_comes_back_in_every_mode(newcomer: Newcomer, mode: str) -> None:
    answer = newcomer.sign_in_there(response_mode=mode)
    if mode == "form_post":
        fields = hidden_fields(answer)
        answer = newcomer.open("/playground/callback", form=fields)
    assert heading(answer) == "It works: alice is signed in"
    assert (mode == "form_post") == shown(answer, "answer", 1).startswith("POST /playground/callback HTTP/1.1\n")


def test_an_answer_in_the_fragment_can_be_pasted(newcomer: Newcomer) -> None:
    page = newcomer.sign_in_there(response_mode="fragment")
    address = newcomer.url
    assert heading(page) == "The answer is in the address"
    for nonsense in ("http://127.0.0.1:8000/playground/callback", "#state=%00", "#state=%ff", "", "#"):
        assert newcomer.open("/playground/callback", form=hidden_fields(page) | {"answer": nonsense}).status == 400
    page = newcomer.submit(page, answer=address)
    assert heading(page) == "It works: alice is signed in"


def test_the_request_can_be_looked_at_first(newcomer: Newcomer) -> None:
    page = newcomer.begin(action="look", login_hint="alice", max_age="60", prompt="login", resource=[])
    assert heading(page) == "The request is ready"
    url = shown(page, "sent", 1)
    sent = dict(parse_qsl(urlsplit(url).query))
    assert {
        "login_hint": "alice",
        "max_age": "60",
        "prompt": "login",
        "code_challenge_method": "S256",
    }.items() <= sent.items()
    newcomer.open(url)
    assert newcomer.path == "/login"


def test_a_reload_changes_nothing(newcomer: Newcomer) -> None:
    answer = newcomer.begin()
    answer = newcomer.sign_in(answer)
    callback = newcomer.submit(answer, False, action="allow", scope=SCOPES[1:])
    for _ in range(3):
        callback = newcomer.open(callback.location, follow=False)
        if "/playground/callback" in newcomer.url:
            break
    again = newcomer.open(newcomer.url)
    assert heading(again) == "It works: alice is signed in"
    assert len(re.findall("<article", again.text)) == 4
    assert newcomer.open(newcomer.url).text == again.text


def test_choices_are_filled_in_again(newcomer: Newcomer) -> None:
    page = newcomer.begin(action="look", scope=["openid"], login_hint="alice", client_secret="not-kept-here")
    page = newcomer.open(re.findall(r'href="(/playground\?run=[^"]+)"', page.text)[0])
    assert 'value="alice"' in page.text
    assert len(re.findall(r'name="scope" value="[a-z_]+" checked', page.text)) == 1
    assert "not-kept-here" not in page.text


# --- what must not work -----------------------------------------------------------------------


def test_runs_in_two_tabs_do_not_mix(newcomer: Newcomer) -> None:
    newcomer.sign_in_there()
    here, there = (newcomer.begin(follow=False, scope=[scope, "openid"]).location for scope in ("email", "profile"))
    second, first = newcomer.open(there), newcomer.open(here)
    assert "scope=email+openid" in shown(first, "sent", 1)
    assert "scope=profile+openid" in shown(second, "sent", 1)
    assert "scope=email+openid" not in second.text


def response_of(newcomer: Newcomer) -> str:
    """An authorization response that has not reached the playground yet."""
    newcomer.sign_in_there()
    start = newcomer.begin(follow=False).location
    location = newcomer.open(start, follow=False).location
    assert "/playground/callback?code=" in location
    return location


def test_another_browsers_answer_is_refused(playground: Installation, newcomer: Newcomer) -> None:
    location = response_of(newcomer)
    victim = Newcomer(playground)
    victim.open("/playground")
    page = victim.open(location)
    assert (page.status, heading(page)) == (400, "This answer belongs to no request of yours")
    assert heading(newcomer.open(location)) == "It works: alice is signed in"


@pytest.mark.parametrize(
    "change", [lambda state: state[:-2] + "xx", lambda state: state.partition(".")[0], lambda _: ""]
)
def test_an_answer_with_another_state_is_refused(newcomer: Newcomer, change: Callable[[str], str]) -> None:
    location = response_of(newcomer)
    parameters = dict(parse_qsl(urlsplit(location).query))
    forged = location.replace(f"state={parameters['state']}", f"state={change(parameters['state'])}")
    assert newcomer.open(forged).status == 400
    assert heading(newcomer.open(location)) == "It works: alice is signed in"


def test_a_second_answer_to_one_request_is_refused(newcomer: Newcomer) -> None:
    location = response_of(newcomer)
    newcomer.open(location)
    assert newcomer.open(location.replace("code=", "code=x")).status == 400


def test_a_code_of_another_issuer_is_sent_nowhere(newcomer: Newcomer) -> None:
    location = response_of(newcomer)
    page = newcomer.open(location.replace("iss=http%3A%2F%2F127.0.0.1", "iss=https%3A%2F%2Fevil.example"))
    assert heading(page) == "There are no tokens"
    assert "Failed:" in page.text
    assert len(re.findall("<article", page.text)) == 1


@pytest.mark.parametrize("path", ["/playground", "/playground/run", "/playground/callback"])
def test_forms_need_their_proof(newcomer: Newcomer, path: str) -> None:
    newcomer.sign_in_there()
    address = newcomer.url if path == "/playground/run" else path
    form = {"csrf_token": "forged", "action": "userinfo", "answer": "state=a"}
    assert newcomer.open(address, form=form).status == 403
    if path != "/playground/callback":
        assert newcomer.open(address, form=form | {"csrf_token": ""}).status == 403


def test_another_browser_does_not_open_a_run(playground: Installation, newcomer: Newcomer) -> None:
    newcomer.sign_in_there()
    other = Newcomer(playground)
    other.open("/playground")
    assert other.open(newcomer.url).status == 404


def test_an_answer_to_signing_out_needs_its_state(newcomer: Newcomer) -> None:
    page = newcomer.sign_in_there()
    asked = newcomer.open(newcomer.url, form=hidden_fields(page) | {"action": "sign-out"}, follow=False)
    state = dict(parse_qsl(urlsplit(asked.location).query))["state"]
    assert newcomer.open(f"/playground?state={state}x").status == 400
    assert heading(newcomer.open(f"/playground?state={state}")) == "Signed out"


@pytest.mark.parametrize("action", ["refresh", "userinfo", "revoke", "nonsense"])
def test_a_step_without_its_token_is_refused(newcomer: Newcomer, action: str) -> None:
    page = newcomer.begin(action="look")
    form = hidden_fields(newcomer.open("/playground")) | {"action": action, "token": "refresh_token"}
    run = re.findall(r"/playground\?(run=[^\"]+)", page.text)[0]
    assert newcomer.open(f"/playground/run?{run}", form=form).status == 400


def test_an_unreadable_form_is_refused(newcomer: Newcomer) -> None:
    assert newcomer.open("/playground/run?run=%00").status == 400


def test_nothing_that_was_typed_or_issued_is_stored_readably(playground: Installation, newcomer: Newcomer) -> None:
    client, secret = playground.add_client(redirect_uris=("http://127.0.0.1:8000/playground/callback",))
    newcomer.sign_in_there(client_id=client, client_secret=secret)
    run = dict(parse_qsl(urlsplit(newcomer.url).query))["run"]
    stored = playground.services.ephemeral.find(f"playground:{run}")
    assert stored
    assert not any(word in stored for word in (secret.encode(), b"access_token", b"eyJ", b"exchanges"))


@pytest.mark.parametrize("path", ["/playground", "/playground/callback", "/playground/run"])
def test_off_means_not_there(server: Installation, path: str) -> None:
    assert server.get(path).status == 404
    assert server.post(path).status == 404
    assert "/playground" not in server.get("/").text
    assert server.services.clients.find("playground") is None


def test_pages_carry_the_strict_policy(newcomer: Newcomer) -> None:
    policy = newcomer.sign_in_there().header("Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; base-uri 'none'")
    assert "unsafe" not in policy
