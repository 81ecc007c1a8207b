"""Proof Key for Code Exchange (RFC 7636), as OAuth 2.1 wants it: S256, for everybody."""

from __future__ import annotations

import pytest

from authserver.protocol import pkce
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty

# RFC 7636 Appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_example_of_appendix_b() -> None:
    assert pkce.challenge_of(VERIFIER) == CHALLENGE
    assert pkce.verify(VERIFIER, CHALLENGE)


@pytest.mark.parametrize("verifier", ["a" * 42, "a" * 129, "a" * 42 + "+", "a" * 43 + "\n", "ä" * 43, ""])
def test_malformed_verifier_never_matches(verifier: str) -> None:
    assert not pkce.is_verifier(verifier)
    assert not pkce.verify(verifier, CHALLENGE)


@pytest.mark.parametrize("length", [43, 128])
def test_verifiers_of_the_shortest_and_longest_length_are_good(length: int) -> None:
    verifier = "a" * length
    assert pkce.verify(verifier, pkce.challenge_of(verifier))


@pytest.mark.parametrize(
    ("rule", "is_public", "required"),
    [
        ("required", False, True),
        ("required", True, True),
        ("public", False, False),
        ("public", True, True),
        ("optional", True, False),
    ],
)
def test_who_must_send_a_challenge(rule: pkce.PKCERule, is_public: bool, required: bool) -> None:
    assert pkce.is_required(rule, is_public=is_public) is required


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "pkce_required"),
        ({"code_challenge": None}, "pkce_challenge_missing"),
        ({"code_challenge_method": None}, "pkce_method_not_allowed"),
        ({"code_challenge_method": "plain"}, "pkce_method_not_allowed"),
        ({"code_challenge_method": "s256"}, "pkce_method_not_allowed"),
        ({"code_challenge": "short"}, "pkce_challenge_malformed"),
        ({"code_challenge": CHALLENGE + "="}, "pkce_challenge_malformed"),
        ({"code_challenge": CHALLENGE[:-1] + "+"}, "pkce_challenge_malformed"),
    ],
)
def test_challenge_that_is_missing_or_malformed_is_refused(
    relying_party: RelyingParty, parameters: dict[str, object], reason: str
) -> None:
    answer = relying_party.request(Browser(relying_party.installation), **parameters)
    assert relying_party.response(answer)["error"] == "invalid_request"
    assert relying_party.installation.why(answer) == reason


@pytest.mark.parametrize("verifier", [None, "w" * 43, "short"])
def test_code_is_worth_nothing_without_its_verifier(relying_party: RelyingParty, verifier: str | None) -> None:
    answer = relying_party.redeem(relying_party.code(), code_verifier=verifier)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_client_whose_policy_allows_it_goes_without(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(profile="oidc"))
    code = party.code(code_challenge=None, code_challenge_method=None)
    assert party.redeem(code, code_verifier=None).status == 200


def test_challenge_that_was_stripped_on_the_way_is_noticed(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(profile="oidc"))
    answer = party.redeem(party.code(code_challenge=None, code_challenge_method=None))
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_public_client_never_goes_without(server: Installation) -> None:
    server.add_client("spa", profile="oidc", token_endpoint_auth_method="none")
    party = RelyingParty(server, "spa")
    answer = party.request(Browser(server), code_challenge=None, code_challenge_method=None)
    assert server.why(answer) == "pkce_required"
