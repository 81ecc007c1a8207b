"""How a client presents itself (RFC 6749 §2.3, §5.2)."""

from __future__ import annotations

import base64

import pytest

from authserver.clients.authentication.detect import detect
from authserver.protocol.errors import InvalidClient, InvalidRequest
from authserver.protocol.messages import FORM_CONTENT_TYPE, Request


def request(body: str = "", authorization: str | None = None, query: str = "") -> Request:
    headers = {"content-type": FORM_CONTENT_TYPE}
    if authorization is not None:
        headers["authorization"] = authorization
    return Request("POST", "/oauth2/token", query_string=query, headers=headers, body=body.encode())


def basic(userinfo: str) -> str:
    return "Basic " + base64.b64encode(userinfo.encode()).decode()


def test_basic_credentials_are_form_decoded() -> None:
    found = detect(request(authorization=basic("shop%3A1:s%2Bp+%C3%A4%25")))
    assert (found.method, found.client_id, found.secret) == ("client_secret_basic", "shop:1", "s+p ä%")


def test_colon_separates_at_the_first_one() -> None:
    assert detect(request(authorization=basic("shop:se:cret"))).secret == "se:cret"


def test_scheme_is_read_in_any_case() -> None:
    assert detect(request(authorization=basic("shop:secret").replace("Basic", "bASIC"))).client_id == "shop"


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Basic " + base64.b64encode(b":secret").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b"shop:%ff").decode(),
        basic("shop:secret") + "," + basic("shop:secret"),
        "Bearer token",
        "",
    ],
)
def test_header_that_cannot_be_read_is_refused_with_a_challenge(header: str) -> None:
    with pytest.raises(InvalidClient) as refusal:
        detect(request("client_id=shop", authorization=header))
    assert refusal.value.status == 401
    assert dict(refusal.value.headers)["WWW-Authenticate"].startswith("Basic ")


def test_body_credentials_are_refused_without_a_challenge() -> None:
    with pytest.raises(InvalidClient) as refusal:
        detect(request("client_secret=secret"))
    assert refusal.value.headers == ()


def test_credentials_in_the_query_do_not_count() -> None:
    with pytest.raises(InvalidClient, match="no_credentials"):
        detect(request(query="client_id=shop&client_secret=secret"))


def test_body_that_is_no_form_has_no_credentials() -> None:
    with pytest.raises(InvalidClient, match="no_credentials"):
        detect(Request("POST", "/oauth2/token", headers={"content-type": "application/json"}, body=b"client_id=shop"))


@pytest.mark.parametrize(
    ("body", "authorization"),
    [
        ("client_id=shop&client_secret=secret", basic("shop:secret")),
        ("client_assertion=x", basic("shop:secret")),
        ("client_id=shop&client_secret=secret&client_assertion=x", None),
    ],
)
def test_two_methods_at_once_are_refused(body: str, authorization: str | None) -> None:
    with pytest.raises(InvalidRequest, match="two_authentication_methods"):
        detect(request(body, authorization))


def test_same_client_id_in_the_body_is_no_second_method() -> None:
    found = detect(request("client_id=shop&client_secret=", basic("shop:secret")))
    assert found.method == "client_secret_basic"


def test_another_client_id_in_the_body_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="two_clients"):
        detect(request("client_id=other", basic("shop:secret")))


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
def test_repeated_credentials_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="parameter_repeated"):
        detect(request(f"client_id=shop&{name}=a&{name}=b"))


def test_assertion_without_its_type_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="assertion_incomplete"):
        detect(request("client_id=shop&client_assertion=x"))


def test_body_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="form_malformed"):
        detect(request("client_id=%ff"))


def test_secret_in_the_body_is_client_secret_post_and_none_without() -> None:
    assert detect(request("client_id=shop&client_secret=secret")).method == "client_secret_post"
    assert detect(request("client_id=shop")).method == "none"
