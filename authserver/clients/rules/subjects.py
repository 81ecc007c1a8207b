"""Subject types: which clients may see one person under one pairwise `sub` (OIDC Core §8.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from authserver.clients.extensions import Extensions
from authserver.protocol.errors import ValidationError
from authserver.protocol.policy import ClientPolicy

if TYPE_CHECKING:
    from authserver.clients.metadata import ClientMetadata

SUBJECT_TYPES = ("public", "pairwise")


def settled(wanted: ClientMetadata, policy: ClientPolicy) -> Extensions:  # noqa: ARG001 - as every rule
    """A pairwise client has one host, or names who else belongs to its sector (`clients.sectors` asks there)."""
    found = wanted.extensions
    if found.subject_type not in SUBJECT_TYPES:
        raise ValidationError(f"subject_type takes {' or '.join(SUBJECT_TYPES)}", field="subject_type")
    if found.subject_type == "pairwise" and found.sector_identifier_uri is None:
        hosts = {urlsplit(uri).hostname or urlsplit(uri).scheme for uri in wanted.redirect_uris}
        if len(hosts) != 1:
            raise ValidationError(
                "pairwise subjects need redirect URIs of one host, or a sector_identifier_uri (OIDC Core §8.1)",
                field="subject_type",
            )
    return found
