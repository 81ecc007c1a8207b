"""`authserver token inspect` and `authserver explain`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from authserver.protocol import validity
from authserver.protocol.errors import InvalidGrant
from authserver.services import Services, wire
from authserver.settings import load
from authserver.tokens import access_tokens, id_tokens, jose
from tests.unit.cli.conftest import CommandLine

ISSUER = "http://127.0.0.1:8000"


@contextmanager
def services(authserver: CommandLine) -> Iterator[Services]:
    with closing(wire(load(environ=authserver.environ))) as wired:
        yield wired


@pytest.fixture
def token(authserver: CommandLine) -> str:
    """A token of the client `job`."""
    authserver("init")
    authserver("clients", "create", "--name", "Job", "--id", "job")
    moment = validity.timestamp()
    claims = {"iss": ISSUER, "sub": "job", "client_id": "job", "jti": "1", "iat": moment, "exp": moment + 60}
    with services(authserver) as wired:
        return jose.sign(claims, wired.keyring.active("RS256"), access_tokens.TYPE)


def inspect(authserver: CommandLine, token: str) -> dict[str, Any]:
    found: dict[str, Any] = authserver.json("token", "inspect", token)
    return found


def test_live_token_is_explained(authserver: CommandLine, token: str) -> None:
    found = inspect(authserver, token)
    assert (found["active"], found["kind"], found["claims"]["client_id"]) == (True, "access_token", "job")
    assert found["header"]["typ"] == "at+jwt"
    assert "access_token: active" in authserver("token", "inspect", "-", stdin=f"{token}\n")


def test_dead_token_is_explained(authserver: CommandLine, token: str) -> None:
    authserver("clients", "disable", "job")
    found = inspect(authserver, token)
    assert (found["active"], found["reason"]) == (False, "client_disabled")
    assert "its client is disabled" in authserver("token", "inspect", token)


@pytest.mark.parametrize("value", ["nonsense", "a.b.c", "e30.e30.AAAA"])
def test_token_of_others_is_exit_code_1(authserver: CommandLine, value: str) -> None:
    authserver("init")
    result = authserver.run("token", "inspect", value, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["active"] is False


@pytest.mark.parametrize(("issuer", "kind"), [(ISSUER, "id_token"), ("https://other.example", None)])
def test_id_token_is_explained(authserver: CommandLine, issuer: str, kind: str | None) -> None:
    authserver("init")
    claims = {"iss": issuer, "sub": "ada", "aud": "shop", "exp": validity.timestamp() + 60}
    with services(authserver) as wired:
        token = jose.sign(claims, wired.keyring.active("RS256"), id_tokens.TYPE)
    found = json.loads(authserver.run("token", "inspect", token, "--json").stdout)
    assert (found["kind"], found["active"]) == (kind, kind is not None)


def test_reference_is_explained_however_it_is_typed(authserver: CommandLine) -> None:
    with services(authserver) as wired:
        explanations = wired.explanations
        error = InvalidGrant("The code is not valid.", reason="code_replayed", spec="RFC 6749 §4.1.2")
        reference = explanations.keep(error, "/oauth2/token", "shop")
        explanations.flush()
    found = authserver.json("explain", reference.lower().replace("-", ""))
    assert (found["reason"], found["specification"]) == ("code_replayed", "RFC 6749 §4.1.2")
    assert "code_replayed" in authserver("explain", reference)


def test_unknown_reference_is_refused(authserver: CommandLine) -> None:
    assert authserver.refusal("explain", "ABCDE-FGHJK")[0] == 1


def test_opaque_token_that_begins_with_a_dash_is_no_option(authserver: CommandLine) -> None:
    result = authserver.run("token", "inspect", "-Dabc_-")
    assert result.exit_code == 1
    assert "No such option" not in result.output
