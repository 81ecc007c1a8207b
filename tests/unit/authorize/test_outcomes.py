from __future__ import annotations

from authserver.authorize.context import Context
from authserver.authorize.outcomes import ClientResponse, Interrupt, error_response
from authserver.protocol.errors import InvalidScope, LoginRequired
from authserver.protocol.messages import Parameters


def context(**parameters: str) -> Context:
    return Context(
        Parameters(list(parameters.items())), redirect_uri="https://app.example/cb?x=1", response_mode="query"
    )


def test_answer_travels_in_query_or_fragment() -> None:
    given = (("code", "a b"), ("iss", "http://x"))
    query = ClientResponse("https://app.example/cb?x=1", "query", given)
    fragment = ClientResponse("https://app.example/cb?x=1", "fragment", given)
    assert query.location == "https://app.example/cb?x=1&code=a+b&iss=http%3A%2F%2Fx"
    assert fragment.location == "https://app.example/cb?x=1#code=a+b&iss=http%3A%2F%2Fx"


def test_error_carries_state_issuer_and_reference_and_no_reason() -> None:
    error = InvalidScope("Not known.", reason="scope_unknown", setting="client app: scope")
    answer = error_response(context(state="s"), error, "http://issuer", "ABCDE-FGHJK")
    assert answer.parameters == (
        ("error", "invalid_scope"),
        ("error_description", "Not known. (reference ABCDE-FGHJK)"),
        ("state", "s"),
        ("iss", "http://issuer"),
    )


def test_error_without_state_or_words() -> None:
    answer = error_response(context(), LoginRequired(), "http://issuer", "ABCDE-FGHJK")
    assert dict(answer.parameters) == {
        "error": "login_required",
        "error_description": "Reference ABCDE-FGHJK",
        "iss": "http://issuer",
    }


def test_page_is_opened_with_its_proof() -> None:
    assert Interrupt("/login", "handle", "verifier").location == "/login?interaction=handle&step=verifier"
