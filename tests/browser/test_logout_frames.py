"""The frames of logout in a real browser: applications that are told, and the one that asks.

Every request is answered by this process: those to the server by the server
itself, those to applications by pages of the test.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from authserver.clients.extensions import Extensions
from tests.installation import PASSWORD, Installation
from tests.relying_party import RelyingParty, claims_of

ISSUER = "https://sso.app.example"
"""Of one site with the application: from a frame of another site browsers may hide the cookie."""
APP = "https://app.example"
GOODBYE = f"{APP}/goodbye"
ASKING = f"""<!doctype html><title>Acme</title><iframe id="op" src="{ISSUER}/oauth2/check-session"></iframe>"""
QUESTION = """message => new Promise(resolve => {
    window.addEventListener("message", event => resolve(event.data + " from " + event.origin), {once: true});
    document.getElementById("op").contentWindow.postMessage(message, "*");
})"""


class Person:
    """A browser tab in which alice may sign in to the application `app`."""

    def __init__(self, server: Installation, chromium: Browser, *, scripts: bool = True) -> None:
        self.server = server
        self.context = chromium.new_context(java_script_enabled=scripts)
        self.context.route("**/*", self._answer)
        self.tab: Page = self.context.new_page()
        self.loaded: list[str] = []
        self.answers_frames = True

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if url.startswith(ISSUER):
            self._ask_server(route)
            return
        self.loaded.append(url)
        if not url.startswith(f"{APP}/front") or self.answers_frames:
            route.fulfill(body=ASKING, content_type="text/html")

    def _ask_server(self, route: Route) -> None:
        asked = route.request
        headers = {name: value for name, value in asked.all_headers().items() if not name.startswith((":", "content-"))}
        form = parse_qs(asked.post_data or "") if asked.method == "POST" else None
        headers.pop("host", None)
        answer = self.server.request(asked.method, asked.url, form=form, headers=headers)
        sent: dict[str, str] = {}
        for name, value in answer.headers:
            sent[name] = f"{sent[name]}\n{value}" if name in sent else value
        if target := sent.pop("Location", None):
            # What follows a redirect is not asked of this process, so the browser is sent on by a page.
            body = f'<meta http-equiv="refresh" content="0; url={html.escape(target)}">'
            route.fulfill(status=200, headers={**sent, "Content-Type": "text/html"}, body=body)
            return
        route.fulfill(status=answer.status, headers=sent, body=answer.body)

    def sign_in(self, party: RelyingParty) -> dict[str, str]:
        """The parameters of the answer, which the tab then shows."""
        self.tab.goto(f"{ISSUER}{party.authorization_url()}")
        self.tab.fill("#username", "alice")
        self.tab.fill("#password", PASSWORD)
        self.tab.click("#login-submit")
        self.tab.click("#consent-allow")
        self.tab.wait_for_url(f"{APP}/callback**")
        return dict(parse_qsl(urlsplit(self.tab.url).query))

    def log_out(self, hint: str) -> None:
        """Begin a logout that leads back."""
        asked = {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE, "state": "s"}
        self.tab.goto(f"{ISSUER}/oauth2/logout?{urlencode(asked)}", wait_until="commit")


@pytest.fixture
def party(make_server: Callable[..., Installation]) -> RelyingParty:
    server = make_server(issuer=ISSUER)
    server.add_user()
    extended = Extensions(frontchannel_logout_uri=f"{APP}/front")
    return RelyingParty(server, *server.add_client(extensions=extended, post_logout_redirect_uris=(GOODBYE,)))


@pytest.fixture
def meet(party: RelyingParty, chromium: Browser) -> Iterator[Callable[..., Person]]:
    met: list[Person] = []

    def make(**values: Any) -> Person:
        met.append(Person(party.installation, chromium, **values))
        return met[-1]

    yield make
    for person in met:
        person.context.close()


def hint_of(party: RelyingParty, person: Person) -> str:
    return str(party.redeem(person.sign_in(party)["code"]).json["id_token"])


def test_the_application_is_told_and_returned_to(party: RelyingParty, meet: Callable[..., Person]) -> None:
    person = meet()
    hint = hint_of(party, person)
    person.log_out(hint)
    person.tab.wait_for_url(f"{GOODBYE}?state=s")
    [told] = [url for url in person.loaded if url.startswith(f"{APP}/front")]
    assert dict(parse_qsl(urlsplit(told).query)) == {"iss": ISSUER, "sid": claims_of(hint)["sid"]}


def test_an_application_that_does_not_answer_keeps_nobody(party: RelyingParty, meet: Callable[..., Person]) -> None:
    person = meet()
    hint = hint_of(party, person)
    person.answers_frames = False
    person.log_out(hint)
    person.tab.wait_for_url(f"{GOODBYE}?state=s")
    assert [url for url in person.loaded if url.startswith(f"{APP}/front")]


def test_without_scripts_a_button_goes_on(party: RelyingParty, meet: Callable[..., Person]) -> None:
    person = meet(scripts=False)
    person.log_out(hint_of(party, person))
    assert person.tab.inner_text("#signed-out") == "You have been signed out"
    person.tab.click("#continue")
    person.tab.wait_for_url(f"{GOODBYE}?state=s")
    assert [url for url in person.loaded if url.startswith(f"{APP}/front")]


def test_the_session_frame_tells_a_login_state_from_another(party: RelyingParty, meet: Callable[..., Person]) -> None:
    person = meet()
    answer = person.sign_in(party)
    asking = f"app {answer['session_state']}"
    person.tab.wait_for_load_state("load")
    assert person.tab.evaluate(QUESTION, asking) == f"unchanged from {ISSUER}"
    assert person.tab.evaluate(QUESTION, asking.replace("app", "other")) == f"changed from {ISSUER}"
    for nonsense in ("", "app", "app x.y", "app " + "0" * 64, {"client": "app"}):
        assert person.tab.evaluate(QUESTION, nonsense) == f"error from {ISSUER}"
    other = person.context.new_page()
    other.goto(f"{ISSUER}/oauth2/logout")
    other.click("#logout-yes")
    other.wait_for_selector("#signed-out")
    assert person.tab.evaluate(QUESTION, asking) == f"changed from {ISSUER}"


def test_a_browser_that_lost_the_state_has_changed(party: RelyingParty, meet: Callable[..., Person]) -> None:
    person = meet()
    answer = person.sign_in(party)
    person.tab.wait_for_load_state("load")
    person.context.clear_cookies()
    assert person.tab.evaluate(QUESTION, f"app {answer['session_state']}") == f"changed from {ISSUER}"


@pytest.mark.parametrize("length", [1, 20, 31, 32, 200])
def test_the_frame_hashes_as_the_server_does(party: RelyingParty, meet: Callable[..., Person], length: int) -> None:
    from authserver.authorize.session_state import compute

    person = meet()
    person.sign_in(party)
    person.tab.wait_for_load_state("load")
    cookies = {cookie["name"]: cookie["value"] for cookie in person.context.cookies(ISSUER)}
    [state] = [value for name, value in cookies.items() if name.startswith("__Host-state-")]
    stated = compute("ü" * length, APP, state, "salt")
    assert person.tab.evaluate(QUESTION, f"{'ü' * length} {stated}") == f"unchanged from {ISSUER}"
