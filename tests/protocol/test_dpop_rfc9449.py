"""DPoP (RFC 9449) at the token endpoint: what a proof must be, and what tokens are bound to.

The suite's modules that ask the same are `fapi2-security-profile-final-dpop-negative-tests`,
`-ensure-holder-of-key-required`, `-refresh-token` and `-ensure-dpop-auth-code-binding-success`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from authserver.clients.extensions import Extensions
from authserver.protocol.policy import SIGNING_ALGORITHMS
from tests.dpop import DPoPKey
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, claims_of

TOKEN = "/oauth2/token"
Ask = Callable[..., Answer]


@pytest.fixture
def key() -> DPoPKey:
    """The client's key."""
    return DPoPKey.of("ES256")


@pytest.fixture
def url(server: Installation) -> str:
    """The address of the token endpoint."""
    return server.settings.issuer + TOKEN


@pytest.fixture
def machine(server: Installation) -> RelyingParty:
    """A confidential client that acts for itself."""
    credentials = server.add_client(
        "machine", redirect_uris=(), grant_types=("client_credentials",), scopes=frozenset()
    )
    return RelyingParty(server, *credentials)


@pytest.fixture
def ask(machine: RelyingParty) -> Ask:
    """Ask for a token with a DPoP header."""

    def run(proof: str | None = None) -> Answer:
        headers = {} if proof is None else {"DPoP": proof}
        return machine.token_request(grant_type="client_credentials", headers=headers)

    return run


@pytest.fixture
def public(server: Installation) -> RelyingParty:
    """A public client with refresh tokens."""
    server.add_user()
    return RelyingParty(server, *server.add_client(token_endpoint_auth_method="none"))


def assert_refused(server: Installation, answer: Answer, reason: str, error: str = "invalid_dpop_proof") -> None:
    assert (answer.status, answer.json["error"]) == (400, error), answer.text
    assert answer.header("Cache-Control") == "no-store"
    assert server.why(answer) == reason


# --- tokens are bound -------------------------------------------------------------------------


@pytest.mark.parametrize("alg", SIGNING_ALGORITHMS)
def test_a_token_is_bound_to_the_key_of_the_proof(ask: Ask, url: str, alg: str) -> None:
    key = DPoPKey.of(alg)
    tokens = ask(key.proof("POST", url)).json
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": key.jkt}


def test_without_a_proof_nothing_is_bound(ask: Ask) -> None:
    tokens = ask().json
    assert tokens["token_type"] == "Bearer"
    assert "cnf" not in claims_of(tokens["access_token"])


def test_introspection_tells_key_and_type(
    server: Installation, machine: RelyingParty, ask: Ask, key: DPoPKey, url: str
) -> None:
    told = machine.introspect(ask(key.proof("POST", url)).json["access_token"])
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": key.jkt})


def test_an_opaque_token_is_bound_too(server: Installation, key: DPoPKey, url: str) -> None:
    policy = {"access_token_format": "opaque"}
    grants = ("client_credentials",)
    party = RelyingParty(
        server, *server.add_client(redirect_uris=(), grant_types=grants, scopes=frozenset(), policy=policy)
    )
    answer = party.token_request(grant_type="client_credentials", headers={"DPoP": key.proof("POST", url)})
    assert answer.json["token_type"] == "DPoP"
    assert party.introspect(answer.json["access_token"])["cnf"] == {"jkt": key.jkt}


def test_metadata_lists_the_algorithms_of_proofs(server: Installation) -> None:
    document = server.get("/.well-known/openid-configuration").json
    assert document["dpop_signing_alg_values_supported"] == list(SIGNING_ALGORITHMS)


# --- what is no proof -------------------------------------------------------------------------

HEADERS: list[tuple[dict[str, Any], str]] = [
    ({"typ": None}, "dpop_type_wrong"),
    ({"typ": "JWT"}, "dpop_type_wrong"),
    ({"alg": None}, "dpop_proof_malformed"),
    ({"alg": "none"}, "dpop_algorithm_not_allowed"),
    ({"alg": "HS256"}, "dpop_algorithm_not_allowed"),
    ({"alg": "PS256"}, "dpop_signature_wrong"),
    ({"jwk": None}, "dpop_key_not_public"),
    ({"jwk": "text"}, "dpop_key_not_public"),
    ({"jwk": {"kty": "oct", "k": "AAAA"}}, "dpop_key_not_public"),
    ({"jwk": {"kty": "EC", "crv": "P-256"}}, "dpop_signature_wrong"),
    ({"jku": "https://attacker.example/keys"}, "dpop_proof_malformed"),
    ({"crit": ["exp"]}, "dpop_proof_malformed"),
]

