"""Assertions of trusted issuers: JWTs that stand for a person (RFC 7523 §3).

Everything that the bytes and the registration say is decided here, keys that
must be fetched included, before any transaction; the single use of `jti` is
consumed in the transaction that grants.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authserver.access.assertion_issuers import TrustedIssuer, TrustedIssuers
from authserver.clients.keys import ClientKeys
from authserver.identity.addresses import Email
from authserver.protocol import validity
from authserver.protocol.errors import InvalidGrant, InvalidToken, ValidationError
from authserver.storage.models.users import User
from authserver.storage.unit import Unit
from authserver.tokens import foreign, verification

WORDS: Final = "The assertion is not valid."
TYPES: Final = frozenset({"", "jwt", "authorization-grant+jwt"})
"""What the header may call it. A token of another kind that the same issuer signs is no assertion (RFC 8725 §3.11)."""
LONGEST_JTI: Final = 255


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that is good and was not used yet. `expires_at` is seconds since 1970."""

    issuer: TrustedIssuer
    subject: str
    jti: str
    expires_at: int


class Assertions:
    """Verifies assertions, uses them up, and finds whom they are about."""

    def __init__(self, issuers: TrustedIssuers, keys: ClientKeys, issuer: str) -> None:
        self._issuers = issuers
        self._keys = keys
        self._own = issuer
        self._endpoint = f"{issuer.rstrip('/')}/oauth2/token"

    def verify(self, value: str, client_id: str) -> Assertion:
        """The assertion that `client_id` presents.

        Raises:
            InvalidGrant: it is not good, or not this client's to present; `reason` says why.
        """
        try:
            token = foreign.parse(value)
            issuer = self._trusted(token, client_id)
            keys = self._published(issuer, token.kid)
            claims = foreign.verify(token, keys, issuer.algorithms)
            verification.check_times(claims)
        except InvalidToken as error:
            raise InvalidGrant(
                WORDS, reason="assertion_invalid", spec="RFC 7523 §3", details={"because": error.reason}
            ) from error
        return self._checked(issuer, claims)

    def consume(self, unit: Unit, assertion: Assertion) -> None:
        """Use the assertion up; of many at once exactly one succeeds. Raises InvalidGrant."""
        name = hashlib.sha256(f"{assertion.issuer.id}\0{assertion.jti}".encode()).hexdigest()
        remaining = assertion.expires_at - validity.timestamp() + verification.CLOCK_SKEW_SECONDS
        if not unit.ephemeral.once(f"assertion:{name}", max(remaining, 1)):
            raise InvalidGrant("The assertion was used before.", reason="assertion_replayed", spec="RFC 7523 §3")

    def person(self, unit: Unit, assertion: Assertion) -> User:
        """Whom the assertion is about, whether they may sign in or not. Raises InvalidGrant."""
        user = self._found(unit, assertion)
        if user is None:
            raise InvalidGrant(
                "The assertion names nobody here.",
                reason="assertion_subject_unknown",
                spec="RFC 7523 §3",
                setting=f"issuer {assertion.issuer.id}: subject={assertion.issuer.subject}",
            )
        return user

    def _found(self, unit: Unit, assertion: Assertion) -> User | None:
        if assertion.issuer.subject == "id":
            return unit.users.read(assertion.subject) if assertion.subject.isprintable() else None
        try:
            key = Email.parse(assertion.subject).key
        except ValidationError:
            return None
        user = unit.users.find_by_email(key)
        # An address that nobody has proven may belong to somebody else than who registered it.
        return user if user is not None and user.email_verified else None

    def _trusted(self, token: foreign.Foreign, client_id: str) -> TrustedIssuer:
        name = token.claims.get("iss")
        issuer = self._issuers.find(name) if isinstance(name, str) else None
        if issuer is None:
            raise InvalidGrant(WORDS, reason="assertion_issuer_unknown", spec="RFC 7523 §3")
        if client_id not in issuer.clients:
            raise InvalidGrant(
                WORDS,
                reason="assertion_issuer_not_allowed",
                spec="RFC 7521 §4.1",
                setting=f"issuer {issuer.id}: clients",
            )
        if token.typ not in TYPES:
            raise InvalidGrant(WORDS, reason="assertion_type_wrong", spec="RFC 8725 §3.11")
        return issuer

    def _published(self, issuer: TrustedIssuer, kid: str | None) -> tuple[Mapping[str, Any], ...]:
        if issuer.jwks is not None:
            return tuple(key for key in issuer.jwks.get("keys", ()) if isinstance(key, Mapping))
        return tuple(self._keys.published(issuer.jwks_uri or "", kid))

    def _checked(self, issuer: TrustedIssuer, claims: Mapping[str, Any]) -> Assertion:
        if not self._is_for_us(issuer, claims.get("aud")):
            raise InvalidGrant(
                "The assertion must name this server's issuer as its audience.",
                reason="assertion_audience_wrong",
                spec="RFC 7523 §3",
                setting=f"issuer {issuer.id}: audience={issuer.audience}",
            )
        subject, jti, expires_at = claims.get("sub"), claims.get("jti"), int(claims["exp"])
        if not isinstance(subject, str) or not subject:
            raise InvalidGrant("The assertion names no subject.", reason="assertion_without_sub", spec="RFC 7523 §3")
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
            raise InvalidGrant("The assertion needs a jti.", reason="assertion_without_jti", spec="RFC 7523 §3")
        if expires_at > validity.timestamp() + issuer.max_lifetime:
            raise InvalidGrant(
                f"An assertion may live {issuer.max_lifetime} seconds.",
                reason="assertion_lives_too_long",
                spec="RFC 7523 §3",
                setting=f"issuer {issuer.id}: max_lifetime",
            )
        return Assertion(issuer, subject, jti, expires_at)

    def _is_for_us(self, issuer: TrustedIssuer, audience: object) -> bool:
        named = audience if isinstance(audience, list) else [audience]
        if issuer.audience == "issuer":
            return named == [self._own]
        return any(one in {self._own, self._endpoint} for one in named if isinstance(one, str))
