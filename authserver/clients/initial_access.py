"""Initial access tokens: what lets somebody register clients, and as what (RFC 7591 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from authserver.clients import policy as policies
from authserver.crypto.handles import Handles, Kind
from authserver.events.catalog import InitialAccessTokenCreated, InitialAccessTokenRevoked, InitialAccessTokenUsed
from authserver.events.outbox import Recorder
from authserver.protocol import validity
from authserver.protocol.errors import InvalidToken, NotFound, ValidationError
from authserver.protocol.policy import PROFILES, ClientPolicy
from authserver.storage.database import Database
from authserver.storage.models.clients import InitialAccessToken
from authserver.storage.unit import Unit

DAY: Final = 86400
LONGEST_LIFE: Final = 366 * DAY
MOST_USES: Final = 1_000_000
LONGEST_NOTE: Final = 255
REALM: Final = 'Bearer realm="registration"'


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token: its row, and its value, which cannot be shown again."""

    token: InitialAccessToken
    value: str


class InitialAccessTokens:
    """Makes, ends and uses initial access tokens."""

    def __init__(self, database: Database, handles: Handles, recorder: Recorder) -> None:
        self._database = database
        self._handles = handles
        self._recorder = recorder

    def create(
        self,
        profile: str,
        *,
        uses: int | None = 1,
        lifetime: int = DAY,
        note: str = "",
        actor_id: str | None = None,
        profiles: Mapping[str, ClientPolicy] = PROFILES,
    ) -> Issued:
        """Make a token that is good for `uses` registrations (None: any number) within `lifetime` seconds.

        Raises:
            ValidationError: the profile is unknown, or a number is out of bounds.
        """
        policies.base_of(profile, profiles)
        if uses is not None and not 0 < uses <= MOST_USES:
            raise ValidationError(f"uses takes 1 to {MOST_USES}", field="uses")
        if not 0 < lifetime <= LONGEST_LIFE:
            raise ValidationError(f"the lifetime takes 1 to {LONGEST_LIFE} seconds", field="lifetime")
        if len(note) > LONGEST_NOTE or not (note.isprintable() or not note):
            raise ValidationError(f"a note has at most {LONGEST_NOTE} printable characters", field="note")
        handle = self._handles.issue(Kind.INITIAL_ACCESS)
        token = InitialAccessToken(
            digest=handle.digest,
            profile=profile,
            uses_left=uses,
            expires_at=validity.after(lifetime),
            created_by=actor_id,
            note=note,
        )
        with self._database.unit() as unit:
            unit.initial_access_tokens.add(token)
            event = InitialAccessTokenCreated(token_id=token.id, actor_id=actor_id, profile=profile, uses=uses)
            self._recorder.record(unit, event)
        return Issued(token, handle.value)

    def revoke(self, token_id: str, *, actor_id: str | None = None) -> None:
        """End a token. Raises NotFound where none with this id is left to end."""
        with self._database.unit() as unit:
            if not unit.initial_access_tokens.revoke(token_id):
                raise NotFound("there is no such initial access token, or it was revoked already")
            self._recorder.record(unit, InitialAccessTokenRevoked(token_id=token_id, actor_id=actor_id))

    def profile_of(self, value: str) -> str:
        """The profile of clients that are registered with this token; nothing is used up.

        Raises:
            InvalidToken: this server never issued it.
        """
        digest = self._digest(value)
        with self._database.reading() as unit:
            token = unit.initial_access_tokens.find(digest)
        if token is None:
            raise _refused("initial_token_unknown")
        return token.profile

    def consume(self, unit: Unit, value: str, client_id: str) -> None:
        """Use a token once, for this client, in the transaction that registers it.

        Raises:
            InvalidToken: it is used up, expired or revoked.
        """
        digest = self._digest(value)
        if not unit.initial_access_tokens.consume(digest):
            raise _refused("initial_token_spent")
        token = unit.initial_access_tokens.find(digest)
        if token is not None:
            self._recorder.record(unit, InitialAccessTokenUsed(token_id=token.id, client_id=client_id))

    def _digest(self, value: str) -> bytes:
        digest = self._handles.digest(Kind.INITIAL_ACCESS, value)
        if digest is None:
            raise _refused("initial_token_malformed")
        return digest


def _refused(why: str) -> InvalidToken:
    return InvalidToken(
        "The initial access token is not valid, or not valid any more.",
        reason="initial_token_invalid",
        spec="RFC 7591 §3",
        details={"why": why},
        headers=(("WWW-Authenticate", f'{REALM}, error="invalid_token"'),),
    )
