"""How the answer travels: query, fragment, form_post (OAuth 2.0 Multiple Response Types §2, Form Post §2)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.installation import REDIRECT_URI, Answer, Installation
from tests.relying_party import Browser, RelyingParty, hidden_fields


def read(answer: Answer, mode: str) -> dict[str, str]:
    if mode == "form_post":
        assert answer.status == 200
        assert f'action="{REDIRECT_URI}"' in answer.text
        return hidden_fields(answer)
    parts = urlsplit(answer.location)
    assert parts.query == "" or parts.fragment == ""
    return dict(parse_qsl(parts.fragment if mode == "fragment" else parts.query, keep_blank_values=True))


MODES = ["query", "fragment", "form_post"]


@pytest.mark.parametrize("mode", MODES)
def test_code_arrives_as_asked_for(relying_party: RelyingParty, mode: str) -> None:
    browser = Browser(relying_party.installation)
    page = browser.sign_in(relying_party.request(browser, response_mode=mode, state='a"<b>&c'))
    response = read(browser.allow(page), mode)
    assert set(response) == {"code", "state", "iss", "session_state"}
    assert response["state"] == 'a"<b>&c'
    assert relying_party.redeem(response["code"]).status == 200


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "parameters",
    [
        {"prompt": "none"},
        {"response_type": "token"},
        {"response_type": None},
        {"request": "x"},
        {"scope": " "},
        {"scope": ["openid", "openid"]},
        {"code_challenge": None},
        {"prompt": "none login"},
    ],
)
def test_errors_arrive_the_same_way(relying_party: RelyingParty, mode: str, parameters: dict[str, object]) -> None:
    answer = relying_party.request(Browser(relying_party.installation), response_mode=mode, **parameters)
    response = read(answer, mode)
    assert set(response) == {"error", "error_description", "state", "iss"}


@pytest.mark.parametrize("mode", MODES)
def test_refusal_by_the_person_arrives_the_same_way(relying_party: RelyingParty, mode: str) -> None:
    browser = Browser(relying_party.installation)
    page = relying_party.request(browser, response_mode=mode)
    assert read(browser.submit(page, action="cancel"), mode)["error"] == "access_denied"


@pytest.mark.parametrize("mode", ["web_message", "jwt.query", "QUERY"])
def test_unknown_mode_is_refused_in_the_query(relying_party: RelyingParty, mode: str) -> None:
    answer = relying_party.request(Browser(relying_party.installation), response_mode=mode)
    assert read(answer, "query")["error"] == "invalid_request"


def test_mode_that_the_client_may_not_use_is_refused(server: Installation) -> None:
    party = RelyingParty(server, *server.add_client(policy={"response_modes": frozenset({"query"})}))
    answer = party.request(Browser(server), response_mode="fragment")
    assert read(answer, "query")["error"] == "invalid_request"


def test_form_post_page_works_without_scripts_and_blocks_nothing(relying_party: RelyingParty) -> None:
    answer = relying_party.request(Browser(relying_party.installation), response_mode="form_post", prompt="none")
    assert 'id="form-post-submit"' in answer.text
    assert "form-action" not in (answer.header("Content-Security-Policy") or "")
    assert answer.header("Cache-Control") == "no-store"
