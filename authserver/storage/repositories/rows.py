"""What repositories share: the session, and reading a conditional UPDATE's row count."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult, Executable
from sqlalchemy.orm import Session


class Repository:
    """Queries over one aggregate, in the transaction of its unit."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def _changed(self, statement: Executable) -> int:
        """Run a conditional UPDATE or DELETE and tell how many rows it changed."""
        result = self.session.execute(statement, execution_options={"synchronize_session": False})
        return cast("CursorResult[Any]", result).rowcount
