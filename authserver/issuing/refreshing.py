"""Refresh tokens as rows: the first of a family, its successors, and the grace in which a repeat is answered.

A successor's value is kept, sealed under a key that only the presented token
yields, until it is used or the grace ends: so a client whose answer was lost
gets the same successor again, and a thief of the database gets nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authserver.clients.directory import Client
from authserver.crypto.handles import Handle, Handles, Kind
from authserver.crypto.sealing import SealingError, open_under, seal_under
from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.protocol.policy import REFRESH_TOKEN
from authserver.protocol.scopes import OFFLINE_ACCESS, OPENID
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import Grant, RefreshToken
from authserver.storage.repositories.backing import Backed
from authserver.storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Successor:
    """The refresh token to hand out; `repeated` when it is one that was handed out before."""

    value: str
    repeated: bool = False


def is_due(client: Client, granted: frozenset[str]) -> bool:
    """Whether a refresh token belongs to the answer: policy and registration decide, and offline access with OpenID."""
    if REFRESH_TOKEN not in client.grant_types:
        return False
    always = client.policy.refresh_tokens == "always"
    return always or OPENID not in granted or OFFLINE_ACCESS in granted


class RefreshTokenIssuer:
    """Makes refresh tokens and finds the successor that a repeated request is due."""

    def __init__(self, handles: Handles, pepper: bytes) -> None:
        self._handles = handles
        self._salt = hmac.digest(pepper, b"authserver:refresh-successor", "sha256")

    def presented(self, unit: Unit, value: str) -> Backed[RefreshToken] | None:
        """The row of a presented value and what stands behind it."""
        digest = self._handles.digest(Kind.REFRESH_TOKEN, value)
        return unit.refresh_tokens.presented(digest) if digest is not None else None

    def first(
        self, unit: Unit, grant: Grant, client: Client, *, scope: str, cnf: Mapping[str, Any] | None = None
    ) -> str:
        """The first token of a grant's family, bound to the keys in `cnf`."""
        handle = self._handles.issue(Kind.REFRESH_TOKEN)
        moment = validity.now()
        family_end = validity.after(client.policy.refresh_max_ttl, moment)
        unit.refresh_tokens.add(
            frozen(RefreshToken).new(
                id=new_id(),
                digest=handle.digest,
                family_id=grant.id,
                grant_id=grant.id,
                user_id=grant.user_id,
                session_id=grant.session_id,
                client_id=client.id,
                scope=scope,
                resources=list(grant.resources),
                issued_at=moment,
                expires_at=min(validity.after(client.policy.refresh_idle_ttl, moment), family_end),
                family_expires_at=family_end,
                cnf=dict(cnf) if cnf else None,
            )
        )
        return handle.value

    def rotate(
        self, unit: Unit, presented: str, row: RefreshToken, client: Client, *, cnf: Mapping[str, Any] | None = None
    ) -> Successor | None:
        """Use up `row` in favour of a new token, bound to the keys in `cnf`; None when another request did so first."""
        handle = self._handles.issue(Kind.REFRESH_TOKEN)
        successor_id, grace = new_id(), client.policy.refresh_grace
        sealed = self._seal(presented, row.id, handle) if grace > 0 else None
        until = validity.after(grace) if grace > 0 else None
        if not unit.refresh_tokens.rotate(row.id, replaced_by=successor_id, sealed=sealed, grace_until=until):
            return None
        unit.refresh_tokens.erase_sealed_before(row)
        unit.refresh_tokens.add(self._successor(row, successor_id, handle, client, cnf))
        return Successor(handle.value)

    def _successor(
        self, row: RefreshToken, successor_id: str, handle: Handle, client: Client, cnf: Mapping[str, Any] | None
    ) -> RefreshToken:
        moment = validity.now()
        return frozen(RefreshToken).new(
            id=successor_id,
            digest=handle.digest,
            family_id=row.family_id,
            grant_id=row.grant_id,
            user_id=row.user_id,
            session_id=row.session_id,
            client_id=row.client_id,
            scope=row.scope,
            resources=list(row.resources),
            issued_at=moment,
            expires_at=min(validity.after(client.policy.refresh_idle_ttl, moment), row.family_expires_at),
            family_expires_at=row.family_expires_at,
            cnf=dict(cnf) if cnf else None,
        )

    def keep(self, unit: Unit, presented: str, row: RefreshToken, client: Client) -> Successor | None:
        """For clients whose tokens do not rotate: `row` lives on; None when another request ended it meanwhile."""
        until = min(validity.after(client.policy.refresh_idle_ttl), row.family_expires_at)
        return Successor(presented) if unit.refresh_tokens.extend(row.id, until) else None

    def repeat(self, unit: Unit, presented: str, row: RefreshToken, client: Client) -> Successor | None:
        """The successor that a repeat within the grace is due, while that successor is unused; else None."""
        if client.policy.refresh_grace == 0 or row.grace_until is None or validity.is_past(row.grace_until):
            return None
        if row.successor_sealed is None:
            return None
        successor = unit.refresh_tokens.find_by_id(row.replaced_by) if row.replaced_by else None
        if successor is None or successor.consumed_at is not None or successor.revoked_at is not None:
            return None
        try:
            opened = open_under(presented.encode(), self._salt, row.id.encode(), row.successor_sealed)
        except SealingError:
            return None
        return Successor(opened.decode(), repeated=True)

    def _seal(self, presented: str, row_id: str, handle: Handle) -> bytes:
        return seal_under(presented.encode(), self._salt, row_id.encode(), handle.value.encode())
