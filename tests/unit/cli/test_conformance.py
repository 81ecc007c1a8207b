"""`authserver conformance prepare`."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from joserfc.jwk import RSAKey
from jsonschema import Draft202012Validator

from authserver.cli import conformance_clients, conformance_keys
from conformance.plans.configuration import DETAILS_TYPE, rich_request
from tests.unit.cli.conftest import CommandLine

SUITE = "https://suite.example:8443"


@pytest.fixture(autouse=True)
def _one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """RSA keys are slow to make; which one it is does not matter here."""
    monkeypatch.setattr(
        conformance_keys, "new_signing_key", lambda kid: {"kty": "RSA", "kid": kid, "n": "AQ", "d": "AQ"}
    )


def prepare(authserver: CommandLine, *more: str) -> dict[str, Any]:
    """Prepare, and read the file."""
    made = authserver.json("conformance", "prepare", "--suite", SUITE, "--out", "out", *more)
    found: dict[str, Any] = json.loads(Path(made["file"]).read_text())
    return found


def test_clients_are_registered_with_callbacks_at_the_suite(authserver: CommandLine) -> None:
    found = prepare(authserver)
    basic = found["sets"]["client_secret_basic"]
    stored = authserver.json("clients", "show", basic["client"]["client_id"])
    callback = f"{SUITE}/test/a/authserver-client_secret_basic/callback"
    assert basic["alias"] == "authserver-client_secret_basic"
    assert stored["redirect_uris"] == [callback, f"{callback}?dummy1=lorem&dummy2=ipsum"]
    assert stored["profile"] == "oidc"
    assert basic["client"]["client_secret"] != basic["client2"]["client_secret"]


def test_person_has_every_standard_claim(authserver: CommandLine) -> None:
    found = prepare(authserver)
    shown = authserver.json("users", "show", found["user"]["username"])
    assert shown["email_verified"] is True
    assert {"name", "address", "phone_number_verified", "birthdate", "zoneinfo", "updated_at"} <= set(shown)
    assert shown["password_must_change"] is False


def test_there_is_a_token_for_each_profile_that_registers_itself(authserver: CommandLine) -> None:
    tokens = prepare(authserver)["initial_access_tokens"]
    stored = authserver.json("clients", "tokens", "list")
    assert sorted(token["profile"] for token in stored) == sorted(tokens) == ["fapi1-advanced", "oidc"]
    assert all(token["uses_left"] is None for token in stored)


def test_approver_may_ask_for_the_api_and_nothing_else(authserver: CommandLine) -> None:
    approvals = prepare(authserver)["approvals"]
    stored = authserver.json("clients", "show", approvals["client_id"])
    assert approvals["url"] == "http://127.0.0.1:8000/api/v1/approvals"
    assert (stored["scope"], stored["resources"]) == ("approvals", ["http://127.0.0.1:8000/api/v1"])
    assert authserver.json("resources", "show", "http://127.0.0.1:8000/api/v1")["scope"] == "approvals"


def test_rich_requests_have_a_type_that_fits_their_configuration(authserver: CommandLine) -> None:
    prepare(authserver)
    (stored,) = authserver.json("authorization-types", "list")
    assert stored["type"] == DETAILS_TYPE
    (asked,) = rich_request()
    Draft202012Validator(stored["schema"]).validate(asked)


def test_second_time_changes_nothing(authserver: CommandLine) -> None:
    first = prepare(authserver)
    versions = {client["client_id"]: client["version"] for client in authserver.json("clients", "list")}
    assert prepare(authserver) == first
    assert {client["client_id"]: client["version"] for client in authserver.json("clients", "list")} == versions


def test_lost_file_is_made_anew(authserver: CommandLine) -> None:
    first = prepare(authserver)
    Path("out/clients.json").unlink()
    second = prepare(authserver)
    assert second["user"]["password"] != first["user"]["password"]
    name = "client_secret_post"
    assert second["sets"][name]["client"]["client_secret"] != first["sets"][name]["client"]["client_secret"]


def test_file_is_for_its_owner_alone(authserver: CommandLine) -> None:
    prepare(authserver)
    assert Path("out/clients.json").stat().st_mode & 0o777 == 0o600


def test_production_is_refused(authserver: CommandLine) -> None:
    environ = {name: value for name, value in authserver.environ.items() if "ARGON2" not in name}
    environ |= {"AUTHSERVER_ENVIRONMENT": "production", "AUTHSERVER_ISSUER": "https://op.example"}
    secrets = ("PEPPER", "SEALING_KEY", "APPLICATION_SECRET")
    environ |= {f"AUTHSERVER_{name}": b64encode(sha256(name.encode()).digest()).decode() for name in secrets}
    code, said = replace(authserver, environ=environ).refusal("conformance", "prepare", "--suite", SUITE, "--out", "o")
    assert code == 1
    assert not Path("o").exists()
    assert "production" in said


def test_address_of_the_suite_is_checked(authserver: CommandLine) -> None:
    assert authserver.refusal("conformance", "prepare", "--suite", "suite", "--out", "out")[0] == 1


def test_every_set_has_two_clients_and_certificates_where_they_are_needed() -> None:
    keys = conformance_clients.SuiteKeys.of({})
    for found in conformance_clients.client_sets("https://op.example/api/v1"):
        clients = conformance_clients.wanted(found, f"{SUITE}/test/a/x", keys, {})
        assert clients["client"].client_id != clients["client2"].client_id
        bound = found.metadata.extensions.tls_client_certificate_bound_access_tokens
        assert bool(conformance_clients.certificates(found, keys)) == (bound or found.method == "mtls")
        for client in clients.values():
            assert "d" not in json.dumps(client.metadata.jwks or {}).split('"')


def test_certificate_belongs_to_its_key() -> None:
    made = conformance_keys.new_certificate("conformance client")
    certificate = load_pem_x509_certificate(made["cert"].encode())
    private = load_pem_private_key(made["key"].encode(), None)
    certificate.public_key().verify(private.sign(b"x", ECDSA(SHA256())), b"x", ECDSA(SHA256()))  # type: ignore[union-attr, call-arg, arg-type]
    jwk = conformance_keys.certificate_jwk(made, "kid")
    assert (jwk["crv"], len(jwk["x5c"])) == ("P-256", 1)


def test_signing_key_is_a_private_key_that_libraries_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    made = conformance_keys.new_signing_key("kid")
    assert RSAKey.import_key(made).is_private
    assert not RSAKey.import_key(conformance_keys.public(made)).is_private
