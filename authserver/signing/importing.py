"""Keys that operators bring: PEM files in the keys directory.

The name of a file says the algorithm where the key alone does not: `ps256.pem`
or `ps256-2026.pem` holds an RSA key for PS256, `rsa-oaep-256.pem` and
`ecdh-es.pem` hold keys that others encrypt to; other RSA keys sign RS256. A key
that is here already is left as it is, so importing twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from authserver.signing.keys import KEY_ALGORITHMS, OwnKey, PrivateKey, UnsuitableKey, own_key
from authserver.signing.rotation import Rotation
from authserver.storage.unit import Unit

BY_NAME = {alg.lower(): alg for alg in KEY_ALGORITHMS}
NAMED = re.compile(f"({'|'.join(map(re.escape, BY_NAME))})(?![a-z0-9])")


@dataclass(frozen=True, slots=True)
class Import:
    """What became of one file: `active`, `next`, or `known`."""

    file: str
    kid: str
    algorithm: str
    outcome: str


def import_directory(unit: Unit, directory: Path, rotation: Rotation) -> list[Import]:
    """Take in every `*.pem` file: as the active key where its algorithm has none, otherwise as the next one.

    Raises:
        UnsuitableKey: a file holds no key that this server uses; its name is in the message.
    """
    return [_import(unit, rotation, path.name, key) for path, key in read_directory(directory)]


def read_directory(directory: Path) -> Iterator[tuple[Path, OwnKey]]:
    """The keys in the `*.pem` files of a directory, by name; nothing where there is no such directory.

    Raises:
        UnsuitableKey: as for `import_directory`.
    """
    for path in sorted(directory.glob("*.pem")):
        try:
            yield path, read_pem(path.read_bytes(), path.stem)
        except UnsuitableKey as error:
            raise UnsuitableKey(f"{path.name}: {error}") from error


def read_pem(data: bytes, name: str = "") -> OwnKey:
    """The private key of a PEM text; `name` may begin with the algorithm.

    Raises:
        UnsuitableKey: no unencrypted private key, or none that this server uses.
    """
    try:
        private = load_pem_private_key(data, password=None)
    except TypeError as error:
        raise UnsuitableKey("the key is encrypted; only keys without a pass phrase can be imported") from error
    except ValueError as error:
        raise UnsuitableKey("the file holds no private key in PEM form") from error
    if not isinstance(private, PrivateKey):
        raise UnsuitableKey("the key is of a kind that this server does not use")
    return own_key(_algorithm(private, name), private)


def _algorithm(private: PrivateKey, name: str) -> str:
    named = NAMED.match(name.lower())
    if named:
        return BY_NAME[named[1]]
    if isinstance(private, RSAPrivateKey):
        return "RS256"
    return "ES256" if isinstance(private, EllipticCurvePrivateKey) else "EdDSA"


def _import(unit: Unit, rotation: Rotation, file: str, key: OwnKey) -> Import:
    if unit.signing_keys.find(key.kid) is not None:
        return Import(file, key.kid, key.alg, "known")
    if rotation.add_first(unit, key):
        return Import(file, key.kid, key.alg, "active")
    return Import(file, rotation.publish(unit, key), key.alg, "next")
