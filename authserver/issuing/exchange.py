"""What a token that is presented for exchange is worth, and what the new one says about who acts (RFC 8693)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authserver.issuing.reading import ReadToken, TokenReader
from authserver.protocol.errors import InvalidRequest
from authserver.protocol.exchange import ID_TOKEN, LONGEST_CHAIN
from authserver.storage.unit import Unit
from authserver.tokens import access_tokens
from authserver.tokens.confirmation import JKT, X5T, Confirmation


@dataclass(frozen=True, slots=True)
class Presented:
    """A live token of ours that somebody presents. `expires_at` is seconds since 1970."""

    token: ReadToken

    @property
    def client_id(self) -> str:
        """Whom it was issued to."""
        return self.token.client_id

    @property
    def subject(self) -> str:
        """Whom it is about, as it says."""
        return str(self.token.claims["sub"])

    @property
    def expires_at(self) -> int:
        """When it ends."""
        return int(self.token.claims["exp"])

    @property
    def audience(self) -> tuple[str, ...]:
        """The resources it is for; an ID token is for its client and no resource."""
        return self.token.audience if self.token.kind == "access_token" else ()

    def is_held_by(self, sender: Confirmation) -> bool:
        """Whether `sender` has shown every key that the token is bound to (RFC 7800 §3.1)."""
        cnf = self.token.claims.get("cnf") or {}
        return all(name in {JKT, X5T} and sender.holds(cnf, name) for name in cnf)

    @property
    def lineage(self) -> tuple[str, ...]:
        """The clients through whose tokens the next one comes."""
        before = self.token.claims.get(access_tokens.LINEAGE_CLAIM) or ()
        return (*before, self.client_id)

    def acted_by(self, acting: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The `act` of the new token: who acts now around who acted before (RFC 8693 §4.1).

        Impersonation adds nobody, and takes nobody away: who acted stays known.
        """
        before = self.token.claims.get("act")
        if acting is None:
            return before
        return {**acting, "act": before} if before else dict(acting)

    def lets_act(self, acting: Mapping[str, Any]) -> bool:
        """Whether `may_act` names this actor, where the token has one (RFC 8693 §4.4)."""
        allowed = self.token.claims.get("may_act")
        if allowed is None:
            return True
        if not isinstance(allowed, dict) or not allowed:
            return False
        return all(acting.get(name) == value for name, value in allowed.items())


def read(unit: Unit, reader: TokenReader, value: str, token_type: str, *, name: str) -> Presented:
    """The token that was presented as the parameter `name`.

    Raises:
        InvalidRequest: it is none of ours, of another type, or dead (RFC 8693 §2.2.2); `reason` says which.
    """
    token = reader.read_id_token(unit, value) if token_type == ID_TOKEN else reader.read(unit, value)
    if token is None or token.kind == "refresh_token":
        raise InvalidRequest(
            f"{name} is not a token of the type that was named.",
            reason="exchanged_token_unknown",
            spec="RFC 8693 §2.2.2",
            details={"parameter": name},
        )
    if token.dead is not None:
        raise InvalidRequest(
            f"{name} is not valid any more.",
            reason="exchanged_token_dead",
            spec="RFC 8693 §2.2.2",
            details={"parameter": name, "dead": token.dead, "issued_to": token.client_id},
        )
    return Presented(token)


def check_chain(presented: Presented) -> None:
    """Refuse to lengthen a chain for ever: each link is somebody who must be trusted.

    Raises:
        InvalidRequest: the chain is as long as it may get.
    """
    if len(presented.lineage) > LONGEST_CHAIN:
        raise InvalidRequest(
            f"A token can be exchanged {LONGEST_CHAIN} times in a row.",
            reason="exchange_chain_too_long",
            spec="RFC 8693 §4.1",
        )
