"""Response types and response modes, and which go together.

OAuth 2.0 Multiple Response Type Encoding Practices §2 and §5, OAuth 2.0 Form
Post Response Mode, JWT Secured Authorization Response Mode (JARM) §2.3.
"""

from __future__ import annotations

from authserver.protocol.policy import AUTHORIZATION_CODE, CODE, IMPLICIT, RESPONSE_MODES, RESPONSE_TYPES

ID_TOKEN = "id_token"
TOKEN = "token"


def canonical(response_type: str) -> str | None:
    """The response type with its words in the order of `RESPONSE_TYPES`, which means the same; None if unknown."""
    words = " ".join(sorted(response_type.split(" ")))
    return words if words in RESPONSE_TYPES else None


def has(response_type: str, word: str) -> bool:
    """Whether the answer has a `code`, an `id_token` or a `token`."""
    return word in response_type.split()


def needed_grants(response_type: str) -> tuple[str, ...]:
    """The grants that a client with this response type registers (OIDC Registration §2, `grant_types`)."""
    code = (AUTHORIZATION_CODE,) if has(response_type, CODE) else ()
    return code if response_type == CODE else (*code, IMPLICIT)


def default_mode(response_type: str) -> str:
    """Where an answer goes if nothing is said: what has a token never goes into the query (§3, §5)."""
    return "query" if response_type in {CODE, ""} else "fragment"


def transport(response_mode: str, response_type: str) -> str:
    """`query`, `fragment` or `form_post`: how an answer in this mode travels (JARM §2.3)."""
    if response_mode == "jwt":
        return default_mode(response_type)
    return response_mode.removesuffix(".jwt")


def is_signed(response_mode: str) -> bool:
    """Whether the answer travels as one signed JWT (JARM §2)."""
    return response_mode == "jwt" or response_mode.endswith(".jwt")


def fit(response_mode: str, response_type: str) -> bool:
    """Whether an answer of this type may travel in this mode: tokens never go into a query, signed or not."""
    if response_mode not in RESPONSE_MODES:
        return False
    return not (transport(response_mode, response_type) == "query" and default_mode(response_type) == "fragment")
