from __future__ import annotations

from typing import Any

import pytest

from authserver.protocol.exchange import rule_from, rules_from

RULE: dict[str, Any] = {"name": "down", "clients": ["app"], "targets": ["https://api.example"]}


def test_a_rule_survives_storage() -> None:
    rule = rule_from(RULE | {"mode": "impersonation", "bound_tokens": True, "scopes": ["read"]})
    assert rule_from(rule.to_document()) == rule


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "no colour"),
        ({"name": ""}, "name of 1 to 64"),
        ({"name": "x" * 65}, "name of 1 to 64"),
        ({"name": "a\nb"}, "printable"),
        ({"mode": "both"}, "delegation or impersonation"),
        ({"bound_tokens": "yes"}, "true or false"),
        ({"targets": []}, "at least one target"),
        ({"clients": []}, "clients or audiences"),
        ({"clients": "app"}, "list of texts"),
        ({"scopes": [1]}, "list of texts"),
    ],
)
def test_mistake_is_answered_with_what_is_allowed(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rule_from(RULE | changes)


@pytest.mark.parametrize("documents", ["rules", [RULE, RULE], ["rule"], [RULE] * 51])
def test_rules_are_a_list_with_names_of_their_own(documents: Any) -> None:
    with pytest.raises(ValueError, match="rule"):
        rules_from(documents)
