"""A credential and everything that stands behind it, in one read."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar, cast

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, ColumnElement, Table, select

from authserver.storage.compiled import Compiled
from authserver.storage.frozen import Frozen, frozen
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.decoupled import BackchannelRequest, DeviceRequest
from authserver.storage.models.grants import AuthorizationCode, Grant, RefreshToken
from authserver.storage.models.sessions import Session
from authserver.storage.models.users import User
from authserver.storage.repositories.liveness import Standing
from authserver.storage.transaction import Transaction

Credential = TypeVar("Credential", AuthorizationCode, RefreshToken, DeviceRequest, BackchannelRequest)

_GRANT, _USER = len(Grant.__table__.columns), len(User.__table__.columns)
# Columns of a trait stand where SQLAlchemy puts them: an absent row is told by its key, wherever that is.
_GRANT_ID = list(Grant.__table__.columns).index(Grant.__table__.c.id)
_USER_ID = list(User.__table__.columns).index(User.__table__.c.id)
_OTHERS = (
    ClientRecord.enabled,
    ClientRecord.created_at,
    Session.id,
    Session.ended_at,
    Session.expires_at,
    Session.last_seen_at,
    Session.idle_ttl,
)


class Backed(NamedTuple, Generic[Credential]):
    """A credential's row, its grant and the grant's person, all only to be looked at, and how the grant stands."""

    row: Credential
    grant: Grant | None
    user: User | None
    standing: Standing | None


class BackedFind(Generic[Credential]):
    """Finds credentials with what stands behind them: what `Liveness` tells, without another round trip."""

    def __init__(self, model: type[Credential], condition: ColumnElement[bool]) -> None:
        table = cast("Table", model.__table__)
        self._row: Frozen[Credential] = frozen(model)
        self._grant, self._user = frozen(Grant), frozen(User)
        self._width = len(table.columns)
        statement = (
            select(table, Grant.__table__, User.__table__, *_OTHERS)
            .select_from(table)
            .outerjoin(Grant, Grant.id == model.grant_id)
            .outerjoin(ClientRecord, ClientRecord.id == Grant.client_id)
            .outerjoin(User, User.id == Grant.user_id)
            .outerjoin(Session, Session.id == Grant.session_id)
            .where(condition)
        )
        self._compiled = Compiled(statement.set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL))

    def first(self, transaction: Transaction, **values: Any) -> Backed[Credential] | None:
        """The first that is found, or None."""
        found = self._compiled.first(transaction, **values)
        if found is None:
            return None
        at = self._width
        row, rest = self._row.of_row(found[:at]), found[at:]
        if rest[_GRANT_ID] is None:
            return Backed(row, None, None, None)
        grant, person, others = self._grant.of_row(rest[:_GRANT]), rest[_GRANT : _GRANT + _USER], rest[_GRANT + _USER :]
        user = self._user.of_row(person) if person[_USER_ID] is not None else None
        return Backed(row, grant, user, _standing(grant, user, others))


def _standing(grant: Grant, user: User | None, others: tuple[Any, ...]) -> Standing | None:
    if others[0] is None:
        return None
    return Standing(
        client_enabled=others[0],
        client_created_at=others[1],
        revoked_jti=None,
        grant_id=grant.id,
        grant_revoked_at=grant.revoked_at,
        offline=grant.offline,
        user_id=grant.user_id,
        session_id=grant.session_id,
        found_user_id=user.id if user else None,
        is_active=user.is_active if user else None,
        deleted_at=user.deleted_at if user else None,
        status=user.status if user else None,
        username=user.username if user else None,
        email=user.email if user else None,
        found_session_id=others[2],
        session_ended_at=others[3],
        session_expires_at=others[4],
        session_last_seen_at=others[5],
        session_idle_ttl=others[6],
    )
