"""JSON Web Encryption, compact form (RFC 7516 §7.1): to a client's public key, and what was encrypted to ours.

Algorithms are explicit in both directions and come from the caller; nothing in
a token chooses key or rules (RFC 8725 §3). There is no compression, because a
few bytes would become gigabytes, and no RSA1_5, because its padding is an
oracle. Encryption hides and proves nothing: what is opened here is still to be
verified.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

import orjson
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from authserver.protocol.algorithms import CONTENT_ENCRYPTIONS, ECDH_ES, ENCRYPTION_ALGORITHMS, KEY_TYPES, RSA_OAEP_256
from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import DecryptionKey, check_suitable
from authserver.tokens import jose

MAX_LENGTH: Final = 32_768
"""Characters of the longest token that is opened: the longest signed one that is looked at, encrypted."""

HEADER_MEMBERS: Final = frozenset({"alg", "enc", "kid", "typ", "cty", "epk", "apu", "apv", "iss", "sub", "aud"})
"""What a header may hold: no `zip`, no `crit`, nothing that points to a key; RFC 7519 §5.3 allows claims in it."""

CURVES: Final = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("X25519",)}
_MATERIAL: Final = ("kty", "crv", "n", "e", "x", "y")


class NoRecipientKey(LookupError):
    """The recipient has published no key that fits."""


class Decrypted(NamedTuple):
    """What was opened: the content, and the header that was authenticated with it."""

    payload: bytes
    header: Mapping[str, Any]


def encrypt(
    payload: bytes, jwks: Sequence[Mapping[str, Any]], *, alg: str, enc: str, cty: str | None, kid: str | None = None
) -> str:
    """Encrypt for the holder of one of `jwks`.

    Args:
        payload: the content.
        jwks: the recipient's public keys; one that is meant for encryption, and for `alg`, comes first.
        alg: how the content's key reaches the recipient.
        enc: how the content is encrypted.
        cty: the kind of content, `JWT` around a signed token (RFC 7519 §5.2), or None.
        kid: the name of the only key to use.

    Raises:
        NoRecipientKey: no key is for encryption with `alg`.
        ValueError: `alg` or `enc` is not offered.
    """
    if alg not in ENCRYPTION_ALGORITHMS or enc not in CONTENT_ENCRYPTIONS:
        raise ValueError(f"{alg} with {enc} is not offered")
    jwk, key = _recipient(jwks, alg, kid)
    header: dict[str, Any] = {"alg": alg, "enc": enc}
    if isinstance(jwk.get("kid"), str):
        header["kid"] = jwk["kid"]
    if cty is not None:
        header["cty"] = cty
    return jwe.encrypt_compact(header, payload, key, algorithms=[alg, enc])


def has_recipient_key(jwks: Sequence[Mapping[str, Any]], alg: str) -> bool:
    """Whether `encrypt` finds a key for `alg`."""
    return next(_fitting(jwks, alg, None), None) is not None


def is_encrypted(token: str) -> bool:
    """Whether `token` has the shape of an encrypted one: five parts, where a signed one has three."""
    return token.count(".") == 4


def decrypt(
    token: str,
    keys: Collection[DecryptionKey],
    *,
    algorithms: Collection[str] = ENCRYPTION_ALGORITHMS,
    encryptions: Collection[str] = CONTENT_ENCRYPTIONS,
) -> Decrypted:
    """Open what was encrypted to one of our keys.

    Args:
        token: the compact form.
        keys: `Keyring.decryption_keys()`; with a `kid` in the token only the key of that name counts.
        algorithms: the `alg` that are accepted.
        encryptions: the `enc` that are accepted.

    Raises:
        InvalidToken: it cannot be opened; `reason` is a stable word. Why a decryption failed is never told apart.
    """
    if len(token) > MAX_LENGTH:
        raise _refusal("encrypted_token_too_long", f"the token is longer than {MAX_LENGTH} characters")
    if not token.isascii() or not is_encrypted(token):
        raise _refusal("encrypted_token_malformed")
    header = _header(token.partition(".")[0])
    if header["alg"] not in algorithms or header["enc"] not in encryptions:
        raise _refusal("encryption_not_allowed")
    candidates = [key for key in keys if _opens(key, header)]
    if not candidates:
        raise _refusal("encryption_key_unknown")
    for key in candidates:
        payload = _opened(token, key, [header["alg"], header["enc"]])
        if payload is not None:
            return Decrypted(payload, header)
    raise _refusal("decryption_failed")


def _recipient(
    jwks: Sequence[Mapping[str, Any]], alg: str, kid: str | None
) -> tuple[Mapping[str, Any], RSAKey | ECKey | OKPKey]:
    # A key that says what it is for was published for it; one that says nothing is for anything (RFC 7517 §4.2).
    best = sorted(_fitting(jwks, alg, kid), key=lambda found: (found[0].get("alg") != alg, "use" not in found[0]))
    if not best:
        raise NoRecipientKey(f"no published key is for encryption with {alg}")
    return best[0]


def _fitting(
    jwks: Sequence[Mapping[str, Any]], alg: str, kid: str | None
) -> Iterator[tuple[Mapping[str, Any], RSAKey | ECKey | OKPKey]]:
    for jwk in jwks:
        if jwk.get("use", "enc") != "enc" or jwk.get("kty") not in _key_types(alg):
            continue
        if jwk.get("alg", alg) not in _key_algorithms(alg) or (kid is not None and jwk.get("kid") != kid):
            continue
        material = tuple((name, jwk[name]) for name in _MATERIAL if isinstance(jwk.get(name), str))
        key = _imported(material)
        if key is not None:
            yield jwk, key


def _key_algorithms(alg: str) -> tuple[str, ...]:
    """What a key for `alg` may call itself; one for ECDH-ES serves the forms with key wrapping too."""
    return (alg, ECDH_ES) if alg.startswith(ECDH_ES) else (alg,)


def _key_types(alg: str) -> tuple[str, ...]:
    return ("EC", "OKP") if alg.startswith(ECDH_ES) else ("RSA",)


@lru_cache(maxsize=1024)
def _imported(material: tuple[tuple[str, str], ...]) -> RSAKey | ECKey | OKPKey | None:
    """A public key to encrypt to, or None where it is too weak, too large, of another curve, or no key."""
    members = dict(material)
    if members["kty"] in CURVES and members.get("crv") not in CURVES[members["kty"]]:
        return None
    try:
        key = import_key(cast("Any", members))
        if isinstance(key, RSAKey):
            check_suitable(RSA_OAEP_256, key.public_key)
    except Exception:  # whatever somebody published, it is no key then
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _header(segment: str) -> dict[str, Any]:
    try:
        header = orjson.loads(jose.decode_segment(segment))
    except orjson.JSONDecodeError as error:
        raise _refusal("encryption_header_malformed") from error
    if not isinstance(header, dict) or header.keys() - HEADER_MEMBERS:
        raise _refusal("encryption_header_not_allowed")
    if not all(isinstance(header.get(name), str) for name in ("alg", "enc")):
        raise _refusal("encryption_header_malformed")
    if any(not isinstance(header[name], str) for name in ("kid", "typ", "cty") if name in header):
        raise _refusal("encryption_header_malformed")
    return cast("dict[str, Any]", header)


def _opens(key: DecryptionKey, header: Mapping[str, Any]) -> bool:
    """Whether the token names this key, or none, and its algorithm takes a key of this kind."""
    if header.get("kid", key.kid) != key.kid:
        return False
    return (KEY_TYPES[header["alg"]] == "RSA") == (key.alg == RSA_OAEP_256)


def _opened(token: str, key: DecryptionKey, algorithms: list[str]) -> bytes | None:
    """The content, or None. A wrong key, tag, curve point or padding all look the same from outside."""
    kind = RSAKey if key.alg == RSA_OAEP_256 else ECKey
    try:
        return jwe.decrypt_compact(token, kind.import_key(cast("Any", key.private)), algorithms=algorithms).plaintext
    except Exception:  # strangers choose these bytes, and the library fails on them in many ways
        return None


def _refusal(reason: str, description: str = "the token is not valid") -> InvalidToken:
    return InvalidToken(description, reason=reason, spec="RFC 7516 §5.2")
