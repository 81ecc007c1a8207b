"""DPoP (RFC 9449 §7) at a protected resource of ours, UserInfo: a bound token needs its key with every request.

The suite's modules that ask the same are `fapi2-security-profile-final-dpop-negative-tests` and
`-access-token-type-header-case-sensitivity`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from tests.dpop import DPoPKey, digest_of
from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty

PATH = "/oauth2/userinfo"
ALGS = 'algs="RS256 PS256 ES256 EdDSA"'
Ask = Callable[..., Answer]


@pytest.fixture
def key() -> DPoPKey:
    """The client's key."""
    return DPoPKey.of("ES256")


@pytest.fixture
def url(server: Installation) -> str:
    """The address of UserInfo."""
    return server.settings.issuer + PATH


@pytest.fixture
def token(server: Installation, relying_party: RelyingParty, key: DPoPKey) -> str:
    """An access token that is bound to the key."""
    proof = key.proof("POST", f"{server.settings.issuer}/oauth2/token")
    answer = relying_party.redeem(relying_party.code(), headers={"DPoP": proof})
    return str(answer.json["access_token"])


@pytest.fixture
def ask(server: Installation, token: str) -> Ask:
    """Ask UserInfo with the token and a DPoP header."""

    def run(proof: str | None, *, scheme: str = "DPoP", method: str = "GET") -> Answer:
        headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof is not None else {})
        return server.request(method, PATH, headers=headers)

    return run


def assert_refused(server: Installation, answer: Answer, reason: str, error: str = "invalid_dpop_proof") -> None:
    assert (answer.status, answer.json["error"]) == (401, error), answer.text
    [header] = answer.all("WWW-Authenticate")
    assert header.startswith(f'DPoP realm="authserver", error="{error}", error_description="')
    assert header.endswith(ALGS)
    assert server.why(answer) == reason


# --- good -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_proof_for_the_request_and_the_token_opens(ask: Ask, key: DPoPKey, url: str, token: str, method: str) -> None:
    answer = ask(key.proof(method, url, token), method=method)
    assert answer.status == 200
    assert answer.json["sub"]


@pytest.mark.parametrize("scheme", ["DPOP", "dpop", "DPoP", "dPoP"])
def test_the_scheme_is_read_in_any_case(ask: Ask, key: DPoPKey, url: str, token: str, scheme: str) -> None:
    assert ask(key.proof("GET", url, token), scheme=scheme).status == 200


@pytest.mark.parametrize("suffix", ["", "?a=b", "#c", "?a=b#c"])
def test_query_and_fragment_of_htu_do_not_count(ask: Ask, key: DPoPKey, url: str, token: str, suffix: str) -> None:
    assert ask(key.proof("GET", url + suffix, token)).status == 200


def test_a_query_of_the_request_does_not_count(server: Installation, key: DPoPKey, url: str, token: str) -> None:
    headers = {"Authorization": f"DPoP {token}", "DPoP": key.proof("GET", url, token)}
    assert server.get(f"{PATH}?a=b", headers=headers).status == 200


def test_what_nobody_knows_is_ignored(ask: Ask, key: DPoPKey, url: str, token: str) -> None:
    proof = key.proof("GET", url, token, header={"extra": "x"}, extra="y", nbf=int(time.time()), exp=2**31)
    assert ask(proof).status == 200


# --- bad --------------------------------------------------------------------------------------

HEADERS: list[tuple[dict[str, Any], str]] = [
    ({"typ": None}, "dpop_type_wrong"),
    ({"typ": "at+jwt"}, "dpop_type_wrong"),
    ({"alg": None}, "dpop_proof_malformed"),
    ({"alg": "none"}, "dpop_algorithm_not_allowed"),
    ({"jwk": None}, "dpop_key_not_public"),
]
CLAIMS: list[tuple[dict[str, Any], str]] = [
    *(({name: None}, "dpop_claim_missing") for name in ("jti", "htm", "htu", "iat", "ath")),
    ({"htm": "POST"}, "dpop_method_mismatch"),
    ({"htu": "https://other.example/oauth2/userinfo"}, "dpop_address_mismatch"),
    ({"htu": "http://127.0.0.1:8000/oauth2/token"}, "dpop_address_mismatch"),
    ({"ath": digest_of("another token")}, "dpop_token_mismatch"),
    ({"ath": "☃"}, "dpop_token_mismatch"),
]


