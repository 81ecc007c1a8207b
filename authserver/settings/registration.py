"""Settings that decide who may register clients, and what clients that register themselves may be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from authserver.protocol.policy import PROFILES
from authserver.settings.definitions import setting


@dataclass(frozen=True)
class Registration:
    """Client registration"""

    registration: Literal["closed", "token", "open"] = setting(
        "closed",
        "choice",
        "Who may register clients: nobody but administrators, whoever has an initial access token, or everybody.",
        spec="RFC 7591 §3",
        choices=("closed", "token", "open"),
    )
    registration_profile: str = setting(
        "default",
        "choice",
        "The profile of clients that register themselves, where no initial access token names another.",
        choices=tuple(PROFILES),
    )
    registration_unused_limit: int = setting(
        1000,
        "count",
        "How many clients may have registered themselves without a token and not have been used yet.",
        unit="clients",
        spec="RFC 7591 §5",
        minimum=1,
    )
    client_id_metadata_documents: bool = setting(
        False,
        "flag",
        "Whether an https address may be a client id, with the client's metadata behind it.",
        spec="draft-ietf-oauth-client-id-metadata-document",
    )
    software_statement_issuers: Path | None = setting(
        None,
        "path",
        "Who is trusted to make statements about software: a JSON object of key sets by issuer.",
        spec="RFC 7591 §2.3",
        varies=True,
    )
