"""What a client gets to see in its own form: names of people, ID tokens, UserInfo; and reading what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from authserver.clients.directory import ClientSource
from authserver.clients.keys import ClientKeys
from authserver.clients.secret_keys import SecretKeys
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.issuing.hints import HintReader
from authserver.issuing.protection import Protector
from authserver.issuing.userinfo import UserInfo
from authserver.signing.keyring import Keyring
from authserver.storage.database import Database


@dataclass(frozen=True, slots=True)
class Answers:
    """The four that belong together: whoever has one form for a client must have them all."""

    subjects: SubjectIdentifiers
    protector: Protector
    hints: HintReader
    user_info: UserInfo


def answers(
    issuer: str,
    database: Database,
    subjects: SubjectIdentifiers,
    *,
    keyring: Keyring,
    clients: ClientSource,
    client_keys: ClientKeys,
    secret_keys: SecretKeys,
) -> Answers:
    """Wire them."""
    protector = Protector(keyring, client_keys, secret_keys)
    return Answers(
        subjects=subjects,
        protector=protector,
        hints=HintReader(issuer, keyring, clients, subjects, secret_keys),
        user_info=UserInfo(issuer, database, clients, subjects, protector),
    )
