"""One request and its answer, byte for byte, and the ways to show them.

A client secret inside a request is kept with it and masked unless a person
asks to see it; `$CLIENT_SECRET` stands for it in commands to be copied.
"""

from __future__ import annotations

import re
import shlex
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus, urlsplit

import orjson

from authserver.playground.inspection import Check, Token
from authserver.protocol import json_values

MASK: Final = "••••••••"
SECRET_FIELD: Final = "client_secret"
_VARIABLE = "$CLIENT_SECRET"
_IN_BODY = re.compile(rf"(?<![^&]){SECRET_FIELD}=[^&]*")
_REFERENCE = re.compile(r"[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}")

Pairs = tuple[tuple[str, str], ...]


class Step(StrEnum):
    """What an exchange was for."""

    AUTHORIZATION = "authorization"
    TOKEN = "token"
    KEYS = "keys"
    USERINFO = "userinfo"
    REFRESH = "refresh"
    INTROSPECTION = "introspection"
    REVOCATION = "revocation"
    LOGOUT = "logout"


SECTIONS: Final[Mapping[Step, str]] = {
    Step.AUTHORIZATION: "RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2",
    Step.TOKEN: "RFC 6749 §4.1.3, RFC 7636 §4.5",
    Step.KEYS: "RFC 7517 §5, OIDC Core §3.1.3.7, RFC 9068 §4",
    Step.USERINFO: "OIDC Core §5.3, RFC 6750 §2.1",
    Step.REFRESH: "RFC 6749 §6, OIDC Core §12",
    Step.INTROSPECTION: "RFC 7662 §2",
    Step.REVOCATION: "RFC 7009 §2",
    Step.LOGOUT: "OIDC RP-Initiated Logout §2",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it left. One that the browser carried is an address alone."""

    method: str
    url: str
    headers: Pairs = ()
    body: str = ""
    by_browser: bool = False

    @property
    def text(self) -> str:
        """The request with its client secret masked."""
        headers = tuple((name, _masked_header(name, value)) for name, value in self.headers)
        return replace(self, headers=headers, body=_IN_BODY.sub(f"{SECRET_FIELD}={MASK}", self.body)).revealed

    @property
    def revealed(self) -> str:
        """The request as it was."""
        if self.by_browser:
            return self.url
        parts = urlsplit(self.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return "\n".join([*lines, "", self.body] if self.body else lines)

    @property
    def has_secret(self) -> bool:
        """Whether a client secret is in it."""
        return self.text != self.revealed

    @property
    def parameters(self) -> Pairs:
        """What the query or the form says, decoded, with the client secret masked."""
        pairs = parse_qsl(self.body or urlsplit(self.url).query, keep_blank_values=True)
        return tuple((name, MASK if name == SECRET_FIELD else value) for name, value in pairs)

    @property
    def curl(self) -> str:
        """A command that sends the same, with a variable in place of the secret."""
        return self._curl(revealed=False)

    @property
    def revealed_curl(self) -> str:
        """A command that sends the same."""
        return self._curl(revealed=True)

    def _curl(self, *, revealed: bool) -> str:
        words = ["curl -s -i", shlex.quote(self.url)]
        for name, value in self.headers:
            if name == "Authorization" and value.startswith("Basic "):
                words.append(f"-u {_credentials(value, revealed=revealed)}")
            elif name not in {"Host", "Content-Type", "Content-Length", "Accept"}:
                words.append("-H " + shlex.quote(f"{name}: {value}"))
        for name, value in parse_qsl(self.body, keep_blank_values=True):
            hidden = name == SECRET_FIELD and not revealed
            words.append("--data-urlencode " + (f'"{name}={_VARIABLE}"' if hidden else shlex.quote(f"{name}={value}")))
        return " \\\n  ".join(words)


@dataclass(frozen=True, slots=True)
class Received:
    """An answer as it came: an HTTP response, or with the status 0 what the browser was sent back with."""

    start: str
    status: int = 0
    headers: Pairs = ()
    body: str = ""
    parameters: Pairs = ()

    @property
    def text(self) -> str:
        """The whole answer, byte for byte."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        return "\n".join([*lines, "", self.body] if self.body else lines)

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) and json_values.can_be_kept(found) else {}

    @property
    def content(self) -> str:
        """The body, indented where it is JSON."""
        document = self.document
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() if document else self.body

    @property
    def error(self) -> str:
        """The error code, empty where all is well."""
        found = self.document.get("error") or dict(self.parameters).get("error", "")
        return str(found) or ("" if self.status < 400 else str(self.status))

    @property
    def reference(self) -> str:
        """The reference that `authserver explain` takes, in an answer that refuses."""
        found = _REFERENCE.search(f"{self.body} {dict(self.parameters).get('error_description', '')}")
        return found[0] if found and self.error else ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One numbered step of a run. Without an answer the browser has not come back yet."""

    number: int
    step: Step
    sent: Sent
    received: Received | None = None
    checks: tuple[Check, ...] = ()
    tokens: tuple[Token, ...] = ()
    subject: str = ""
    """Which token it was about, where a run has several."""

    @property
    def section(self) -> str:
        """Where the specifications describe it."""
        return SECTIONS[self.step]

    @property
    def is_refused(self) -> bool:
        """Whether the answer was a no, or not to be trusted."""
        refused = self.received is not None and bool(self.received.error)
        return refused or not all(check.passed for check in self.all_checks)

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """Its own checks and those of its tokens."""
        return (*self.checks, *(check for token in self.tokens for check in token.checks))


def response(status: int, headers: Pairs, body: bytes) -> Received:
    """The answer of an endpoint."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return Received(f"HTTP/1.1 {status} {phrase}".rstrip(), status, headers, body.decode("utf-8", "replace"))


def basic(client_id: str, secret: str) -> str:
    """The credentials of client_secret_basic before base64: both parts are form-encoded first (RFC 6749 §2.3.1)."""
    return f"{quote_plus(client_id)}:{quote_plus(secret)}"


def exchange_from(document: Mapping[str, Any]) -> Exchange:
    """An exchange as it was stored."""
    received = document["received"]
    return Exchange(
        number=document["number"],
        step=Step(document["step"]),
        sent=Sent(**{**document["sent"], "headers": _pairs(document["sent"]["headers"])}),
        received=received
        and Received(**{**received, **{name: _pairs(received[name]) for name in ("headers", "parameters")}}),
        checks=tuple(Check(**known) for known in document["checks"]),
        tokens=tuple(
            Token(**{**known, "checks": tuple(Check(**check) for check in known["checks"])})
            for known in document["tokens"]
        ),
        subject=document["subject"],
    )


def _pairs(stored: list[list[str]]) -> Pairs:
    return tuple((name, value) for name, value in stored)


def _masked_header(name: str, value: str) -> str:
    return f"Basic {MASK}" if name == "Authorization" and value.startswith("Basic ") else value


def _credentials(header: str, *, revealed: bool) -> str:
    """The argument of `curl -u`, which is sent as it stands."""
    credentials = b64decode(header.removeprefix("Basic ")).decode()
    if revealed:
        return shlex.quote(credentials)
    return f'"{credentials.partition(":")[0]}:{_VARIABLE}"'
