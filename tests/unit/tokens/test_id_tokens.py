"""The claims of ID tokens (OpenID Connect Core §2), their hashes, and hints."""

from __future__ import annotations

from typing import Any

import pytest

from authserver.protocol.errors import InvalidToken
from authserver.tokens import id_tokens, jose
from tests.keys import Keys, signing

REQUIRED: dict[str, Any] = {
    "issuer": "https://id.example",
    "subject": "user-1",
    "client_id": "client-1",
    "issued_at": 1000,
    "expires_in": 900,
    "algorithm": "RS256",
}
ISSUER = REQUIRED["issuer"]


def hint(alg: str = "RS256", typ: str = id_tokens.TYPE, **changes: Any) -> str:
    claims = id_tokens.build(**REQUIRED, sid="s") | changes
    return jose.sign({name: value for name, value in claims.items() if value is not None}, signing(alg), typ)


def test_an_id_token_says_who_when_and_how() -> None:
    facts = {"auth_time": 990, "nonce": "n", "acr": "1", "amr": ("pwd",), "sid": "s"}
    assert id_tokens.build(**REQUIRED, **facts) == {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": "client-1",
        "exp": 1900,
        "iat": 1000,
        "auth_time": 990,
        "nonce": "n",
        "acr": "1",
        "amr": ["pwd"],
        "sid": "s",
    }


def test_what_has_no_value_is_left_out() -> None:
    assert set(id_tokens.build(**REQUIRED)) == {"iss", "sub", "aud", "exp", "iat"}


def test_at_hash_is_the_one_of_the_specification() -> None:
    # OpenID Connect Core, appendix A.3 and A.4.
    access_token, code = (
        "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
        "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
    )
    claims = id_tokens.build(**REQUIRED, access_token=access_token, code=code)
    assert claims["at_hash"] == "77QmUPtjPfzWtF2AnpK9RQ"
    assert claims["c_hash"] == "LDktKdoQak3Pk0cnXxCltA"


@pytest.mark.parametrize(("alg", "length"), [("RS256", 22), ("PS256", 22), ("ES256", 22), ("EdDSA", 43)])
def test_the_hash_is_that_of_the_signature_algorithm(alg: str, length: int) -> None:
    assert len(id_tokens.left_half_hash("token", alg)) == length


def test_another_audience_names_the_authorized_party() -> None:
    claims = id_tokens.build(**REQUIRED, other_audiences=("client-2",))
    assert (claims["aud"], claims["azp"]) == (["client-1", "client-2"], "client-1")


def test_claims_about_the_person_never_replace_those_of_the_protocol() -> None:
    plain = id_tokens.build(**REQUIRED)
    evil = dict.fromkeys([*plain, "nonce", "sid", "azp", "at_hash", "c_hash", "amr", "acr", "auth_time"], "evil")
    assert id_tokens.build(**REQUIRED, user_claims=evil) == plain
    assert id_tokens.build(**REQUIRED, user_claims={"name": "Ada"})["name"] == "Ada"


def test_an_empty_nonce_is_given_back_too() -> None:
    assert id_tokens.build(**REQUIRED, nonce="")["nonce"] == ""


def test_an_expired_hint_still_names_its_person(keys: Keys) -> None:
    assert id_tokens.read_hint(hint(), keys, ISSUER) == id_tokens.Hint("user-1", "client-1", "s")


def test_a_hint_with_several_audiences_belongs_to_its_authorized_party(keys: Keys) -> None:
    found = id_tokens.read_hint(hint(aud=["client-2", "client-1"], azp="client-1", sid=None), keys, ISSUER)
    assert found == id_tokens.Hint("user-1", "client-1", None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "issuer_wrong"),
        ({"sub": None}, "claim_missing"),
        ({"sub": 1}, "claim_missing"),
        ({"aud": None}, "claim_missing"),
        ({"aud": ["a", "b"]}, "claim_missing"),
        ({"typ": "at+jwt"}, "type_not_allowed"),
    ],
)
def test_what_is_no_id_token_of_ours_is_no_hint(keys: Keys, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        id_tokens.read_hint(hint(**changes), keys, ISSUER)
    assert refused.value.reason == reason


def test_a_hint_under_a_removed_key_is_refused() -> None:
    with pytest.raises(InvalidToken):
        id_tokens.read_hint(hint(), Keys([signing("ES256")]), ISSUER)
