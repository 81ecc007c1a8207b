"""Members in other languages (RFC 7591 §2.2): as good as those they translate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authserver.clients.extensions import Extensions
from authserver.protocol import uris
from authserver.protocol.errors import ValidationError
from authserver.protocol.policy import ClientPolicy

if TYPE_CHECKING:
    from authserver.clients.metadata import ClientMetadata

MOST = 100
LONGEST_NAME = 255


def settled(wanted: ClientMetadata, policy: ClientPolicy) -> Extensions:  # noqa: ARG001 - as every rule
    """Each value is what the member without a language tag may be."""
    localized = wanted.extensions.localized
    if len(localized) > MOST:
        raise ValidationError(f"at most {MOST} members may have a language tag", field=next(iter(localized)))
    for name, value in localized.items():
        if not name.startswith("client_name#"):
            uris.check_web_uri(value, name)
        elif not value.strip() or len(value) > LONGEST_NAME or not value.isprintable():
            raise ValidationError(f"a name has 1 to {LONGEST_NAME} printable characters", field=name)
    return wanted.extensions
