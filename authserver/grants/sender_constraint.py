"""The phase that binds tokens to a key: what the sender of a token request has shown to hold (RFC 9449, RFC 8705)."""

from __future__ import annotations

from authserver.clients.directory import Client
from authserver.protocol.errors import InvalidDPoPProof, InvalidRequest
from authserver.protocol.messages import Request
from authserver.tokens import mutual_tls
from authserver.tokens.confirmation import Confirmation
from authserver.tokens.dpop import DPoPProofs


class SenderConstraint:
    """Establishes the keys of a token request; what is issued to it is bound to them."""

    def __init__(self, dpop: DPoPProofs) -> None:
        self._dpop = dpop

    def establish(self, request: Request, client: Client) -> Confirmation:
        """The keys that were shown. A proof binds whoever sends one, a certificate where the client's policy says so.

        Raises:
            InvalidDPoPProof: a proof is missing or not good.
            UseDPoPNonce: the proof lacks a good nonce.
            InvalidRequest: the policy demands a key and there is none.
        """
        rule = client.policy.sender_constraint
        jkt = self._dpop.proof_key(request, client.policy.signing_algorithms)
        if rule == "dpop" and jkt is None:
            raise InvalidDPoPProof(
                "A DPoP proof is required.",
                reason="dpop_proof_missing",
                spec="RFC 9449 §5",
                setting=f"client {client.id}: policy sender_constraint=dpop",
            )
        if rule == "mtls" or (rule == "any" and jkt is None):
            return Confirmation(jkt, self._certificate(request, client))
        return Confirmation(jkt)

    def _certificate(self, request: Request, client: Client) -> str:
        certificate = mutual_tls.of_request(request)
        if certificate is None:
            rule = client.policy.sender_constraint
            raise InvalidRequest(
                f"A {'DPoP proof or a ' if rule == 'any' else ''}client certificate is required.",
                reason="sender_constraint_missing",
                spec="RFC 8705 §3",
                setting=f"client {client.id}: policy sender_constraint={rule}",
            )
        return certificate.thumbprint
