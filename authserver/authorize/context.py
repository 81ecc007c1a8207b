"""The notebook of one authorization request: what came in, and what the steps made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Flag, auto
from typing import Any

from authserver.clients.directory import Client
from authserver.protocol import responses, validity
from authserver.protocol.claims import NOTHING, ClaimsRequest
from authserver.protocol.messages import Parameters


class Via(Flag):
    """The ways in which an authorization request is handled."""

    AUTHORIZE = auto()
    PUSH = auto()
    RESUME = auto()


FRESH = Via.AUTHORIZE | Via.PUSH
ALL = FRESH | Via.RESUME


@dataclass
class Context:
    """Steps read what earlier steps wrote; nothing is fetched twice.

    `parameters` are those that count: what came in, until a pushed request or a
    request object takes their place. `pushed` is the digest of a pushed request.
    `is_redirectable` is the border between an error page and a redirect: it
    turns true when client and redirect URI are verified. `max_age` is seconds,
    `expected_subject` the user id that `id_token_hint` names.
    """

    parameters: Parameters
    via: Via = Via.AUTHORIZE
    received_at: datetime = field(default_factory=validity.now)
    client: Client | None = None
    redirect_uri: str = ""
    is_redirectable: bool = False
    response_type: str = ""
    response_mode: str = "query"
    scopes: frozenset[str] = frozenset()
    audience: tuple[str, ...] = ()
    requested_resources: tuple[str, ...] = ()
    code_challenge: str | None = None
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    expected_subject: str | None = None
    claims: ClaimsRequest = NOTHING
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    pushed: bytes | None = None

    def get(self, name: str) -> str | None:
        """A parameter of the request."""
        return self.parameters.get(name)

    @property
    def verified_client(self) -> Client:
        """The client, for steps that run after it was loaded."""
        if self.client is None:
            raise AssertionError("the client is loaded by an earlier step")
        return self.client

    def wants(self, word: str) -> bool:
        """Whether the answer is to have a `code`, an `id_token` or a `token`."""
        return responses.has(self.response_type, word)

    @property
    def is_openid(self) -> bool:
        """Whether this is an OpenID Connect request."""
        return "openid" in self.scopes

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown (`prompt=none`)."""
        return "none" in self.prompts
