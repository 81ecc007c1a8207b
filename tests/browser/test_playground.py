"""The playground in a real browser, with scripts and without: a newcomer sees that it works."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import axe
from tests.servers.authserver import Instance, running

PASSWORD = "Correct-Horse-7-Battery"
DEVELOPMENT = {"AUTHSERVER_ENVIRONMENT": "development", "AUTHSERVER_PLAYGROUND": "on"}


@pytest.fixture(scope="module")
def instance(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A server in development, with a person."""
    if reason := axe.missing():
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("playground"), DEVELOPMENT) as started:
        options = ("--email", "ada@example.com", "--username", "ada", "--verified", "--password-stdin")
        started.command("users", "create", *options, stdin=f"{PASSWORD}\n")
        yield started


@dataclass
class Visit:
    """A newcomer's tab."""

    tab: Page
    instance: Instance

    def sign_in(self) -> None:
        """From the first page through the sign-in to the steps."""
        self.tab.click("#playground-sign-in")
        self.tab.fill("#username", "ada")
        self.tab.fill("#password", PASSWORD)
        self.tab.click("#login-submit")
        self.tab.set_checked("#remember", False)
        self.tab.click("#consent-allow")

    def heading(self) -> str:
        """What the page says first."""
        return self.tab.inner_text("h1")


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def visit(instance: Instance, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A newcomer whose browser runs scripts, and one whose browser does not."""
    context = chromium.new_context(java_script_enabled=request.param, reduced_motion="reduce", locale="en-GB")
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.set_default_timeout(60_000)
    tab.goto(f"{instance.issuer}/")
    tab.click("#playground")
    yield Visit(tab, instance)
    context.close()
    assert said == []


def test_a_newcomer_tries_everything(visit: Visit) -> None:
    visit.sign_in()
    tab = visit.tab
    tab.wait_for_selector("#step-4")
    assert visit.heading() == "It works: ada is signed in"
    for number, button in ((5, "refresh"), (6, "userinfo"), (7, "revoke")):
        tab.click(f"#playground-{button}")
        tab.wait_for_selector(f"#step-{number}")
        assert tab.url.endswith(f"#step-{number}")
    tab.click("#playground-sign-out")
    tab.wait_for_selector("#step-8-answer")
    assert visit.heading() == "Signed out"


def test_an_answer_in_the_fragment_is_handed_on(visit: Visit, request: pytest.FixtureRequest) -> None:
    tab = visit.tab
    tab.click("#options > summary")
    tab.select_option("#response_mode", "fragment")
    visit.sign_in()
    if "no-scripts" in request.node.name:
        tab.wait_for_selector("#playground-answer")
        tab.fill("#answer", tab.url)
        tab.click("#playground-answer")
    tab.wait_for_selector("#step-4")
    assert "#code=" in tab.inner_text("#step-1-answer")


def test_a_form_brings_the_answer_back(visit: Visit, request: pytest.FixtureRequest) -> None:
    tab = visit.tab
    tab.click("#options > summary")
    tab.select_option("#response_mode", "form_post")
    visit.sign_in()
    if "no-scripts" in request.node.name:
        tab.click("#form-post-submit")
    tab.wait_for_selector("#step-4")
    assert tab.inner_text("#step-1-answer").startswith("POST /playground/callback HTTP/1.1")


def test_what_is_shown_can_be_copied(instance: Instance, chromium: Browser) -> None:
    context = chromium.new_context(locale="en-GB")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit = Visit(context.new_page(), instance)
    visit.tab.goto(f"{instance.issuer}/playground")
    visit.sign_in()
    visit.tab.wait_for_selector("#step-4")
    visit.tab.click('[data-copies="step-3-token-1-claims"]')
    visit.tab.get_by_role("button", name="Copied").wait_for()
    claims = json.loads(visit.tab.evaluate("navigator.clipboard.readText()"))
    assert claims["aud"] == "playground"
    context.close()


def test_a_copied_command_works(instance: Instance, chromium: Browser, tmp_path: Path) -> None:
    context = chromium.new_context(locale="en-GB")
    visit = Visit(context.new_page(), instance)
    visit.tab.goto(f"{instance.issuer}/playground")
    visit.sign_in()
    visit.tab.wait_for_selector("#step-4")
    command = visit.tab.text_content("#step-4-curl") or ""
    token = re.findall(r"Bearer ([\w.-]+)", command)[0]
    answer = context.request.get(f"{instance.issuer}/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["preferred_username"] == "ada"
    context.close()
