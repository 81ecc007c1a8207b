"""DPoP proofs (RFC 9449): a client shows with each request that it holds a private key.

What follows from the proof's bytes and from the request is decided by `read`,
which is pure; `DPoPProofs` adds what needs the installation: its addresses,
the nonces, and the store in which every proof counts once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from authserver.crypto.macs import Macs
from authserver.protocol import validity
from authserver.protocol.errors import InvalidDPoPProof, InvalidToken, UseDPoPNonce
from authserver.protocol.key_sets import PRIVATE_MEMBERS
from authserver.protocol.messages import Request
from authserver.storage.ephemeral import Ephemeral
from authserver.tokens import foreign, jose

HEADER: Final = "dpop"
TYPE: Final = "dpop+jwt"
NONCE_HEADER: Final = "DPoP-Nonce"

MAX_AGE_SECONDS: Final = 60
"""How far `iat` may lie in the past or in the future: clocks differ, and a proof is made for one request."""
SKEW_SECONDS: Final = 10
"""How long after its `exp`, where it has one, a proof is still taken."""
NONCE_SECONDS: Final = 150
"""The window that a nonce is made for. It is good in the following one too, so it lives 150 to 300 seconds."""

_PUBLIC_MEMBERS: Final = ("kty", "crv", "n", "e", "x", "y")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof whose form, signature and target are right. Times are seconds since 1970.

    Attributes:
        jkt: the thumbprint of its key (RFC 7638).
        nonce: the server's nonce that it carries, if any.
    """

    jkt: str
    jti: str
    issued_at: float
    not_before: float | None
    expires_at: float | None
    nonce: str | None


def read(
    value: str, method: str, urls: Collection[str], algorithms: Collection[str], *, access_token: str | None = None
) -> Proof:
    """The proof in a DPoP header, for one request (RFC 9449 §4.3). Times, nonce and replay are not looked at.

    Args:
        method: of the request.
        urls: the addresses that mean the requested one, normalised by `normal_url`.
        algorithms: what is accepted of this client; always asymmetric.
        access_token: the token that comes with the request, which the proof must then name.

    Raises:
        InvalidDPoPProof: anything is missing or wrong; what the proof says beyond is ignored.
    """
    token = _parsed(value)
    jkt = _verified_key(token, algorithms)
    claims = token.claims
    jti, htm, htu = (_text(claims, name) for name in ("jti", "htm", "htu"))
    issued_at = _time(claims, "iat")
    if issued_at is None:
        raise InvalidDPoPProof("The DPoP proof lacks the claim iat.", reason="dpop_claim_missing", spec="RFC 9449 §4.3")
    if htm != method:
        raise InvalidDPoPProof(
            "htm of the DPoP proof is not the method of the request.",
            reason="dpop_method_mismatch",
            spec="RFC 9449 §4.3",
        )
    if htu not in urls and normal_url(htu) not in urls:
        raise InvalidDPoPProof(
            "htu of the DPoP proof is not the address of the request.",
            reason="dpop_address_mismatch",
            spec="RFC 9449 §4.3",
            details={"htu": htu[:512]},
        )
    if access_token is not None:
        _check_access_token(claims, access_token)
    nonce = _text(claims, "nonce") if "nonce" in claims else None
    return Proof(jkt, jti, issued_at, _time(claims, "nbf"), _time(claims, "exp"), nonce)


