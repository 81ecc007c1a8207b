"""The roles that are there from the start."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ADMINISTRATOR: Final = "admin"
"""The role that may do everything."""

SYSTEM_ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {ADMINISTRATOR: "May administer this server", "user": "May sign in"}
)
"""Their names and what they are for."""