CLAIMS: list[tuple[dict[str, Any], str]] = [
    *(({name: None}, "dpop_claim_missing") for name in ("jti", "htm", "htu", "iat")),
    *(({name: 7}, "dpop_claim_missing") for name in ("jti", "htm", "htu")),
    ({"jti": ""}, "dpop_claim_missing"),
    ({"iat": "now"}, "dpop_claim_malformed"),
    ({"iat": True}, "dpop_claim_malformed"),
    ({"exp": "soon"}, "dpop_claim_malformed"),
    ({"htm": "GET"}, "dpop_method_mismatch"),
    ({"htm": "post"}, "dpop_method_mismatch"),
    ({"nonce": 7}, "dpop_claim_missing"),
]


@pytest.mark.parametrize(("header", "reason"), HEADERS)
def test_the_header_of_a_proof_is_checked(
    server: Installation, ask: Ask, key: DPoPKey, url: str, *, header: dict[str, Any], reason: str
) -> None:
    assert_refused(server, ask(key.proof("POST", url, header=header)), reason)


@pytest.mark.parametrize(("claims", "reason"), CLAIMS)
def test_the_claims_of_a_proof_are_checked(
    server: Installation, ask: Ask, key: DPoPKey, url: str, *, claims: dict[str, Any], reason: str
) -> None:
    proof = key.signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk}, _claims(url) | claims)
    assert_refused(server, ask(proof), reason)


def _claims(url: str) -> dict[str, Any]:
    return {"jti": "1", "htm": "POST", "htu": url, "iat": int(time.time())}


@pytest.mark.parametrize("value", ["x", "a.b.c", "", "e30.e30.", "e30.e30.e30.e30", "☃"])
def test_what_is_no_jwt_is_no_proof(server: Installation, ask: Ask, value: str) -> None:
    assert_refused(server, ask(value), "dpop_proof_malformed")


def test_a_proof_with_a_spoiled_signature_is_refused(server: Installation, ask: Ask, key: DPoPKey, url: str) -> None:
    head, payload, signature = key.proof("POST", url).split(".")
    spoiled = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert_refused(server, ask(f"{head}.{payload}.{spoiled}"), "dpop_signature_wrong")


def test_a_proof_signed_by_another_key_than_it_shows_is_refused(
    server: Installation, ask: Ask, key: DPoPKey, url: str
) -> None:
    assert_refused(server, ask(key.proof("POST", url, header={"jwk": DPoPKey().jwk})), "dpop_signature_wrong")


def test_a_private_key_in_the_header_is_refused(server: Installation, ask: Ask, key: DPoPKey, url: str) -> None:
    proof = key.proof("POST", url, header={"jwk": key.jwk | {"d": "AAAA"}})
    assert_refused(server, ask(proof), "dpop_key_not_public")


def test_two_headers_are_refused(ask: Ask, key: DPoPKey, url: str) -> None:
    proofs = [key.proof("POST", url) for _ in range(2)]
    for joined in (",", ", "):
        answer = ask(joined.join(proofs))
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_an_algorithm_that_the_policy_leaves_out_is_refused(server: Installation, url: str) -> None:
    policy = {"signing_algorithms": ["PS256", "ES256"], "access_token_alg": "ES256", "id_token_alg": "ES256"}
    party = RelyingParty(server, *server.add_client("strict", policy=policy, grant_types=("client_credentials",)))
    for alg, status in (("RS256", 400), ("ES256", 200)):
        proof = DPoPKey.of(alg).proof("POST", url)
        assert party.token_request(grant_type="client_credentials", headers={"DPoP": proof}).status == status


# --- where and when ---------------------------------------------------------------------------