def normal_url(url: str) -> str | None:
    """`url` as addresses are compared (RFC 9449 §4.3, RFC 3986 §6.2.2): no query, no fragment, no default port,
    scheme and host in lower case, nothing percent-encoded in the path; None when it is no address on the web.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{suffix}{unquote(parts.path) or '/'}"


class Nonces:
    """Nonces that every process of the installation knows without storing any: tags over a window of time."""

    def __init__(self, macs: Macs) -> None:
        self._macs = macs
        self._current = (-1, "")

    def current(self) -> str:
        """The nonce to hand out now."""
        window = _window()
        if self._current[0] != window:
            self._current = (window, self._macs.sign("dpop nonce", str(window)))
        return self._current[1]

    def is_good(self, nonce: str) -> bool:
        """Whether `nonce` was handed out in this window or the one before."""
        window = _window()
        return any(self._macs.verify("dpop nonce", nonce, str(known)) for known in (window, window - 1))


class DPoPProofs:
    """Checks the proofs of requests to this server.

    Args:
        addresses: the issuer and every further address of this server.
        seen: where proofs that were used are remembered; without an answer from it no proof is good.
        nonce_required: whether each proof must carry a nonce of this server.
    """

    def __init__(self, addresses: Iterable[str], seen: Ephemeral, macs: Macs, *, nonce_required: bool) -> None:
        self._bases = tuple(known.rstrip("/") for known in map(normal_url, addresses) if known is not None)
        self._seen = seen
        self._nonces = Nonces(macs)
        self.nonce_required = nonce_required

    def proof_key(
        self, request: Request, algorithms: Collection[str], *, access_token: str | None = None
    ) -> str | None:
        """The thumbprint of the key whose holder sent `request`; None when it carries no proof.

        Args:
            algorithms: what is accepted of this client.
            access_token: the token that comes with the request, at a protected resource.

        Raises:
            InvalidDPoPProof: the proof is not good for this request, or was used before.
            UseDPoPNonce: it needs the nonce that the refusal carries.
        """
        value = request.headers.get(HEADER)
        if value is None:
            return None
        urls = frozenset(base + request.path for base in self._bases)
        proof = read(value, request.method, urls, algorithms, access_token=access_token)
        self._use_once(proof, request.path, self._good_until(proof))
        return proof.jkt

    def nonce_headers(self, request: Request) -> tuple[tuple[str, str], ...]:
        """What an answer to `request` tells of nonces: the current one, where they are demanded (RFC 9449 §8.2)."""
        if not self.nonce_required or HEADER not in request.headers:
            return ()
        return ((NONCE_HEADER, self._nonces.current()),)

    def _good_until(self, proof: Proof) -> float:
        """The moment from which the proof is refused for its age, seconds since 1970."""
        now = validity.timestamp()
        if proof.nonce is not None and not self._nonces.is_good(proof.nonce):
            raise self._nonce_demanded("dpop_nonce_unknown")
        if proof.nonce is None and self.nonce_required:
            raise self._nonce_demanded("dpop_nonce_missing")
        # A good nonce says when the proof was made, whatever the client's clock says (RFC 9449 §11.1).
        if proof.nonce is None and abs(now - proof.issued_at) > MAX_AGE_SECONDS:
            raise InvalidDPoPProof(
                f"iat of the DPoP proof lies more than {MAX_AGE_SECONDS} seconds away.",
                reason="dpop_proof_too_old",
                spec="RFC 9449 §11.1",
            )
        if (proof.not_before or now) > now + MAX_AGE_SECONDS or (proof.expires_at or now) < now - SKEW_SECONDS:
            raise InvalidDPoPProof(
                "The DPoP proof has expired or is not valid yet.", reason="dpop_proof_expired", spec="RFC 7519 §4.1.4"
            )
        return now + 2 * NONCE_SECONDS if proof.nonce is not None else proof.issued_at + MAX_AGE_SECONDS

    def _use_once(self, proof: Proof, path: str, until: float) -> None:
        """A proof that was overheard must be worth nothing; another key may have the same jti (RFC 9449 §11.1)."""
        digest = hashlib.sha256("\0".join((proof.jkt, path, proof.jti)).encode("utf-8", "surrogatepass"))
        life = until - validity.timestamp() + 2
        if not self._seen.once(f"dpop:{digest.hexdigest()}", life):
            raise InvalidDPoPProof(
                "The DPoP proof was used before.", reason="dpop_proof_replayed", spec="RFC 9449 §11.1"
            )

    def _nonce_demanded(self, reason: str) -> UseDPoPNonce:
        return UseDPoPNonce(
            "The DPoP proof must carry the nonce of the DPoP-Nonce header.",
            reason=reason,
            spec="RFC 9449 §8",
            setting="dpop_nonce",
            headers=((NONCE_HEADER, self._nonces.current()),),
        )


def _parsed(value: str) -> foreign.Foreign:
    try:
        token = foreign.parse(value, allowed_members=("jwk",))
    except InvalidToken as error:
        raise InvalidDPoPProof(
            "The DPoP header must be one JWT in compact form.",
            reason="dpop_proof_malformed",
            spec="RFC 9449 §4.3",
            details={"because": error.reason},
        ) from error
    if token.typ != TYPE:
        raise InvalidDPoPProof(f"typ of the DPoP proof must be {TYPE}.", reason="dpop_type_wrong", spec="RFC 9449 §4.3")
    return token


def _verified_key(token: foreign.Foreign, algorithms: Collection[str]) -> str:
    """The thumbprint of the key in the header, which has signed the proof."""
    jwk = token.header.get("jwk")
    if not isinstance(jwk, dict) or PRIVATE_MEMBERS.intersection(jwk):
        raise InvalidDPoPProof(
            "jwk of the DPoP proof must be a public key.", reason="dpop_key_not_public", spec="RFC 9449 §4.3"
        )
    if token.alg not in algorithms:
        raise InvalidDPoPProof(
            f"alg of the DPoP proof must be one of {', '.join(sorted(algorithms))}.",
            reason="dpop_algorithm_not_allowed",
            spec="RFC 9449 §4.3",
            setting="policy signing_algorithms",
        )
    # The material alone: what else the key says of itself, its name for example, decides nothing.
    material = {name: jwk[name] for name in _PUBLIC_MEMBERS if name in jwk}
    try:
        foreign.verify(replace(token, kid=None), (material,), algorithms)
        return foreign.thumbprint(material)
    except InvalidToken as error:
        raise InvalidDPoPProof(
            "The DPoP proof is not signed with its key.",
            reason="dpop_signature_wrong",
            spec="RFC 9449 §4.3",
            details={"because": error.reason},
        ) from error


def _check_access_token(claims: Mapping[str, Any], access_token: str) -> None:
    expected = jose.encode_segment(hashlib.sha256(access_token.encode()).digest())
    if not hmac.compare_digest(_text(claims, "ath").encode(), expected.encode()):
        raise InvalidDPoPProof(
            "ath of the DPoP proof is not the digest of the access token.",
            reason="dpop_token_mismatch",
            spec="RFC 9449 §4.3",
        )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidDPoPProof(
            f"The DPoP proof lacks the claim {name}.", reason="dpop_claim_missing", spec="RFC 9449 §4.3"
        )
    return value


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
        raise InvalidDPoPProof(
            f"{name} of the DPoP proof must be a number.", reason="dpop_claim_malformed", spec="RFC 7519 §2"
        )
    return value


def _window() -> int:
    return validity.timestamp() // NONCE_SECONDS
