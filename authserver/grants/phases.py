"""What every grant of ours has: the phases that the token endpoint calls, and what they may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from authserver.access import scopes as access_scopes
from authserver.access.catalog import ResourceCatalog
from authserver.crypto.handles import Handles
from authserver.events.catalog import TokenExchanged, TokenRefreshed, TokensIssued
from authserver.events.outbox import Recorder
from authserver.issuing.authorization import Authorization
from authserver.issuing.jwt_assertions import Assertions
from authserver.issuing.reading import TokenReader
from authserver.issuing.refreshing import RefreshTokenIssuer
from authserver.issuing.reuse import ReuseResponse
from authserver.issuing.subjects import SubjectClaims
from authserver.protocol.errors import InvalidDPoPProof, InvalidGrant
from authserver.storage.unit import Unit
from authserver.tokens.confirmation import JKT, X5T

if TYPE_CHECKING:
    from authserver.grants.server import TokenServer
    from authserver.grants.turn import Turn


@dataclass(frozen=True, slots=True)
class GrantServices:
    """The collaborators of the grants, wired once."""

    issuer: str
    handles: Handles
    catalog: ResourceCatalog
    recorder: Recorder
    refresh_tokens: RefreshTokenIssuer
    subjects: SubjectClaims
    reuse: ReuseResponse
    reader: TokenReader
    assertions: Assertions


@dataclass(frozen=True, slots=True)
class Redemption:
    """What a grant hands to the frame: what to mint, and the event that tells of it.

    The frame adds the token's id to the event, because only the mint knows it.
    """

    authorization: Authorization
    event: TokensIssued | TokenRefreshed | TokenExchanged


class Phases:
    """Mixed into Authlib's grant classes; `request` is a Turn and `server` our frame.

    `needs_transaction` is False only where nothing is consumed and nothing stored.
    """

    request: Turn
    server: TokenServer
    needs_transaction: ClassVar[bool] = True
    public_clients: ClassVar[bool] = True

    @property
    def services(self) -> GrantServices:
        """The collaborators."""
        return self.server.services

    def validate_token_request(self) -> None:
        """Check the form of the request, without the database."""
        raise AssertionError("every grant validates its own request")

    def check_key(self, cnf: Mapping[str, Any] | None) -> None:
        """Refuse a code or refresh token that is bound to a key which was not shown: whoever has it stole it.

        Raises:
            InvalidDPoPProof: there is no proof at all.
            InvalidGrant: the key is another one.
        """
        sender = self.request.sender
        if not sender.holds(cnf, JKT):
            if sender.jkt is None:
                raise InvalidDPoPProof(
                    "A DPoP proof of the key that this grant is bound to is required.",
                    reason="dpop_proof_of_grant_missing",
                    spec="RFC 9449 §5",
                )
            raise InvalidGrant(
                "The grant is bound to another DPoP key.", reason="dpop_key_of_other_grant", spec="RFC 9449 §10"
            )
        if not sender.holds(cnf, X5T):
            raise InvalidGrant(
                "The grant is bound to another client certificate.",
                reason="certificate_of_other_grant",
                spec="RFC 8705 §4",
            )

    def _allowed(self) -> frozenset[str]:
        """Every scope that the client may have now: what it lost since its grant was made is left out."""
        return access_scopes.allowed(self.request.client, self.services.catalog.current())

    def redeem(self, unit: Unit) -> Redemption:  # noqa: ARG002 - what a grant redeems is its own
        """Prove possession, then consume; what comes back is minted. Raises ProtocolError or Refused."""
        raise AssertionError("every grant redeems its own credential")

    def assess(self) -> Authorization:
        """As `redeem`, for grants that consume nothing and so need no transaction."""
        raise AssertionError("a grant without a credential assesses the request")
