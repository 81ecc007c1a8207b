"""Clients that register and manage themselves (RFC 7591, RFC 7592, OpenID Connect Dynamic Client Registration 1.0).

Whoever registers chooses what the specifications let a client choose. Profile,
resources and everything that is not in the registry of client metadata stay
the operator's: they come from the initial access token and from the settings.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from authserver.clients.initial_access import InitialAccessTokens
from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import ClientRegistration, Provenance, generated_id
from authserver.clients.self_described import changes, permitted, refusal, wanted
from authserver.clients.statements import SoftwareStatements
from authserver.crypto.handles import Handles, Kind
from authserver.protocol.errors import (
    InvalidClientMetadata,
    InvalidToken,
    NotFound,
    RegistrationRefused,
    ValidationError,
)
from authserver.settings.schema import Settings
from authserver.storage.database import Database
from authserver.storage.models.clients import ClientRecord
from authserver.storage.unit import Unit

REALM: Final = 'Bearer realm="registration"'


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client as it is told: its row, and the secrets that it received just now, which cannot be shown again."""

    record: ClientRecord
    secret: str | None = None
    registration_token: str | None = None


class DynamicRegistration:
    """Registers, shows, changes and removes clients at their own request."""

    def __init__(
        self,
        database: Database,
        handles: Handles,
        clients: ClientRegistration,
        *,
        settings: Settings,
        initial_tokens: InitialAccessTokens,
        statements: SoftwareStatements,
    ) -> None:
        self._settings = settings
        self._database = database
        self._handles = handles
        self._clients = clients
        self._initial_tokens = initial_tokens
        self._statements = statements

    def register(self, document: Mapping[str, Any], initial_token: str | None) -> RegisteredClient:
        """Register the client that `document` describes.

        Raises:
            RegistrationRefused: registration is closed, or too many clients wait to be used.
            InvalidToken: the initial access token is missing where it is needed, or not good.
            InvalidClientMetadata, UnacceptableRedirectURI: something cannot be accepted.
            InvalidSoftwareStatement, UnapprovedSoftwareStatement: its statement cannot.
        """
        profile = self._admit(initial_token)
        handle = self._handles.issue(Kind.REGISTRATION)
        by = Provenance("anonymous" if initial_token is None else "token", handle.digest)
        try:
            described = self._wanted(document, profile, by.origin)
            self._clients.check_sector(described)
            with self._database.unit() as unit:
                client_id = generated_id()
                made = self._clients.create_in(unit, permitted(unit, described), client_id=client_id, by=by)
                self._settle_admission(unit, initial_token, client_id)
        except ValidationError as error:
            raise refusal(error) from error
        return RegisteredClient(made.client, made.secret, handle.value)

    def read(self, client_id: str, token: str | None) -> RegisteredClient:
        """The client that `token` belongs to. Raises InvalidToken."""
        with self._database.reading() as unit:
            return RegisteredClient(self._proven(unit, client_id, token))

    def update(self, client_id: str, token: str | None, document: Mapping[str, Any]) -> RegisteredClient:
        """Replace what a client registered by `document`; what is left out gets its default (RFC 7592 §2.2).

        Raises:
            InvalidToken: the registration access token is not this client's.
            InvalidClientMetadata, UnacceptableRedirectURI: something cannot be accepted.
            InvalidSoftwareStatement, UnapprovedSoftwareStatement: its statement cannot.
        """
        # A transaction that writes, so that the client is not removed between the two.
        with self._database.unit() as unit:
            record = self._proven(unit, client_id, token, held=True)
            self._check_identity(unit, record, document)
        try:
            described = self._wanted(document, record.profile, record.origin)
            with self._database.reading() as unit:
                described = permitted(unit, described)
            made = self._clients.update(client_id, changes(described))
        except ValidationError as error:
            raise refusal(error) from error
        except NotFound as error:
            raise _not_proven("client_gone") from error
        return RegisteredClient(made.client, made.secret)

    def delete(self, client_id: str, token: str | None) -> None:
        """Remove the client with everything that hangs on it. Raises InvalidToken."""
        with self._database.reading() as unit:
            self._proven(unit, client_id, token)
        with suppress(NotFound):  # Whoever deletes it at the same moment gets what was asked for.
            self._clients.delete(client_id)

    def _admit(self, initial_token: str | None) -> str:
        """The profile of the client to be, if it may be registered at all."""
        if self._settings.registration == "closed":
            raise RegistrationRefused(
                "Clients are registered by administrators here.",
                reason="registration_closed",
                spec="RFC 7591 §3",
                setting="registration",
            )
        if initial_token is not None:
            return self._initial_tokens.profile_of(initial_token)
        if self._settings.registration == "token":
            raise InvalidToken(
                "Registration needs an initial access token.",
                reason="initial_token_missing",
                spec="RFC 7591 §3",
                setting="registration",
                headers=(("WWW-Authenticate", REALM),),
            )
        return self._settings.registration_profile

    def _settle_admission(self, unit: Unit, initial_token: str | None, client_id: str) -> None:
        """Use the token up, or count the stranger, in the transaction of the registration: both hold or none."""
        if initial_token is not None:
            self._initial_tokens.consume(unit, initial_token, client_id)
        elif unit.clients.unused() > self._settings.registration_unused_limit:
            raise RegistrationRefused(
                "Too many clients were registered and not used yet. Try again later.",
                reason="too_many_unused_clients",
                spec="RFC 7591 §5",
                setting="registration_unused_limit",
            )

    def _wanted(self, document: Mapping[str, Any], profile: str, origin: str) -> ClientMetadata:
        return wanted(self._statements.applied(document), profile, by_stranger=origin == "anonymous")

    def _proven(self, unit: Unit, client_id: str, token: str | None, *, held: bool = False) -> ClientRecord:
        if token is None:
            raise InvalidToken(
                "The registration access token is missing.",
                reason="registration_token_missing",
                spec="RFC 7592 §2",
                headers=(("WWW-Authenticate", REALM),),
            )
        digest = self._handles.digest(Kind.REGISTRATION, token)
        find = unit.clients.hold if held else unit.clients.find
        record = find(client_id) if digest is not None and client_id.isascii() else None
        known = record.registration_digest if record is not None else None
        if record is None or digest is None or known is None or not hmac.compare_digest(known, digest):
            raise _not_proven("registration_token_wrong")
        if not record.enabled:
            raise _not_proven("client_disabled")
        return record

    def _check_identity(self, unit: Unit, record: ClientRecord, document: Mapping[str, Any]) -> None:
        """An update names the client, and may name its secret but not choose it (RFC 7592 §2.2)."""
        if document.get("client_id") != record.id:
            raise InvalidClientMetadata(
                "client_id must be that of this client.", reason="client_id_mismatch", spec="RFC 7592 §2.2"
            )
        secret = document.get("client_secret")
        if secret is not None and not self._clients.knows_secret(unit, record.id, secret):
            raise InvalidClientMetadata(
                "client_secret must be the present one or be left out.", reason="secret_chosen", spec="RFC 7592 §2.2"
            )


def _not_proven(why: str) -> InvalidToken:
    return InvalidToken(
        "The registration access token is not valid for this client.",
        reason="registration_token_invalid",
        spec="RFC 7592 §2",
        details={"why": why},
        headers=(("WWW-Authenticate", f'{REALM}, error="invalid_token"'),),
    )
