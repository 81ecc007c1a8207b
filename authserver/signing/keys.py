"""The values behind a signature or a decryption: private keys, public keys, and how both are made.

A key belongs to one algorithm: an RSA key that signs RS256 never signs PS256,
and one that others encrypt to never signs at all. Its `kid` is the JWK
thumbprint (RFC 7638), so the same key has the same name wherever it is known,
and a name cannot be given to another key.
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

from authserver.protocol.algorithms import ECDH_ES, ENCRYPTION_KEY_ALGORITHMS, RSA_OAEP_256
from authserver.protocol.policy import SIGNING_ALGORITHMS

ALGORITHMS: Final = SIGNING_ALGORITHMS
"""What this server signs with (RFC 7518 §3.1, RFC 8037), in the order discovery lists them."""
KEY_ALGORITHMS: Final = (*ALGORITHMS, *ENCRYPTION_KEY_ALGORITHMS)
"""Every algorithm that this server has a key for."""
RSA_BITS: Final = 2048
LARGEST_RSA_BITS: Final = 8192
LARGEST_EXPONENT_BITS: Final = 32
"""Of a public exponent, which is 65537 everywhere: a large one makes each check of a signature cost milliseconds."""
RSA_ALGORITHMS: Final = ("RS256", "PS256", RSA_OAEP_256)
P256_ALGORITHMS: Final = ("ES256", ECDH_ES)

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class UnsuitableKey(ValueError):
    """A key of a kind or strength that this server does not use."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A private key of this server and the one algorithm it is for."""

    kid: str
    alg: str
    private: PrivateKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SigningKey(OwnKey):
    """A private key that signs."""


@dataclass(frozen=True, slots=True)
class DecryptionKey(OwnKey):
    """A private key that opens what others encrypted to us."""


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
    RSA_OAEP_256: lambda: generate_rsa(public_exponent=65537, key_size=RSA_BITS),
    ECDH_ES: lambda: generate_ec(SECP256R1()),
}


def generate(alg: str) -> OwnKey:
    """A fresh key; an RSA key takes some tenths of a second.

    Raises:
        UnsuitableKey: this server has no keys for `alg`.
    """
    if alg not in _GENERATORS:
        raise UnsuitableKey(f"there are no keys for the algorithm {alg}; one of {', '.join(KEY_ALGORITHMS)}")
    return own_key(alg, _GENERATORS[alg]())


def own_key(alg: str, private: PrivateKey) -> OwnKey:
    """A private key under its thumbprint: a `SigningKey` or a `DecryptionKey`, as the algorithm is.

    Raises:
        UnsuitableKey: the key does not fit the algorithm, or is too weak or too large.
    """
    check_suitable(alg, private.public_key())
    kind = DecryptionKey if is_for_encryption(alg) else SigningKey
    return kind(cast("str", public_jwk(alg, private.public_key())["kid"]), alg, private)


def is_for_encryption(alg: str) -> bool:
    """Whether keys for `alg` are for encryption, and so never sign."""
    return alg in ENCRYPTION_KEY_ALGORITHMS


def check_suitable(alg: str, public: PublicKey) -> None:
    """Refuse a key that does not fit its algorithm.

    Raises:
        UnsuitableKey: wrong type, wrong curve, RSA outside 2048 to 8192 bits (RFC 7518 §3.3) or with a huge exponent.
    """
    if alg in RSA_ALGORITHMS and isinstance(public, RSAPublicKey):
        if not RSA_BITS <= public.key_size <= LARGEST_RSA_BITS:
            raise UnsuitableKey(f"an RSA key has {RSA_BITS} to {LARGEST_RSA_BITS} bits, this one {public.key_size}")
        if public.public_numbers().e.bit_length() > LARGEST_EXPONENT_BITS:
            raise UnsuitableKey(f"the public exponent of an RSA key has at most {LARGEST_EXPONENT_BITS} bits")
    elif alg in P256_ALGORITHMS and isinstance(public, EllipticCurvePublicKey):
        if not isinstance(public.curve, SECP256R1):
            raise UnsuitableKey(f"{alg} takes the curve P-256, not {public.curve.name}")
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
    use = "enc" if is_for_encryption(alg) else "sig"
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": use, "alg": alg}


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


def private_bytes(key: OwnKey) -> bytes:
    """PKCS #8 DER of the private half: to be sealed, never to be written anywhere else."""
    return key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_private_bytes(alg: str, kid: str, data: bytes) -> OwnKey:
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
    key = own_key(alg, private)
    if key.kid != kid:
        raise UnsuitableKey("a stored key is not the one its row names")
    return key
