"""Certificate-bound access tokens (RFC 8705 §3): a token is worth nothing on a connection without its certificate.

The suite's modules that ask the same are `fapi2-security-profile-final-ensure-holder-of-key-required` and
`fapi1-advanced-final-ensure-holder-of-key-required`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from authserver.clients.extensions import Extensions
from tests.certificates import BEHIND_A_PROXY, Identity, self_signed
from tests.dpop import DPoPKey
from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty, claims_of

PATH = "/oauth2/userinfo"
BOUND = Extensions(tls_client_certificate_bound_access_tokens=True)


@pytest.fixture
def server(make_server: Callable[..., Installation]) -> Installation:
    """A server behind a proxy that hands certificates over."""
    server = make_server(**BEHIND_A_PROXY)
    server.add_user()
    return server


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    """A confidential client that registered for bound tokens."""
    return RelyingParty(server, *server.add_client(extensions=BOUND))


@pytest.fixture(scope="module")
def holder() -> Identity:
    """The client's certificate."""
    return self_signed()


@pytest.fixture(scope="module")
def stranger() -> Identity:
    """Somebody else's."""
    return self_signed("CN=Stranger")


def tokens(party: RelyingParty, headers: dict[str, str]) -> dict[str, Any]:
    """Tokens of a journey whose code was redeemed with these headers."""
    answer = party.redeem(party.code(scope="openid offline_access"), headers=headers)
    assert answer.status == 200, answer.text
    return dict(answer.json)


def shown(party: RelyingParty, token: str, headers: dict[str, str], scheme: str = "Bearer") -> Answer:
    """UserInfo over a connection with these headers."""
    return party.installation.get(PATH, headers={"Authorization": f"{scheme} {token}"} | headers)


def test_a_token_is_bound_to_the_certificate(party: RelyingParty, holder: Identity) -> None:
    issued = tokens(party, holder.headers)
    assert issued["token_type"] == "Bearer"
    bound = {"x5t#S256": holder.read.thumbprint}
    assert claims_of(issued["access_token"])["cnf"] == bound
    told = party.introspect(issued["access_token"])
    assert (told["cnf"], told["token_type"]) == (bound, "Bearer")


@pytest.mark.parametrize("behind", [{}, BEHIND_A_PROXY])
def test_metadata_says_whether_certificates_arrive(
    make_server: Callable[..., Installation], behind: dict[str, Any]
) -> None:
    document = make_server(**behind).get("/.well-known/openid-configuration").json
    assert document["tls_client_certificate_bound_access_tokens"] is bool(behind)


def test_without_a_certificate_nothing_is_issued(server: Installation, party: RelyingParty) -> None:
    answer = party.redeem(party.code())
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert server.why(answer) == "sender_constraint_missing"


def test_a_certificate_of_a_client_that_asked_for_nothing_binds_nothing(server: Installation, holder: Identity) -> None:
    party = RelyingParty(server, *server.add_client("plain"))
    assert "cnf" not in claims_of(tokens(party, holder.headers)["access_token"])


def test_the_resource_demands_the_certificate(
    server: Installation, party: RelyingParty, holder: Identity, stranger: Identity
) -> None:
    token = tokens(party, holder.headers)["access_token"]
    assert shown(party, token, holder.headers).status == 200
    for headers in ({}, stranger.headers):
        answer = shown(party, token, headers)
        assert (answer.status, answer.json["error"]) == (401, "invalid_token")
        assert (answer.header("WWW-Authenticate") or "").startswith('Bearer realm="authserver", error="invalid_token"')
        assert server.why(answer) == "certificate_of_other_token"


def test_a_confidential_client_may_refresh_with_a_new_certificate(
    server: Installation, party: RelyingParty, holder: Identity, stranger: Identity
) -> None:
    issued = tokens(party, holder.headers)
    assert server.why(party.refresh(issued["refresh_token"])) == "sender_constraint_missing"
    answer = party.refresh(issued["refresh_token"], headers=stranger.headers)
    assert claims_of(answer.json["access_token"])["cnf"] == {"x5t#S256": stranger.read.thumbprint}


def test_the_refresh_token_of_a_public_client_is_bound_to_its_certificate(
    server: Installation, holder: Identity, stranger: Identity
) -> None:
    client = server.add_client("spa", token_endpoint_auth_method="none", extensions=BOUND)
    party = RelyingParty(server, *client)
    token = tokens(party, holder.headers)["refresh_token"]
    answer = party.refresh(token, headers=stranger.headers)
    assert (answer.json["error"], server.why(answer)) == ("invalid_grant", "certificate_of_other_grant")
    assert party.refresh(token, headers=holder.headers).status == 200


def test_a_proof_of_a_client_with_bound_tokens_binds_to_both(
    server: Installation, party: RelyingParty, holder: Identity, stranger: Identity
) -> None:
    key, base = DPoPKey.of("ES256"), server.settings.issuer
    token = tokens(party, holder.headers | {"DPoP": key.proof("POST", f"{base}/oauth2/token")})["access_token"]
    assert claims_of(token)["cnf"] == {"jkt": key.jkt, "x5t#S256": holder.read.thumbprint}
    for identity, status in ((stranger, 401), (holder, 200)):
        proof = {"DPoP": key.proof("GET", base + PATH, token)}
        assert shown(party, token, identity.headers | proof, "DPoP").status == status
    assert shown(party, token, holder.headers).status == 401


def test_either_kind_of_key_satisfies_a_policy_that_leaves_the_choice(server: Installation, holder: Identity) -> None:
    party = RelyingParty(server, *server.add_client("either", policy={"sender_constraint": "any"}))
    key = DPoPKey.of("ES256")
    proof = {"DPoP": key.proof("POST", f"{server.settings.issuer}/oauth2/token")}
    assert claims_of(tokens(party, holder.headers)["access_token"])["cnf"] == {"x5t#S256": holder.read.thumbprint}
    # The certificate is how such a client may authenticate; its tokens are bound to the key that it chose.
    assert claims_of(tokens(party, holder.headers | proof)["access_token"])["cnf"] == {"jkt": key.jkt}
