"""Software statements (RFC 7591 §2.3)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.installation import REDIRECT_URI, Installation
from tests.registrant import Registrant

ISSUER = "https://directory.example"


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def registrant(make_server: Callable[..., Installation], tmp_path: Path, key: ec.EllipticCurvePrivateKey) -> Registrant:
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": "1"}
    trusted = tmp_path / "issuers.json"
    trusted.write_text(json.dumps({ISSUER: {"keys": [public]}}))
    return Registrant(make_server(registration="open", software_statement_issuers=trusted))


def statement(key: ec.EllipticCurvePrivateKey, **claims: Any) -> str:
    return jwt.encode({"iss": ISSUER} | claims, key, algorithm="ES256", headers={"kid": "1"})


def test_what_the_statement_says_wins(registrant: Registrant, key: ec.EllipticCurvePrivateKey) -> None:
    stated = statement(key, client_name="Stated", software_id="4711", redirect_uris=[REDIRECT_URI])
    told = registrant.register(
        software_statement=stated,
        client_name="Wished",
        redirect_uris=["https://evil.example/"],
        contacts=["a@b.example"],
    )
    assert (told["client_name"], told["software_id"], told["redirect_uris"]) == ("Stated", "4711", [REDIRECT_URI])
    assert (told["contacts"], told["software_statement"]) == (["a@b.example"], stated)


def refusal(registrant: Registrant, value: Any) -> str:
    answer = registrant.ask(software_statement=value)
    assert answer.status == 400
    return str(answer.json["error"])


def test_an_issuer_that_nobody_trusts_is_unapproved(registrant: Registrant, key: ec.EllipticCurvePrivateKey) -> None:
    assert refusal(registrant, statement(key, iss="https://stranger.example")) == "unapproved_software_statement"


def test_a_statement_that_somebody_else_signed_is_invalid(registrant: Registrant) -> None:
    assert refusal(registrant, statement(ec.generate_private_key(ec.SECP256R1()))) == "invalid_software_statement"


@pytest.mark.parametrize("value", ["", "a.b.c", "nonsense", 7, {"iss": ISSUER}])
def test_what_is_no_statement_is_invalid(registrant: Registrant, value: Any) -> None:
    assert refusal(registrant, value) == "invalid_software_statement"


def test_an_unsigned_statement_is_invalid(registrant: Registrant) -> None:
    unsigned = jwt.encode({"iss": ISSUER}, "", algorithm="none")
    assert refusal(registrant, unsigned) == "invalid_software_statement"


def test_its_times_hold(registrant: Registrant, key: ec.EllipticCurvePrivateKey) -> None:
    now = int(time.time())
    assert refusal(registrant, statement(key, exp=now - 1)) == "invalid_software_statement"
    assert refusal(registrant, statement(key, nbf=now + 600)) == "invalid_software_statement"
    assert registrant.register(software_statement=statement(key, exp=now + 600, nbf=now - 1))


def test_an_update_is_held_to_its_statement_too(registrant: Registrant, key: ec.EllipticCurvePrivateKey) -> None:
    told = registrant.register()
    wanted = {"client_id": told["client_id"], "redirect_uris": ["https://evil.example/"]}
    stated = wanted | {"software_statement": statement(key, redirect_uris=[REDIRECT_URI])}
    assert registrant.manage("PUT", stated).json["redirect_uris"] == [REDIRECT_URI]
