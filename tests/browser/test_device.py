"""A device is connected in a real browser, with scripts on and off, by mouse and by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser

from authserver.protocol.policy import DEVICE_CODE
from tests.browser import axe
from tests.browser.journeys import Ground, Person, prepared


@dataclass
class Television:
    """A device that talks to the server over HTTP."""

    issuer: str
    client_id: str
    told: dict[str, Any]

    def poll(self) -> dict[str, Any]:
        """Ask for tokens; the answer or the refusal."""
        return post(
            f"{self.issuer}/oauth2/token",
            client_id=self.client_id,
            grant_type=DEVICE_CODE,
            device_code=self.told["device_code"],
        )


def post(url: str, **form: str) -> dict[str, Any]:
    """POST a form and read JSON, whatever the status."""
    try:
        with urlopen(url, data=urlencode(form).encode(), timeout=30) as answer:  # noqa: S310 - our own server
            return dict(json.load(answer))
    except HTTPError as refused:
        return dict(json.load(refused))


@pytest.fixture(scope="module")
def ground(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One server for every journey."""
    if reason := axe.missing():
        pytest.skip(reason)
    with prepared(tmp_path_factory.mktemp("device")) as made:
        yield made


@pytest.fixture(scope="module")
def client_id(ground: Ground) -> str:
    """A registered device client."""
    options = ("--name", "Acme TV", "--public", "--grant", DEVICE_CODE, "--scope", "openid profile")
    return str(ground.instance.create("clients", *options)["client_id"])


@pytest.fixture
def television(ground: Ground, client_id: str) -> Television:
    """A device that shows a code."""
    issuer = ground.instance.issuer
    told = post(f"{issuer}/oauth2/device_authorization", client_id=client_id, scope="openid profile")
    return Television(issuer, client_id, told)


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def person(ground: Ground, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Person]:
    """Somebody whose browser runs scripts, and somebody whose browser does not."""
    met = Person(ground, chromium, scripts=request.param)
    yield met
    met.context.close()
    assert met.complaints == []


def see(person: Person, element: str, picture: str) -> None:
    """Wait for an element of the page, which must be sound."""
    person.sees(element)
    person.is_at("/device", picture)


def test_a_person_types_the_code_and_allows(person: Person, television: Television) -> None:
    person.tab.goto(television.told["verification_uri"])
    person.log_in()
    see(person, "user_code", "device-code")
    person.tab.fill("#user_code", television.told["user_code"].lower())
    person.tab.keyboard.press("Enter")
    see(person, "device-allow", "device")
    assert television.poll()["error"] == "authorization_pending"
    person.tab.click("#device-allow")
    see(person, "device-done", "device-done")
    assert "id_token" in television.poll()


def test_a_person_follows_the_link_and_refuses(person: Person, television: Television) -> None:
    person.tab.goto(television.told["verification_uri_complete"])
    person.log_in()
    see(person, "user_code", "device-code-link")
    person.tab.click("#device-continue")
    person.tab.click("#device-deny")
    see(person, "device-done", "device-refused")
    assert television.poll()["error"] == "access_denied"


def test_a_wrong_code_is_said_and_can_be_corrected(person: Person, television: Television) -> None:
    person.tab.goto(television.told["verification_uri"])
    person.log_in()
    person.tab.fill("#user_code", "BBBB-BBBB")
    person.tab.click("#device-continue")
    see(person, "problem", "device-code-wrong")
    person.tab.fill("#user_code", television.told["user_code"])
    person.tab.click("#device-continue")
    person.sees("device-allow")
    assert person.tab.locator("#problem").count() == 0
