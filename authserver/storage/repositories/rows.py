"""What repositories share: the transaction, and reading a conditional UPDATE's row count."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult, Executable
from sqlalchemy.orm import Session

from authserver.storage.transaction import Transaction


class Repository:
    """Queries over one aggregate, in the transaction of its unit."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction

    @property
    def session(self) -> Session:
        """SQLAlchemy's session on the transaction, for what is not worth a statement of its own."""
        return self.transaction.session

    def _changed(self, statement: Executable) -> int:
        """Run a conditional UPDATE or DELETE and tell how many rows it changed."""
        result = self.session.execute(statement, execution_options={"synchronize_session": False})
        return cast("CursorResult[Any]", result).rowcount