@pytest.mark.parametrize(("header", "reason"), HEADERS)
def test_the_header_of_a_proof_is_checked(
    server: Installation, ask: Ask, key: DPoPKey, url: str, token: str, *, header: dict[str, Any], reason: str
) -> None:
    assert_refused(server, ask(key.proof("GET", url, token, header=header)), reason)


@pytest.mark.parametrize(("claims", "reason"), CLAIMS)
def test_the_claims_of_a_proof_are_checked(
    server: Installation, ask: Ask, key: DPoPKey, url: str, token: str, *, claims: dict[str, Any], reason: str
) -> None:
    good = {"jti": "1", "htm": "GET", "htu": url, "iat": int(time.time()), "ath": digest_of(token)}
    proof = key.signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk}, good | claims)
    assert_refused(server, ask(proof), reason)


@pytest.mark.parametrize("away", [-3600, 3600])
def test_a_proof_from_long_ago_or_the_future_is_refused(
    server: Installation, ask: Ask, key: DPoPKey, url: str, token: str, *, away: int
) -> None:
    assert_refused(server, ask(key.proof("GET", url, token, iat=int(time.time()) + away)), "dpop_proof_too_old")


def test_a_malformed_proof_is_refused(server: Installation, ask: Ask) -> None:
    assert_refused(server, ask("x.y.z"), "dpop_proof_malformed")


def test_a_spoiled_signature_is_refused(server: Installation, ask: Ask, key: DPoPKey, url: str, token: str) -> None:
    head, payload, signature = key.proof("GET", url, token).split(".")
    spoiled = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert_refused(server, ask(f"{head}.{payload}.{spoiled}"), "dpop_signature_wrong")


def test_a_private_key_in_the_header_is_refused(
    server: Installation, ask: Ask, key: DPoPKey, url: str, token: str
) -> None:
    proof = key.proof("GET", url, token, header={"jwk": key.jwk | {"d": "AAAA"}})
    assert_refused(server, ask(proof), "dpop_key_not_public")


def test_two_headers_are_refused(ask: Ask, key: DPoPKey, url: str, token: str) -> None:
    assert ask(f"{key.proof('GET', url, token)},{key.proof('GET', url, token)}").status == 400


def test_another_key_opens_nothing(server: Installation, ask: Ask, url: str, token: str) -> None:
    assert_refused(server, ask(DPoPKey().proof("GET", url, token)), "dpop_key_of_other_token", "invalid_token")


def test_without_a_proof_the_token_opens_nothing(server: Installation, ask: Ask) -> None:
    assert_refused(server, ask(None), "dpop_proof_of_token_missing")


@pytest.mark.parametrize("with_proof", [False, True])
def test_a_bound_token_is_no_bearer_token(
    server: Installation, ask: Ask, key: DPoPKey, url: str, token: str, *, with_proof: bool
) -> None:
    proof = key.proof("GET", url, token) if with_proof else None
    assert_refused(server, ask(proof, scheme="Bearer"), "dpop_token_sent_as_bearer", "invalid_token")


def test_a_bound_token_in_the_body_is_a_bearer_token(server: Installation, key: DPoPKey, url: str, token: str) -> None:
    answer = server.post(PATH, {"access_token": token}, headers={"DPoP": key.proof("POST", url, token)})
    assert_refused(server, answer, "dpop_token_sent_as_bearer", "invalid_token")


def test_a_bound_token_in_the_query_opens_nothing(server: Installation, key: DPoPKey, url: str, token: str) -> None:
    answer = server.get(f"{PATH}?access_token={token}", headers={"DPoP": key.proof("GET", url, token)})
    assert answer.status == 401


