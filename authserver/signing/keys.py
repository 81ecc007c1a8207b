"""The values behind a signature: private keys, public keys, and how both are made.

A key belongs to one algorithm: an RSA key that signs RS256 never signs PS256.
Its `kid` is the JWK thumbprint (RFC 7638), so the same key has the same name
wherever it is known, and a name cannot be given to another key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from authserver.protocol.policy import SIGNING_ALGORITHMS

ALGORITHMS: Final = SIGNING_ALGORITHMS
"""What this server signs with (RFC 7518 §3.1, RFC 8037), in the order discovery lists them."""
RSA_BITS: Final = 2048
LARGEST_RSA_BITS: Final = 8192
RSA_ALGORITHMS: Final = ("RS256", "PS256")

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class UnsuitableKey(ValueError):
    """A key of a kind or strength that this server does not sign with."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the one algorithm it signs with."""

    kid: str
    alg: str
    private: PrivateKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the one algorithm it verifies. Equal keys have the same material, not only the same name."""

    kid: str
    alg: str
    material: tuple[str, ...] = field(repr=False)
    public: PublicKey = field(repr=False, compare=False)


_GENERATORS: Final[Mapping[str, Callable[[], PrivateKey]]] = {
    "RS256": lambda: generate_rsa(public_exponent=65537, key_size=RSA_BITS),
    "PS256": lambda: generate_rsa(public_exponent=65537, key_size=RSA_BITS),
    "ES256": lambda: generate_ec(SECP256R1()),
    "EdDSA": Ed25519PrivateKey.generate,
}


def generate(alg: str) -> SigningKey:
    """A fresh key; an RSA key takes some tenths of a second.

    Raises:
        UnsuitableKey: this server does not sign with `alg`.
    """
    if alg not in _GENERATORS:
        raise UnsuitableKey(f"there is no signing algorithm {alg}; one of {', '.join(ALGORITHMS)}")
    return signing_key(alg, _GENERATORS[alg]())


def signing_key(alg: str, private: PrivateKey) -> SigningKey:
    """A private key under its thumbprint.

    Raises:
        UnsuitableKey: the key does not fit the algorithm, or is too weak or too large.
    """
    check_suitable(alg, private.public_key())
    return SigningKey(cast("str", public_jwk(alg, private.public_key())["kid"]), alg, private)


def check_suitable(alg: str, public: PublicKey) -> None:
    """Refuse a key that does not fit its algorithm.

    Raises:
        UnsuitableKey: wrong type, wrong curve, or RSA outside 2048 to 8192 bits (RFC 7518 §3.3).
    """
    if alg in RSA_ALGORITHMS and isinstance(public, RSAPublicKey):
        if not RSA_BITS <= public.key_size <= LARGEST_RSA_BITS:
            raise UnsuitableKey(f"an RSA key has {RSA_BITS} to {LARGEST_RSA_BITS} bits, this one {public.key_size}")
    elif alg == "ES256" and isinstance(public, EllipticCurvePublicKey):
        if not isinstance(public.curve, SECP256R1):
            raise UnsuitableKey(f"ES256 takes the curve P-256, not {public.curve.name}")
    elif not (alg == "EdDSA" and isinstance(public, Ed25519PublicKey)):
        raise UnsuitableKey(f"{alg} takes another kind of key")


def public_jwk(alg: str, public: PublicKey) -> dict[str, Any]:
    """The published form (RFC 7517 §4): public members, `kid`, `use`, `alg`."""
    key: RSAKey | ECKey | OKPKey
    if isinstance(public, RSAPublicKey):
        key = RSAKey.import_key(public)
    elif isinstance(public, EllipticCurvePublicKey):
        key = ECKey.import_key(public)
    else:
        key = OKPKey.import_key(public)
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": alg}


def verification_key(jwk: Mapping[str, Any]) -> VerificationKey:
    """The public key that a JWK describes; private members are not read.

    Raises:
        UnsuitableKey: it names no algorithm of this server, or its material does not fit.
    """
    alg, kid = jwk.get("alg"), jwk.get("kid")
    if alg not in ALGORITHMS or not isinstance(kid, str):
        raise UnsuitableKey("a published key names its kid and one algorithm of this server")
    names = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}.get(str(jwk.get("kty")), ())
    members: dict[str, str | list[str]] = {name: str(jwk.get(name, "")) for name in ("kty", *names)}
    try:
        public = import_key(members).public_key
    except Exception as error:
        raise UnsuitableKey("a published key cannot be read") from error
    if not isinstance(public, PublicKey):
        raise UnsuitableKey(f"{alg} takes another kind of key")
    check_suitable(alg, public)
    return VerificationKey(kid, alg, tuple(map(str, members.values())), public)


def private_bytes(key: SigningKey) -> bytes:
    """PKCS #8 DER of the private half: to be sealed, never to be written anywhere else."""
    return key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_private_bytes(alg: str, kid: str, data: bytes) -> SigningKey:
    """The key that `private_bytes` wrote.

    Raises:
        UnsuitableKey: the bytes are no such key, or not the key with this `kid`.
    """
    try:
        private = load_der_private_key(data, password=None)
    except ValueError as error:
        raise UnsuitableKey("a stored key cannot be read") from error
    if not isinstance(private, PrivateKey):
        raise UnsuitableKey(f"{alg} takes another kind of key")
    key = signing_key(alg, private)
    if key.kid != kid:
        raise UnsuitableKey("a stored key is not the one its row names")
    return key