SAME = [
    "http://127.0.0.1:8000/oauth2/token?a=b",
    "http://127.0.0.1:8000/oauth2/token#part",
    "HTTP://127.0.0.1:8000/oauth2/token",
    "http://127.0.0.1:8000/oauth2/%74oken",
    "https://ID.Example/oauth2/token",
    "https://id.example:443/oauth2/token",
]
DIFFERENT = [
    "http://127.0.0.1:8000/oauth2/userinfo",
    "http://127.0.0.1:8000/oauth2/Token",
    "http://127.0.0.1:8000/oauth2/token/",
    "http://127.0.0.1:8001/oauth2/token",
    "http://127.0.0.1/oauth2/token",
    "https://127.0.0.1:8000/oauth2/token",
    "http://other.example:8000/oauth2/token",
    "http://user@127.0.0.1:8000/oauth2/token",
    "https://id.example:8443/oauth2/token",
    "http://id.example/oauth2/token",
    "https://[::1/oauth2/token",
    "/oauth2/token",
    "token",
]


@pytest.fixture
def server(request: pytest.FixtureRequest, make_server: Callable[..., Installation]) -> Installation:
    """A server that has a second address."""
    return make_server(issuer_aliases=("https://id.example",), **getattr(request, "param", {}))


@pytest.mark.parametrize("htu", SAME)
def test_one_address_has_several_spellings(ask: Ask, key: DPoPKey, htu: str) -> None:
    assert ask(key.proof("POST", htu)).status == 200


@pytest.mark.parametrize("htu", DIFFERENT)
def test_a_proof_for_another_address_is_refused(server: Installation, ask: Ask, key: DPoPKey, htu: str) -> None:
    assert_refused(server, ask(key.proof("POST", htu)), "dpop_address_mismatch")


@pytest.mark.parametrize("away", [-60, -10, 10, 60, 9.5])
def test_clocks_may_differ_a_little(
    frozen_time: time_machine.Traveller, ask: Ask, key: DPoPKey, url: str, away: float
) -> None:
    assert ask(key.proof("POST", url, iat=int(time.time()) + away)).status == 200


@pytest.mark.parametrize("away", [-3600, -61, 61, 3600])
def test_a_proof_from_long_ago_or_the_future_is_refused(
    frozen_time: time_machine.Traveller, server: Installation, ask: Ask, key: DPoPKey, url: str, *, away: int
) -> None:
    assert_refused(server, ask(key.proof("POST", url, iat=int(time.time()) + away)), "dpop_proof_too_old")


def test_nbf_and_exp_are_honoured_where_they_are(
    frozen_time: time_machine.Traveller, server: Installation, ask: Ask, key: DPoPKey, url: str
) -> None:
    now = int(time.time())
    assert ask(key.proof("POST", url, nbf=now + 10, exp=now + 60)).status == 200
    for claims in ({"nbf": now + 61}, {"exp": now - 11}):
        assert_refused(server, ask(key.proof("POST", url, **claims)), "dpop_proof_expired")


def test_what_nobody_knows_is_ignored(ask: Ask, key: DPoPKey, url: str) -> None:
    proof = key.proof("POST", url, header={"kid": "mine", "extra": [1]}, extra={"a": 1}, aud="https://x.example")
    assert ask(proof).status == 200


# --- once -------------------------------------------------------------------------------------


def test_a_proof_counts_once(server: Installation, ask: Ask, key: DPoPKey, url: str) -> None:
    proof = key.proof("POST", url)
    assert ask(proof).status == 200
    assert_refused(server, ask(proof), "dpop_proof_replayed")


def test_a_new_proof_with_an_old_jti_is_refused(server: Installation, ask: Ask, key: DPoPKey, url: str) -> None:
    assert ask(key.proof("POST", url, jti="one")).status == 200
    assert_refused(server, ask(key.proof("POST", url, jti="one", extra=1)), "dpop_proof_replayed")


def test_two_keys_may_choose_the_same_jti(ask: Ask, key: DPoPKey, url: str) -> None:
    assert [ask(each.proof("POST", url, jti="one")).status for each in (key, DPoPKey())] == [200, 200]


def test_a_proof_from_the_future_is_remembered_as_long_as_it_is_good(
    frozen_time: time_machine.Traveller, server: Installation, ask: Ask, key: DPoPKey, url: str
) -> None:
    proof = key.proof("POST", url, iat=int(time.time()) + 60)
    assert ask(proof).status == 200
    frozen_time.shift(120)
    assert_refused(server, ask(proof), "dpop_proof_replayed")


