"""Token revocation (RFC 7009)."""

from __future__ import annotations

from authserver.clients.directory import Client
from authserver.events.catalog import AccessTokenRevoked, GrantRevoked, RefreshTokenRevoked
from authserver.events.outbox import Recorder
from authserver.issuing.reading import ReadToken, TokenReader
from authserver.protocol import validity
from authserver.storage.database import Database
from authserver.storage.unit import Unit


class Revoker:
    """Ends tokens at their client's word. What is not the client's own is answered as if it were unknown."""

    def __init__(self, database: Database, reader: TokenReader, recorder: Recorder) -> None:
        self._database = database
        self._reader = reader
        self._recorder = recorder

    def revoke(self, client: Client, value: str) -> None:
        """End a token; a refresh token takes its family and their access tokens with it (RFC 7009 §2.1)."""
        if self._reader.look_up(value) is not None:
            self._database.retrying(lambda: self._revoke(client, value))

    def _revoke(self, client: Client, value: str) -> None:
        with self._database.unit() as unit:
            token = self._reader.read(unit, value)
            if token is None or token.client_id != client.id:
                return
            if token.kind == "refresh_token":
                self._end_family(unit, token)
            elif token.is_live:
                self._end_access_token(unit, token)

    def _end_family(self, unit: Unit, token: ReadToken) -> None:
        row = token.refresh_row
        if row is None or not unit.refresh_tokens.revoke_family(row.family_id):
            return
        user_id, client_id, grant_id = row.user_id, row.client_id, row.grant_id
        self._recorder.record(
            unit,
            RefreshTokenRevoked(
                reason="revoked_by_client",
                family_id=row.family_id,
                user_id=user_id,
                client_id=client_id,
                grant_id=grant_id,
            ),
        )
        if unit.grants.revoke(grant_id, "revoked_by_client"):
            self._recorder.record(
                unit, GrantRevoked(reason="revoked_by_client", user_id=user_id, client_id=client_id, grant_id=grant_id)
            )

    def _end_access_token(self, unit: Unit, token: ReadToken) -> None:
        claims = token.claims
        if token.digest is not None:
            ended = unit.access_tokens.revoke(token.digest)
        else:
            ended = unit.revoked_tokens.add(claims["jti"], validity.from_epoch(claims["exp"]))
        if ended:
            self._recorder.record(
                unit, AccessTokenRevoked(token_id=claims["jti"], client_id=token.client_id, grant_id=token.grant_id)
            )
