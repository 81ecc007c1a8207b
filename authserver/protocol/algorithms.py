"""The algorithms of JOSE that this server offers, by purpose (RFC 7518, RFC 8037).

What a client may register and what discovery lists comes from here alone. Not
offered are RSA1_5 (RFC 8017 §7.2 leaves a padding oracle open), RSA-OAEP with SHA-1, keys
shared with the client for encryption, and compression (RFC 8725 §3.6).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from authserver.protocol.policy import SIGNING_ALGORITHMS

NONE: Final = "none"
"""An ID token without a signature: for who registers it, from the token endpoint alone (OIDC Core §2)."""

HS256: Final = "HS256"
"""A MAC under the client's secret: for ID tokens of confidential clients that register it (OIDC Core §10.1)."""

SHORTEST_MAC_KEY: Final = 32
"""Bytes of the shortest secret that makes an HS256 signature (RFC 7518 §3.2)."""

RSA_OAEP_256: Final = "RSA-OAEP-256"
ECDH_ES: Final = "ECDH-ES"

ID_TOKEN_SIGNING_ALGORITHMS: Final = (*SIGNING_ALGORITHMS, HS256, NONE)
"""What `id_token_signed_response_alg` takes."""

USERINFO_SIGNING_ALGORITHMS: Final = SIGNING_ALGORITHMS
"""What `userinfo_signed_response_alg` takes."""

ENCRYPTION_ALGORITHMS: Final = (RSA_OAEP_256, ECDH_ES, "ECDH-ES+A128KW", "ECDH-ES+A256KW")
"""How the key of a content is brought to the recipient (RFC 7518 §4.3, §4.6): `alg` of a JWE, in both directions."""

CONTENT_ENCRYPTIONS: Final = ("A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512")
"""How a content is encrypted (RFC 7518 §5): `enc` of a JWE, in both directions."""

DEFAULT_CONTENT_ENCRYPTION: Final = "A128CBC-HS256"
"""What a client gets that registers an `alg` and no `enc` (OIDC Registration §2)."""

ENCRYPTION_KEY_ALGORITHMS: Final = (RSA_OAEP_256, ECDH_ES)
"""The `alg` of the keys that others encrypt to us with; a key for ECDH-ES serves its forms with key wrapping too."""

KEY_TYPES: Final = MappingProxyType(
    {RSA_OAEP_256: "RSA", ECDH_ES: "EC", "ECDH-ES+A128KW": "EC", "ECDH-ES+A256KW": "EC"}
)
"""The type of key (RFC 7518 §6.1) that an `alg` of `ENCRYPTION_ALGORITHMS` takes."""
