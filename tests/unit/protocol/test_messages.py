from __future__ import annotations

import pytest

from authserver.protocol.messages import Parameters, Request, Response, empty, json_response, redirect


def test_first_value_counts_and_repeats_are_remembered() -> None:
    found = Parameters.parse("a=1&b=2&a=3")
    assert (found.get("a"), found.all("a"), found.repeated) == ("1", ("1", "3"), {"a"})


def test_parameter_without_a_value_is_absent() -> None:
    found = Parameters.parse("a=&b")
    assert found.get("a") is None
    assert "b" not in found
    assert found.names() == frozenset()
    assert found.pairs == (("a", ""), ("b", ""))


def test_nothing_encoded_is_nothing() -> None:
    assert list(Parameters.parse("")) == []


def test_values_do_not_show_in_logs() -> None:
    assert "secret" not in repr(Parameters([("password", "secret")]))


@pytest.mark.parametrize("encoded", ["a=%ff", "%c3=1", "a=%00", "%00=1", "a=\0", "&".join(["a=1"] * 201)])
def test_what_nobody_can_store_is_refused(encoded: str) -> None:
    with pytest.raises(ValueError, match=r"NUL|utf-8|fields"):
        Parameters.parse(encoded)


def test_escaped_percent_sign_before_zeros_is_no_nul() -> None:
    assert Parameters.parse("a=%2500").get("a") == "%00"


def test_form_is_read_only_from_a_form() -> None:
    form = {"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}
    assert Request("POST", "/", headers=form, body=b"a=1").form.get("a") == "1"
    assert Request("POST", "/", headers={"content-type": "text/plain"}, body=b"a=1").form.get("a") is None


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ours=1", "1"),
        ('a={"x":[1]}; ours=1', "1"),
        ("a b=c; ours=1; z", "1"),
        ("ours=1; ours=2", "1"),
        ('ours="1"', "1"),
        ("ours=a=b", "a=b"),
        ("ours", None),
        ("", None),
        (";;=;", None),
    ],
)
def test_cookies_of_others_do_not_hide_ours(header: str, value: str | None) -> None:
    assert Request("GET", "/", headers={"cookie": header}).cookies.get("ours") == value


def test_headers_are_found_in_any_case() -> None:
    answer = json_response({"a": 1}, 201).with_headers(("X-One", "1"))
    assert answer.header("x-one") == "1"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("missing") is None
    assert answer.status == 201


def test_redirect_is_followed_by_get_and_not_stored() -> None:
    answer = redirect("/next", ("Set-Cookie", "a=b"))
    assert (answer.status, answer.header("Location"), answer.header("Set-Cookie")) == (303, "/next", "a=b")
    assert answer.header("Cache-Control") == "no-store"


def test_empty_answer_has_no_body() -> None:
    assert empty(204) == Response(204, (("Cache-Control", "no-store"), ("Pragma", "no-cache")), b"")
