"""Software statements: what somebody whom the operator trusts says about a piece of software (RFC 7591 §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson

from authserver.protocol import validity
from authserver.protocol.errors import InvalidSoftwareStatement, InvalidToken, UnapprovedSoftwareStatement
from authserver.protocol.policy import SIGNING_ALGORITHMS
from authserver.tokens import foreign

MEMBER: Final = "software_statement"
SKEW: Final = 60
"""Seconds by which the issuer's clock may be ahead."""

ABOUT_THE_STATEMENT: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", MEMBER})
"""Claims that say something of the statement, not of the software."""


class SoftwareStatements:
    """Verifies statements.

    Args:
        issuers: public JWK sets of those who are trusted, by `iss`.
    """

    def __init__(self, issuers: Mapping[str, Mapping[str, Any]]) -> None:
        self._issuers = issuers

    def applied(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """`document` with what its statement says in place of what it says itself; as it is where it has none.

        Raises:
            UnapprovedSoftwareStatement: nobody trusted made the statement.
            InvalidSoftwareStatement: it is malformed, expired, not yet good, or wrongly signed.
        """
        statement = document.get(MEMBER)
        if statement is None:
            return document
        claims = self._verified(statement)
        stated = {name: value for name, value in claims.items() if name not in ABOUT_THE_STATEMENT}
        return {**document, **stated}

    def _verified(self, statement: Any) -> Mapping[str, Any]:
        if not isinstance(statement, str):
            raise _invalid("statement_malformed")
        try:
            parsed = foreign.parse(statement)
            keys = self._keys_of(parsed.claims.get("iss"))
            claims = foreign.verify(parsed, keys, SIGNING_ALGORITHMS)
        except InvalidToken as error:
            raise _invalid(error.reason) from error
        _check_times(claims)
        return claims

    def _keys_of(self, issuer: Any) -> list[Mapping[str, Any]]:
        known = self._issuers.get(issuer) if isinstance(issuer, str) else None
        if known is None:
            raise UnapprovedSoftwareStatement(
                "The issuer of the software statement is not trusted here.",
                reason="statement_issuer_unknown",
                spec="RFC 7591 §3.2.2",
                setting="software_statement_issuers",
            )
        return [key for key in known.get("keys", []) if isinstance(key, Mapping)]


def read_issuers(path: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """The key sets in a JSON file, by issuer; none where there is no file.

    Raises:
        ValueError: the file is not an object of key sets.
    """
    if path is None:
        return MappingProxyType({})
    found = orjson.loads(path.read_bytes())
    if not isinstance(found, dict) or not all(isinstance(keys, dict) and "keys" in keys for keys in found.values()):
        raise ValueError(f"{path} is not a JSON object of JWK sets by issuer")
    return MappingProxyType(found)


def _check_times(claims: Mapping[str, Any]) -> None:
    """A statement may do without an end; what it says of its times holds (RFC 7519 §4.1.4, §4.1.5)."""
    moment = validity.epoch(validity.now())
    for name in ("exp", "nbf"):
        value = claims.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise _invalid("statement_time_malformed")
    if (expires := claims.get("exp")) is not None and expires <= moment:
        raise _invalid("statement_expired")
    if (not_before := claims.get("nbf")) is not None and not_before > moment + SKEW:
        raise _invalid("statement_not_yet_good")


def _invalid(why: str) -> InvalidSoftwareStatement:
    return InvalidSoftwareStatement(
        "The software statement is not valid.",
        reason="statement_invalid",
        spec="RFC 7591 §3.2.2",
        details={"why": why},
    )
