"""The words of token exchange (RFC 8693) and the rules by which an operator allows it.

Without a rule nothing can be exchanged. A rule names whose tokens a client may
exchange, for which resources, and whether the result says who acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"
REFRESH_TOKEN: Final = "urn:ietf:params:oauth:token-type:refresh_token"

PRESENTED_TYPES: Final = (ACCESS_TOKEN, JWT, ID_TOKEN)
"""What may be presented. Refresh tokens are for their own client and the token endpoint alone (RFC 6749 §1.5)."""
ISSUED_TYPES: Final = (ACCESS_TOKEN, JWT)
"""What may be asked for. A refresh token would outlive the token that was presented; an ID token tells of a login."""

DELEGATION: Final = "delegation"
IMPERSONATION: Final = "impersonation"
MODES: Final = (DELEGATION, IMPERSONATION)

LONGEST_CHAIN: Final = 4
"""How many exchanges may stand between a token and what a person or client was given first."""
MOST_RULES: Final = 50
LONGEST_NAME: Final = 64

_SETS: Final = ("clients", "audiences", "targets", "scopes")


@dataclass(frozen=True, slots=True)
class ExchangeRule:
    """What one client may exchange.

    Attributes:
        name: how the operator calls the rule.
        clients: whose tokens, by the client that they were issued to; empty for everybody's.
        audiences: tokens for which resources; empty for any. Of `clients` and `audiences` one at least is named.
        targets: the resources that the new token may be for.
        scopes: scopes that the new token may have although the presented one has them not.
        mode: whether the new token names who acts (`act`) or looks as if it were the subject's own.
        bound_tokens: whether a token that is bound to a key is taken without a proof of that key.
    """

    name: str
    clients: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    mode: Literal["delegation", "impersonation"] = "delegation"
    bound_tokens: bool = False

    def covers(self, client_id: str, audience: tuple[str, ...]) -> bool:
        """Whether a token that was issued to `client_id` for `audience` is one that the rule is about."""
        if self.clients and client_id not in self.clients:
            return False
        return not self.audiences or bool(self.audiences.intersection(audience))

    def to_document(self) -> dict[str, Any]:
        """The rule as it is stored."""
        sets = {name: sorted(getattr(self, name)) for name in _SETS}
        return {"name": self.name, **sets, "mode": self.mode, "bound_tokens": self.bound_tokens}


def rule_from(document: Mapping[str, Any]) -> ExchangeRule:
    """The rule behind a document.

    Raises:
        ValueError: something is missing, unknown or of another type; the message says what is allowed.
    """
    unknown = set(document) - {"name", "mode", "bound_tokens", *_SETS}
    if unknown:
        raise ValueError(f"an exchange rule has no {min(unknown)}")
    name, mode, bound = document.get("name"), document.get("mode", DELEGATION), document.get("bound_tokens", False)
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise ValueError(f"an exchange rule has a name of 1 to {LONGEST_NAME} printable characters")
    if mode not in MODES:
        raise ValueError(f"mode takes {' or '.join(MODES)}")
    if not isinstance(bound, bool):
        raise ValueError("bound_tokens takes true or false")
    sets = {key: _texts(key, document.get(key, ())) for key in _SETS}
    rule = ExchangeRule(name, **sets, mode=cast("Any", mode), bound_tokens=bound)
    if not rule.targets:
        raise ValueError("an exchange rule names at least one target")
    if not rule.clients and not rule.audiences:
        # A rule for everybody's tokens would let the client become anybody.
        raise ValueError("an exchange rule names clients or audiences of the tokens that may be exchanged")
    return rule


def rules_from(documents: object) -> tuple[ExchangeRule, ...]:
    """The rules behind stored documents. Raises ValueError as `rule_from` does, and for two of one name."""
    if not isinstance(documents, list | tuple) or len(documents) > MOST_RULES:
        raise ValueError(f"exchange takes at most {MOST_RULES} rules; `authserver exchange allow` adds one")
    rules = tuple(rule_from(one) if isinstance(one, Mapping) else _no_rule() for one in documents)
    if len({rule.name for rule in rules}) < len(rules):
        raise ValueError("two exchange rules have one name")
    return rules


def _no_rule() -> ExchangeRule:
    raise ValueError("an exchange rule is an object with a name")


def _texts(key: str, value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple | frozenset) or not all(isinstance(one, str) and one for one in value):
        raise ValueError(f"{key} takes a list of texts")
    return frozenset(value)
