"""`authserver exchange`."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import CommandLine

API = "https://api.example"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ALLOW = ("exchange", "allow", "gateway", "--name", "down")


@pytest.fixture
def ready(authserver: CommandLine) -> CommandLine:
    """A resource and a client that may ask for it."""
    authserver("resources", "create", "--id", API, "--name", "API")
    authserver("clients", "create", "--name", "Gateway", "--id", "gateway", "--resource", API)
    return authserver


def test_a_rule_is_made_listed_replaced_and_withdrawn(ready: CommandLine) -> None:
    made = ready.json(*ALLOW, "--from-client", "gateway", "--target", API, "--scope", "a b")
    assert (made["clients"], made["targets"], made["scopes"]) == (["gateway"], [API], ["a", "b"])
    ready(*ALLOW, "--from-audience", API, "--target", API, "--mode", "impersonation", "--bound-tokens")
    (rule,) = ready.json("exchange", "list", "gateway")
    assert (rule["audiences"], rule["mode"], rule["bound_tokens"]) == ([API], "impersonation", True)
    assert "down" in ready("exchange", "list", "gateway")
    assert GRANT in ready.json("clients", "show", "gateway")["grant_types"]
    assert "yes" in ready("exchange", "withdraw", "gateway", "down")
    assert ready.json("exchange", "list", "gateway") == []
    assert "exchange" not in ready.json("clients", "show", "gateway")["policy"]


def test_withdrawing_one_rule_leaves_the_others(ready: CommandLine) -> None:
    for name in ("one", "two"):
        ready("exchange", "allow", "gateway", "--name", name, "--from-client", "gateway", "--target", API)
    ready("exchange", "withdraw", "gateway", "one")
    assert [rule["name"] for rule in ready.json("exchange", "list", "gateway")] == ["two"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target", API), "names clients or audiences"),
        (("--from-client", "nobody", "--target", API), "no client nobody"),
        (("--from-client", "gateway", "--target", "https://x.example"), "not one of the client's resources"),
    ],
)
def test_a_rule_that_allows_too_much_is_refused(ready: CommandLine, options: tuple[str, ...], words: str) -> None:
    code, line = ready.refusal(*ALLOW, *options)
    assert code == 1
    assert words in line


def test_what_is_not_there_cannot_be_withdrawn(ready: CommandLine) -> None:
    assert ready.refusal("exchange", "withdraw", "gateway", "down")[0] == 1


def test_rules_are_not_set_as_text(ready: CommandLine) -> None:
    code, line = ready.refusal("clients", "update", "gateway", "--policy", "exchange=x")
    assert (code, "authserver exchange allow" in line) == (1, True)
