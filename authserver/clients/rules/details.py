"""Types of authorization details that a client may ask for (RFC 9396 §10)."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from authserver.protocol.errors import ValidationError

if TYPE_CHECKING:
    from authserver.clients.metadata import ClientMetadata

NAME = "authorization_details_types"


def check(wanted: ClientMetadata, known: Collection[str]) -> None:
    """Every type is one of `known`, those that are registered here: of another one nobody could say what it means.

    Raises:
        ValidationError: one is not; it names those that are.
    """
    unknown = sorted(set(wanted.extensions.authorization_details_types) - set(known))
    if not unknown:
        return
    takes = ", ".join(sorted(known)) or "none"
    raise ValidationError(f"{NAME} takes {takes} here, not {unknown[0]!r} (RFC 9396 §10)", field=NAME)
