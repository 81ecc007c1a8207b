"""What the edge refuses as a page is explained behind the reference that the page shows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from unittest.mock import Mock

import pytest

from authserver.clients.authentication import ClientAuthentication
from authserver.protocol import limits
from tests.installation import REFERENCE, Installation

LEGAL = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
REFUSED = [
    ("GET /nowhere", {}, 404, "path_unknown"),
    ("DELETE /login", {}, 405, "method_not_allowed"),
    ("GET /login", {"Host": "evil.example"}, 400, "host_unknown"),
    ("GET /login?" + "x" * limits.URL_BYTES, {}, 414, "url_too_long"),
    ("GET /login?username=" + "x" * (limits.of_parameter("username") + 1), {}, 400, "parameter_too_long"),
]


@pytest.mark.parametrize("case", REFUSED, ids=[case[-1] for case in REFUSED])
@pytest.mark.parametrize("through_flask", [False, True])
def test_a_refusal_at_the_edge_is_explained(
    server: Installation, case: tuple[str, dict[str, str], int, str], *, through_flask: bool
) -> None:
    line, headers, status, reason = case
    method, _, url = line.partition(" ")
    answer = server.request(method, url, headers=headers, through_flask=through_flask)
    assert answer.status == status
    assert server.why(answer) == reason


def test_the_explanation_of_a_limit_names_its_setting(make_server: Callable[..., Installation]) -> None:
    server = make_server(rate_limit_default="1/minute")
    server.get("/")
    answer = server.get("/")
    assert answer.status == 429
    assert server.why(answer) == "rate_limited"
    found = REFERENCE.search(answer.text)
    assert found is not None
    with server.reading() as unit:
        refusal = unit.refusals.find(found[0])
    assert refusal is not None
    assert (refusal.setting, refusal.spec, refusal.endpoint) == ("rate_limit_default", "RFC 6585 §4", "edge")


MACHINES = [
    ("GET /oauth2/nothing", {}, 404, "path_unknown", "openid-configuration"),
    ("GET /oauth2/token", {}, 405, "method_not_allowed", "takes POST"),
    ("DELETE /oauth2/userinfo", {}, 405, "method_not_allowed", "takes GET and POST"),
    ("GET /oauth2/userinfo", {"Host": "evil.example"}, 400, "host_unknown", "issuer"),
    ("POST /oauth2/token", {"Content-Length": "999999999"}, 413, "body_too_long", "131072 bytes"),
    ("POST /oauth2/token?" + "x" * limits.URL_BYTES, {}, 414, "url_too_long", str(limits.URL_BYTES)),
    ("POST /oauth2/token?" + "a=&" * 201, {}, 400, "parameters_malformed", str(limits.FIELD_COUNT)),
    ("POST /oauth2/token?a=%FF", {}, 400, "parameters_malformed", "UTF-8"),
    ("POST /oauth2/token", {"X-Long": "x" * 8001}, 431, "header_too_long", str(limits.HEADER_FIELD_BYTES)),
]


@pytest.mark.parametrize("case", MACHINES, ids=[f"{case[2]}-{case[3]}" for case in MACHINES])
def test_a_refusal_in_json_says_what_is_allowed_and_is_explained(
    server: Installation, case: tuple[str, dict[str, str], int, str, str]
) -> None:
    line, headers, status, reason, allowed = case
    method, _, url = line.partition(" ")
    answer = server.request(method, url, headers=headers)
    assert (answer.status, answer.json.keys()) == (status, {"error", "error_description"})
    assert allowed in answer.json["error_description"]
    assert LEGAL.fullmatch(answer.json["error_description"])
    assert answer.header("Cache-Control") == "no-store"
    assert server.why(answer) == reason


def test_a_limit_that_a_machine_reached_is_named_with_the_time_to_wait(
    make_server: Callable[..., Installation],
) -> None:
    server = make_server(rate_limit_token="1/minute")
    server.post("/oauth2/token", {"client_id": "app"})
    answer = server.post("/oauth2/token", {"client_id": "app"})
    assert (answer.status, answer.json["error"]) == (429, "slow_down")
    assert "1 in 60 seconds" in answer.json["error_description"]
    assert f"try again in {answer.header('Retry-After')} seconds" in answer.json["error_description"]
    assert server.why(answer) == "rate_limited"


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        (sqlite3.OperationalError("unable to open database file"), 503, "database_unavailable"),
        (RuntimeError("secret detail"), 500, "unexpected_error"),
    ],
)
def test_a_fault_in_json_is_found_by_its_reference(
    server: Installation, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int, reason: str
) -> None:
    monkeypatch.setattr(ClientAuthentication, "authenticate", Mock(side_effect=fault))
    answer = server.post("/oauth2/token", {"client_id": "app"})
    assert answer.status == status
    assert str(fault) not in answer.text
    assert server.why(answer) == reason