def test_without_the_store_of_used_proofs_nothing_is_issued(
    server: Installation, ask: Ask, key: DPoPKey, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> bool:
        raise ConnectionError

    monkeypatch.setattr(server.services.ephemeral, "once", unavailable)
    answer = ask(key.proof("POST", url))
    assert answer.status == 500
    assert "access_token" not in answer.json


# --- nonces -----------------------------------------------------------------------------------

demanded = pytest.mark.parametrize("server", [{"dpop_nonce": True}], indirect=True)


@demanded
def test_a_nonce_is_demanded_and_handed_out(server: Installation, ask: Ask, key: DPoPKey, url: str) -> None:
    answer = ask(key.proof("POST", url))
    assert_refused(server, answer, "dpop_nonce_missing", "use_dpop_nonce")
    key.nonce = answer.header("DPoP-Nonce")
    answer = ask(key.proof("POST", url))
    assert answer.status == 200
    assert answer.header("DPoP-Nonce") == key.nonce


@demanded
def test_a_nonce_lives_for_a_window_or_two(
    frozen_time: time_machine.Traveller, server: Installation, ask: Ask, key: DPoPKey, url: str
) -> None:
    key.nonce = ask(key.proof("POST", url)).header("DPoP-Nonce")
    frozen_time.shift(299)
    answer = ask(key.proof("POST", url))
    assert answer.status == 200
    assert answer.header("DPoP-Nonce") != key.nonce
    frozen_time.shift(1)
    assert_refused(server, ask(key.proof("POST", url)), "dpop_nonce_unknown", "use_dpop_nonce")


@demanded
def test_a_nonce_stands_for_the_clock_of_the_client(
    frozen_time: time_machine.Traveller, server: Installation, ask: Ask, key: DPoPKey, url: str
) -> None:
    key.nonce = ask(key.proof("POST", url)).header("DPoP-Nonce")
    proof = key.proof("POST", url, iat=int(time.time()) - 3600)
    assert ask(proof).status == 200
    frozen_time.shift(299)
    assert_refused(server, ask(proof), "dpop_proof_replayed")


@demanded
def test_who_sends_no_proof_hears_of_no_nonce(ask: Ask) -> None:
    assert ask().header("DPoP-Nonce") is None


def test_where_none_is_demanded_a_nonce_that_is_sent_must_be_good(
    server: Installation, ask: Ask, key: DPoPKey, url: str
) -> None:
    key.nonce = "of somebody else"
    answer = ask(key.proof("POST", url))
    assert_refused(server, answer, "dpop_nonce_unknown", "use_dpop_nonce")
    key.nonce = answer.header("DPoP-Nonce")
    assert ask(key.proof("POST", url)).status == 200


# --- what policy demands ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "reason", "error"),
    [
        ("dpop", "dpop_proof_missing", "invalid_dpop_proof"),
        ("any", "sender_constraint_missing", "invalid_request"),
        ("mtls", "sender_constraint_missing", "invalid_request"),
    ],
)
def test_policy_demands_a_key(server: Installation, rule: str, reason: str, error: str) -> None:
    grants = ("client_credentials",)
    party = RelyingParty(server, *server.add_client(grant_types=grants, policy={"sender_constraint": rule}))
    assert_refused(server, party.token_request(grant_type="client_credentials"), reason, error)


def test_a_client_that_registered_for_bound_tokens_must_send_proofs(
    server: Installation, key: DPoPKey, url: str
) -> None:
    bound = Extensions(dpop_bound_access_tokens=True)
    party = RelyingParty(server, *server.add_client(grant_types=("client_credentials",), extensions=bound))
    assert_refused(server, party.token_request(grant_type="client_credentials"), "dpop_proof_missing")
    proof = {"DPoP": key.proof("POST", url)}
    assert party.token_request(grant_type="client_credentials", headers=proof).json["token_type"] == "DPoP"


def test_a_client_with_bound_tokens_gets_none_through_the_browser(server: Installation) -> None:
    grants, types = ("authorization_code", "implicit"), ("code", "id_token token")
    server.add_user()
    client = server.add_client(
        profile="oidc", grant_types=grants, response_types=types, policy={"sender_constraint": "dpop"}
    )
    answer = RelyingParty(server, *client).request(Browser(server), response_type="id_token token")
    assert "error=unauthorized_client" in answer.location
    assert server.why(answer) == "front_channel_token_unbound"


# --- codes and refresh tokens -----------------------------------------------------------------


