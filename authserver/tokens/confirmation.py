"""What a token is bound to, and what a request has shown: the `cnf` claim (RFC 7800 §3.1).

A bound token is good only together with the key, so whoever steals it has
nothing (RFC 9700 §2.2.1). `jkt` is the thumbprint of a DPoP key (RFC 9449 §6.1),
`x5t#S256` that of a client certificate (RFC 8705 §3.1).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authserver.tokens.mutual_tls import CONFIRMATION

JKT: Final = "jkt"
X5T: Final = CONFIRMATION


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The keys that the sender of a request has shown to hold."""

    jkt: str | None = None
    x5t: str | None = None

    @property
    def cnf(self) -> dict[str, str] | None:
        """The claim of a token that is bound to them; None where there are none."""
        shown = {name: value for name, value in ((JKT, self.jkt), (X5T, self.x5t)) if value is not None}
        return shown or None

    def holds(self, cnf: Mapping[str, Any] | None, name: str) -> bool:
        """Whether the key that `cnf` demands under `name` was shown, or none is demanded."""
        demanded = (cnf or {}).get(name)
        if demanded is None:
            return True
        shown = self.jkt if name == JKT else self.x5t
        return shown is not None and hmac.compare_digest(str(demanded).encode(), shown.encode())


NOTHING: Final = Confirmation()
"""A request that has shown no key."""


def token_type(cnf: Mapping[str, Any] | None) -> str:
    """How a token with this `cnf` is to be presented (RFC 9449 §5): certificate-bound ones are Bearer (RFC 8705 §3)."""
    return "DPoP" if JKT in (cnf or {}) else "Bearer"
