"""What was sent and what came back, shown byte for byte, with the secret masked."""

from __future__ import annotations

import subprocess

import orjson
import pytest

from authserver.playground.backchannel import credentials
from authserver.playground.exchanges import MASK, Exchange, Received, Sent, Step, exchange_from, response
from authserver.playground.inspection import Check, Token
from tests.browser.playground_samples import samples

SECRET = "s3cret /+&=' \"x"


def sent(method: str, client_id: str = "app") -> Sent:
    """A token request with this client's credentials."""
    headers, fields = credentials(method, client_id, SECRET)
    body = "grant_type=x" + "".join(f"&{name}=s3cret" for name, _ in fields if name == "client_secret")
    return Sent("POST", "http://id.example/oauth2/token?a=b", (("Host", "id.example"), *headers), body)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_is_masked_until_it_is_asked_for(method: str) -> None:
    request = sent(method)
    assert request.has_secret
    assert MASK in request.text
    assert MASK not in request.revealed
    assert "$CLIENT_SECRET" in request.curl
    assert "s3cret" not in request.curl + request.text + str(request.parameters)


def test_a_request_is_shown_as_it_was_sent() -> None:
    headers, fields = credentials("none", "app", "")
    request = Sent("POST", "http://id.example/oauth2/token?a=b", (("Host", "id.example"), *headers), "x=1")
    assert request.text == request.revealed == "POST /oauth2/token?a=b HTTP/1.1\nHost: id.example\n\nx=1"
    assert not request.has_secret
    assert fields == (("client_id", "app"),)


def test_basic_credentials_are_encoded_before_they_are_joined() -> None:
    assert dict(credentials("client_secret_basic", "a:b", "c%d")[0]) == {"Authorization": "Basic YSUzQWI6YyUyNWQ="}


def test_a_parameter_that_only_ends_like_a_secret_is_not_masked() -> None:
    request = Sent("POST", "http://id.example/", body="not_client_secret=shown&client_secret=hidden")
    assert request.text.endswith(f"not_client_secret=shown&client_secret={MASK}")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_command_says_the_same_to_a_shell(method: str) -> None:
    request = sent(method)
    script = request.revealed_curl.replace("curl -s -i", "printf '%s|'", 1)
    words = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split("|")
    assert words[0] == request.url
    assert ("app:s3cret+%2F%2B%26%3D%27+%22x" in words) == (method == "client_secret_basic")
    assert ("client_secret=s3cret" in words) == (method == "client_secret_post")


def test_a_command_carries_the_access_token() -> None:
    request = Sent("GET", "http://id.example/u", (("Host", "x"), ("Authorization", "Bearer it's")))
    assert request.curl == "curl -s -i \\\n  http://id.example/u \\\n  -H 'Authorization: Bearer it'\"'\"'s'"


def test_an_answer_is_shown_whole_and_indented() -> None:
    answer = response(200, (("Content-Type", "application/json"),), b'{"a":1}')
    assert answer.text == 'HTTP/1.1 200 OK\nContent-Type: application/json\n\n{"a":1}'
    assert answer.content == '{\n  "a": 1\n}'
    assert answer.error == ""


@pytest.mark.parametrize(
    ("answer", "error", "reference"),
    [
        (response(400, (), b'{"error":"x","error_description":"No (reference ABCDE-FGHJK)"}'), "x", "ABCDE-FGHJK"),
        (Received("", parameters=(("error", "y"), ("error_description", "ABCDE-FGHJK"))), "y", "ABCDE-FGHJK"),
        (response(503, (), b"<html>"), "503", ""),
        (response(799, (), b"[1]"), "799", ""),
        (response(200, (), b"ABCDE-FGHJK"), "", ""),
    ],
)
def test_a_refusal_is_known_with_its_reference(answer: Received, error: str, reference: str) -> None:
    assert (answer.error, answer.reference) == (error, reference)


def test_a_failed_check_makes_an_exchange_a_refusal() -> None:
    token = Token("id_token", checks=(Check("nonce", False),))
    exchange = Exchange(1, Step.KEYS, Sent("GET", "http://id.example/"), response(200, (), b"{}"))
    assert not exchange.is_refused
    assert Exchange(1, Step.KEYS, exchange.sent, exchange.received, tokens=(token,)).is_refused


def test_what_is_stored_is_read_back_the_same() -> None:
    exchanges = [known for page in samples().values() for known in getattr(getattr(page, "run", None), "exchanges", ())]
    assert len(exchanges) > 20
    assert [exchange_from(orjson.loads(orjson.dumps(known))) for known in exchanges] == exchanges
