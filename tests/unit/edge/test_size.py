"""What is too long, and what passes."""

from __future__ import annotations

import pytest

from authserver.edge.refusals import Refusals
from authserver.edge.size import Size
from authserver.protocol import limits
from authserver.protocol.messages import Request, Response

FORM = {"content-type": "application/x-www-form-urlencoded"}


def answered(refusals: Refusals, request: Request) -> Response:
    return Size(refusals)(request, lambda _: Response(200))


@pytest.mark.parametrize(
    "query",
    [
        "state=" + "s" * 128,
        "nonce=" + "n" * 384,
        "redirect_uri=https://c.example/" + "r" * 2030,
        "scope=a&scope=b",
        "unknown=" + "u" * 7000,
    ],
)
def test_long_but_reasonable_values_pass(refusals: Refusals, query: str) -> None:
    assert answered(refusals, Request("GET", "/oauth2/token", query)).status == 200


@pytest.mark.parametrize("name", sorted(limits.PARAMETER_LENGTHS))
def test_a_parameter_over_its_limit_is_refused_with_the_limit_named(refusals: Refusals, name: str) -> None:
    limit = limits.PARAMETER_LENGTHS[name]
    body = f"{name}={'x' * (limit + 1)}".encode()
    answer = answered(refusals, Request("POST", "/oauth2/token", headers=FORM, body=body))
    assert answer.status == 400
    assert f"{name} may have {limit} characters".encode() in answer.body


def test_a_name_that_is_not_in_the_table_is_not_repeated_in_the_answer(refusals: Refusals) -> None:
    body = b"<img>=" + b"x" * 9000
    answer = answered(refusals, Request("POST", "/oauth2/token", headers=FORM, body=body))
    assert b"img" not in answer.body


def test_a_long_url_is_414(refusals: Refusals) -> None:
    assert answered(refusals, Request("GET", "/oauth2/token", "a=" + "x" * 8000)).status == 414


def test_a_long_header_is_431(refusals: Refusals) -> None:
    assert answered(refusals, Request("GET", "/", headers={"x-a": "a" * 8001})).status == 431


def test_many_middling_headers_are_431(refusals: Refusals) -> None:
    assert answered(refusals, Request("GET", "/", headers={f"x-{n}": "a" * 7000 for n in range(5)})).status == 431


@pytest.mark.parametrize("query", ["a=%ff", "%ff=a", "&".join(f"a{n}=1" for n in range(201))])
def test_parameters_that_cannot_be_read_are_400(refusals: Refusals, query: str) -> None:
    assert answered(refusals, Request("GET", "/oauth2/token", query)).status == 400


def test_a_form_that_cannot_be_read_is_400(refusals: Refusals) -> None:
    assert answered(refusals, Request("POST", "/oauth2/token", headers=FORM, body=b"a=\xff")).status == 400
