"""Keys of relying parties: what they publish, and what they open with them."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from tests.installation import Installation


@cache
def private(kty: str) -> RSAKey | ECKey:
    """A relying party's own key, made once for all tests."""
    return RSAKey.generate_key(2048) if kty == "RSA" else ECKey.generate_key("P-256")


def kind_for(alg: str) -> str:
    """The kind of key that an algorithm takes."""
    return "RSA" if alg.startswith("RSA") else "EC"


def jwks(*kinds: str) -> dict[str, Any]:
    """The published set with a key of each kind for encryption."""
    return {"keys": [_public(private(kind)) for kind in kinds]}


def _public(key: RSAKey | ECKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "enc"}


def opened(token: str, alg: str, enc: str) -> jwe.CompactEncryption:
    """What was encrypted to the relying party."""
    return jwe.decrypt_compact(token, private(kind_for(alg)), algorithms=[alg, enc])


def stored(server: Installation, client_id: str, **columns: Any) -> None:
    """Change a client as it is stored, past the rules of registration: what was good once may be so no more."""
    with server.unit() as unit:
        record = unit.clients.get(client_id)
        for name, value in columns.items():
            setattr(record, name, value)
        unit.clients.save(record)
    server.services.clients.forget()


def header_of(token: str) -> dict[str, Any]:
    """The header of a token, unverified."""
    first = token.partition(".")[0]
    return dict(json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))))
