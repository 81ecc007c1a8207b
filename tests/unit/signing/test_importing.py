"""Keys that operators bring as PEM files."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from authserver.signing.importing import Import, import_directory, read_directory, read_pem
from authserver.signing.keys import PrivateKey, UnsuitableKey
from tests.keys import signing
from tests.unit.signing.conftest import Safe


def pem(private: PrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return private.private_bytes(Encoding.PEM, form, NoEncryption())


def imported(safe: Safe, directory: Path) -> list[Import]:
    return safe.do(import_directory, directory, safe.rotation)  # type: ignore[no-any-return]


def test_the_first_key_of_an_algorithm_signs_at_once(safe: Safe, tmp_path: Path) -> None:
    (tmp_path / "mine.pem").write_bytes(pem(signing("ES256").private))
    (found,) = imported(safe, tmp_path)
    assert (found.outcome, found.algorithm, found.kid) == ("active", "ES256", signing("ES256").kid)
    assert safe.keyring.active("ES256").kid == signing("ES256").kid


def test_a_further_key_waits(safe: Safe, tmp_path: Path) -> None:
    (first,) = safe.ensure("ES256")
    (tmp_path / "mine.pem").write_bytes(pem(signing("ES256").private))
    assert [found.outcome for found in imported(safe, tmp_path)] == ["next"]
    assert safe.keyring.active("ES256").kid == first
    assert safe.do(safe.rotation.rotate, "ES256", force=True).kid == signing("ES256").kid


def test_importing_twice_changes_nothing(safe: Safe, tmp_path: Path) -> None:
    (tmp_path / "mine.pem").write_bytes(pem(signing("EdDSA").private))
    imported(safe, tmp_path)
    before = safe.states()
    assert [found.outcome for found in imported(safe, tmp_path)] == ["known"]
    assert safe.states() == before


def test_a_removed_key_does_not_come_back(safe: Safe, tmp_path: Path) -> None:
    (tmp_path / "mine.pem").write_bytes(pem(signing("EdDSA").private))
    (found,) = imported(safe, tmp_path)
    safe.do(safe.rotation.retire, found.kid)
    safe.do(safe.rotation.remove, found.kid)
    imported(safe, tmp_path)
    assert safe.states()[found.kid] == "removed"


@pytest.mark.parametrize(
    ("name", "alg"),
    [("rs256", "RS256"), ("ps256", "PS256"), ("PS256-2026", "PS256"), ("signing", "RS256"), ("", "RS256")],
)
def test_the_file_name_says_what_an_rsa_key_signs(name: str, alg: str) -> None:
    assert read_pem(pem(signing("RS256").private), name).alg == alg


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_both_forms_of_openssl_are_read(form: PrivateFormat) -> None:
    assert read_pem(pem(signing("ES256").private, form)).kid == signing("ES256").kid


def test_one_rsa_key_does_not_serve_two_algorithms(safe: Safe, tmp_path: Path) -> None:
    for name in ("ps256.pem", "rs256.pem"):
        (tmp_path / name).write_bytes(pem(signing("RS256").private))
    assert [found.outcome for found in imported(safe, tmp_path)] == ["active", "known"]
    assert safe.keyring.algorithms() == ("PS256",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key"),
        (
            signing("ES256").private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "no private key",
        ),
        (
            signing("ES256").private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
            "encrypted",
        ),
        (pem(rsa.generate_private_key(65537, 1024)), "1024"),  # noqa: S505 - to be refused
        (pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (pem(ed448.Ed448PrivateKey.generate()), "does not use"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_sign_here_is_refused_with_its_file_named(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "odd.pem").write_bytes(data)
    with pytest.raises(UnsuitableKey, match=rf"odd\.pem: .*{words}"):
        list(read_directory(tmp_path))


def test_other_files_and_a_missing_directory_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "sealing.key").write_bytes(b"secret")
    assert list(read_directory(tmp_path)) == []
    assert list(read_directory(tmp_path / "none")) == []


@pytest.mark.parametrize("name", ["ecdh-es", "ecdh-es-2026"])
def test_a_name_makes_it_a_key_for_encryption(safe: Safe, tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.pem").write_bytes(pem(signing("ES256").private))
    (found,) = imported(safe, tmp_path)
    assert (found.outcome, found.algorithm) == ("active", "ECDH-ES")
    assert [key.kid for key in safe.keyring.decryption_keys()] == [found.kid]