def test_a_code_that_is_bound_to_a_key_demands_it(
    server: Installation, relying_party: RelyingParty, key: DPoPKey, url: str
) -> None:
    code = relying_party.code(dpop_jkt=key.jkt)
    assert_refused(server, relying_party.redeem(code), "dpop_proof_of_grant_missing")
    other = relying_party.redeem(code, headers={"DPoP": DPoPKey().proof("POST", url)})
    assert_refused(server, other, "dpop_key_of_other_grant", "invalid_grant")
    tokens = relying_party.redeem(code, headers={"DPoP": key.proof("POST", url)})
    assert tokens.json["token_type"] == "DPoP"


def test_a_stranger_without_the_key_cannot_end_what_a_code_yielded(
    relying_party: RelyingParty, key: DPoPKey, url: str
) -> None:
    code = relying_party.code(dpop_jkt=key.jkt)
    token = relying_party.redeem(code, headers={"DPoP": key.proof("POST", url)}).json["access_token"]
    assert relying_party.redeem(code, headers={"DPoP": DPoPKey().proof("POST", url)}).status == 400
    assert relying_party.introspect(token)["active"] is True


def refreshed(party: RelyingParty, token: str, key: DPoPKey | None) -> Answer:
    url = party.installation.settings.issuer + TOKEN
    return party.refresh(token, headers={} if key is None else {"DPoP": key.proof("POST", url)})


def first(party: RelyingParty, key: DPoPKey | None) -> str:
    """A refresh token from a code that was redeemed with this key."""
    url = party.installation.settings.issuer + TOKEN
    headers = {} if key is None else {"DPoP": key.proof("POST", url)}
    answer = party.redeem(party.code(scope="openid offline_access"), headers=headers)
    return str(answer.json["refresh_token"])


def test_the_refresh_token_of_a_public_client_is_bound_to_its_key(
    server: Installation, public: RelyingParty, key: DPoPKey
) -> None:
    token = first(public, key)
    assert_refused(server, refreshed(public, token, None), "dpop_proof_of_grant_missing")
    assert_refused(server, refreshed(public, token, DPoPKey()), "dpop_key_of_other_grant", "invalid_grant")
    answer = refreshed(public, token, key)
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": key.jkt}
    assert_refused(server, refreshed(public, answer.json["refresh_token"], None), "dpop_proof_of_grant_missing")


def test_a_public_client_that_begins_with_proofs_is_bound_from_then_on(
    server: Installation, public: RelyingParty, key: DPoPKey
) -> None:
    token = refreshed(public, first(public, None), key).json["refresh_token"]
    assert_refused(server, refreshed(public, token, DPoPKey()), "dpop_key_of_other_grant", "invalid_grant")


def test_a_confidential_client_may_refresh_with_a_new_key(relying_party: RelyingParty, key: DPoPKey) -> None:
    other = DPoPKey()
    answer = refreshed(relying_party, first(relying_party, key), other)
    assert (answer.status, answer.json["token_type"]) == (200, "DPoP")
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": other.jkt}


def test_a_token_stays_bound_when_its_client_gets_a_secret(
    server: Installation, public: RelyingParty, key: DPoPKey
) -> None:
    token = first(public, key)
    method = {"token_endpoint_auth_method": "client_secret_basic"}
    public.secret = server.registration.update(public.client_id, method).secret or ""
    server.services.clients.forget()
    successor = refreshed(public, token, key).json["refresh_token"]
    assert_refused(server, refreshed(public, successor, None), "dpop_proof_of_grant_missing")


def test_a_repeat_in_the_grace_needs_the_key_too(server: Installation, public: RelyingParty, key: DPoPKey) -> None:
    token = first(public, key)
    successor = refreshed(public, token, key).json["refresh_token"]
    assert_refused(server, refreshed(public, token, DPoPKey()), "dpop_key_of_other_grant", "invalid_grant")
    assert refreshed(public, token, key).json["refresh_token"] == successor


def test_a_stranger_without_the_key_cannot_end_a_family(
    frozen_time: time_machine.Traveller, public: RelyingParty, key: DPoPKey
) -> None:
    token = first(public, key)
    successor = refreshed(public, token, key).json["refresh_token"]
    frozen_time.shift(60)
    assert refreshed(public, token, DPoPKey()).status == 400
    assert refreshed(public, successor, key).status == 200
