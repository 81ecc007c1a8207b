"""The shared verification function: what a resource server must refuse (RFC 9068 §4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from authserver.protocol import validity
from authserver.protocol.errors import InvalidToken
from authserver.tokens import access_tokens, jose
from authserver.tokens.verification import CLOCK_SKEW_SECONDS, AccessToken, verify_access_token
from tests.conftest import NOON
from tests.keys import Keys, signing

ISSUER, API = "https://id.example", "https://api.example"
pytestmark = pytest.mark.usefixtures("frozen_time")


def token(alg: str = "RS256", typ: str = access_tokens.TYPE, **changes: Any) -> str:
    claims = access_tokens.build(
        issuer=ISSUER,
        subject="user-1",
        audience=[API],
        client_id="client-1",
        scopes=["read", "write"],
        jti="token-1",
        issued_at=validity.epoch(NOON),
        expires_in=900,
        grant_id="grant-1",
    )
    return jose.sign({k: v for k, v in (claims | changes).items() if v is not None}, signing(alg), typ)


def reason(text: str, keys: Keys, **options: Any) -> str:
    with pytest.raises(InvalidToken) as refused:
        verify_access_token(text, keys, **{"issuer": ISSUER, "audience": API, **options})
    return refused.value.reason


def test_a_good_token_becomes_a_frozen_value(keys: Keys) -> None:
    found = verify_access_token(token(sid="s", acr="1", amr=["pwd"], cnf={"jkt": "x"}), keys, ISSUER, API)
    assert (found.subject, found.client_id, found.audience, found.token_id) == ("user-1", "client-1", (API,), "token-1")
    assert (found.scopes, found.grant_id, found.sid) == ({"read", "write"}, "grant-1", "s")
    assert (found.acr, found.amr, found.cnf, found.expires_at - found.issued_at) == ("1", ("pwd",), {"jkt": "x"}, 900)
    with pytest.raises(AttributeError):
        found.subject = "user-2"  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.claims["sub"] = "user-2"  # type: ignore[index]


def test_any_of_several_audiences_may_ask(keys: Keys) -> None:
    text = token(aud=[API, "https://other.example"])
    assert verify_access_token(text, keys, ISSUER, "https://other.example").audience == (API, "https://other.example")


@pytest.mark.parametrize("aud", ["https://other.example", API + "/", [], None, "", [1], {API: 1}])
def test_a_token_for_another_audience_is_refused(keys: Keys, aud: Any) -> None:
    assert reason(token(aud=aud), keys) in {"audience_wrong", "claim_missing"}


def test_a_caller_that_compares_audiences_itself_still_gets_everything_else_checked(keys: Keys) -> None:
    assert verify_access_token(token(), keys, ISSUER, None).audience == (API,)
    assert reason(token(iss="https://evil.example"), keys, audience=None) == "issuer_wrong"


@pytest.mark.parametrize("issuer", ["https://id.example/", "https://ID.example", "http://id.example", "https://evil"])
def test_the_issuer_is_compared_exactly(keys: Keys, issuer: str) -> None:
    assert reason(token(iss=issuer), keys) == "issuer_wrong"


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"])
def test_a_token_without_a_required_claim_is_refused(keys: Keys, claim: str) -> None:
    assert reason(token(**{claim: None}), keys) == "claim_missing"


@pytest.mark.parametrize("claim", ["exp", "iat"])
@pytest.mark.parametrize("value", ["2000000000", 2e9, True, [2000000000]])
def test_times_are_whole_numbers(keys: Keys, claim: str, value: Any) -> None:
    assert reason(token(**{claim: value}), keys) == "claim_missing"


def test_a_token_dies_when_it_says_and_not_later(keys: Keys, frozen_time: time_machine.Traveller) -> None:
    text = token()
    frozen_time.shift(899)
    assert verify_access_token(text, keys, ISSUER, API)
    frozen_time.shift(1)
    assert reason(text, keys) == "token_expired"


def test_a_remembered_signature_does_not_outlive_the_token(keys: Keys, frozen_time: time_machine.Traveller) -> None:
    text = token()
    verify_access_token(text, keys, ISSUER, API)
    frozen_time.move_to(NOON + timedelta(seconds=901))
    assert reason(text, keys) == "token_expired"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_clock_may_be_wrong_by_a_minute(keys: Keys, claim: str) -> None:
    noon = validity.epoch(NOON)
    assert verify_access_token(token(**{claim: noon + 10}), keys, ISSUER, API)
    assert verify_access_token(token(**{claim: noon + CLOCK_SKEW_SECONDS}), keys, ISSUER, API)
    assert reason(token(**{claim: noon + CLOCK_SKEW_SECONDS + 1}), keys) == "token_not_yet_valid"


@pytest.mark.parametrize("nbf", ["0", True, 1.5])
def test_not_before_is_a_whole_number_too(keys: Keys, nbf: Any) -> None:
    assert reason(token(nbf=nbf), keys) == "token_not_yet_valid"


def test_an_id_token_is_no_access_token(keys: Keys) -> None:
    assert reason(token(typ="JWT"), keys) == "type_not_allowed"


def test_algorithms_can_be_narrowed(keys: Keys) -> None:
    assert reason(token("ES256"), keys, algorithms=("RS256",)) == "algorithm_not_allowed"


def test_the_value_of_a_token_does_not_print_its_claims(keys: Keys) -> None:
    found = verify_access_token(token(email="a@example.org"), keys, ISSUER, API)
    assert isinstance(found, AccessToken)
    assert "a@example.org" not in repr(found)