def test_a_token_that_is_bound_to_no_key_is_no_dpop_token(
    server: Installation, relying_party: RelyingParty, key: DPoPKey, url: str
) -> None:
    token = relying_party.tokens()["access_token"]
    headers = {"Authorization": f"DPoP {token}", "DPoP": key.proof("GET", url, token)}
    assert_refused(server, server.get(PATH, headers=headers), "dpop_key_of_other_token", "invalid_token")


def test_a_proof_counts_once(server: Installation, ask: Ask, key: DPoPKey, url: str, token: str) -> None:
    proof = key.proof("GET", url, token)
    assert ask(proof).status == 200
    assert_refused(server, ask(proof), "dpop_proof_replayed")


def test_a_dead_token_is_refused_before_its_proof_is_looked_at(
    server: Installation, relying_party: RelyingParty, ask: Ask, token: str
) -> None:
    relying_party.ask("revoke", token)
    assert_refused(server, ask("x"), "token_revoked", "invalid_token")


def test_the_algorithm_is_one_that_the_tokens_client_may_use(server: Installation, url: str) -> None:
    server.add_user()
    policy = {"signing_algorithms": ["PS256", "ES256"], "access_token_alg": "ES256", "id_token_alg": "ES256"}
    party = RelyingParty(server, *server.add_client(policy=policy))
    key = DPoPKey.of("ES256")
    proof = key.proof("POST", f"{server.settings.issuer}/oauth2/token")
    token = party.redeem(party.code(), headers={"DPoP": proof}).json["access_token"]
    headers = {"Authorization": f"DPoP {token}", "DPoP": DPoPKey.of("RS256").proof("GET", url, token)}
    assert_refused(server, server.get(PATH, headers=headers), "dpop_algorithm_not_allowed")


# --- nonces -----------------------------------------------------------------------------------


def test_a_nonce_is_demanded_with_401_and_handed_out(
    frozen_time: time_machine.Traveller, make_server: Callable[..., Installation], key: DPoPKey
) -> None:
    server = make_server(dpop_nonce=True)
    server.add_user()
    party, base = RelyingParty(server, *server.add_client()), server.settings.issuer
    key.nonce = server.services.dpop._nonces.current()
    proof = key.proof("POST", f"{base}/oauth2/token")
    token = party.redeem(party.code(), headers={"DPoP": proof}).json["access_token"]

    def ask() -> Answer:
        headers = {"Authorization": f"DPoP {token}", "DPoP": key.proof("GET", base + PATH, token)}
        return server.get(PATH, headers=headers)

    key.nonce = None
    answer = ask()
    assert_refused(server, answer, "dpop_nonce_missing", "use_dpop_nonce")
    key.nonce = answer.header("DPoP-Nonce")
    again = ask()
    assert (again.status, again.header("DPoP-Nonce")) == (200, key.nonce)


# --- scripts ----------------------------------------------------------------------------------


def test_a_script_may_send_proofs_and_read_what_comes_back(server: Installation) -> None:
    origin = "https://app.example"
    server.add_client("spa", token_endpoint_auth_method="none", origins=(origin,))
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "dpop"}
    for path in (PATH, "/oauth2/token"):
        allowed = server.request("OPTIONS", path, headers=preflight).header("Access-Control-Allow-Headers") or ""
        assert "DPoP" in allowed.split(", ")
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "spa"}
    headers = {"Origin": origin, "DPoP": DPoPKey(nonce="old").proof("POST", f"{server.settings.issuer}/oauth2/token")}
    answer = server.post("/oauth2/token", form, headers=headers)
    assert answer.header("Access-Control-Allow-Origin") == origin
    exposed = (answer.header("Access-Control-Expose-Headers") or "").split(", ")
    assert {"DPoP-Nonce", "WWW-Authenticate"} <= set(exposed)
    assert (answer.json["error"], bool(answer.header("DPoP-Nonce"))) == ("use_dpop_nonce", True)
