"""Runs: one attempt each, with everything that was sent and came back.

What a run holds (tokens, a client secret) is sealed under the playground's
cookie, which the server does not keep. So a run opens in the browser that
began it and nowhere else, and the store alone gives nothing away. The server's
own page cookie would not do: it changes when somebody signs in, which is what
happens in the middle of a run.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

import orjson

from authserver.crypto.sealing import SealingError, open_under, seal_under
from authserver.playground.exchanges import Exchange, exchange_from
from authserver.storage.ephemeral import Ephemeral

KEPT_SECONDS: Final = 1800
"""Counted from the last step."""
MOST_EXCHANGES: Final = 30
"""Steps of a run that are kept; older ones are dropped, so that nobody fills the store."""

_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose before the run. Empty values are not sent."""

    client_id: str
    secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    prompt: str = ""
    max_age: str = ""
    login_hint: str = ""
    response_mode: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt. `answered` is the authorization response that was taken, so that a reload takes it no second time.

    `keys` is the key set as it was fetched, `logout_state` is set while a person is away to sign out.
    """

    id: str
    choices: Choices
    auth_method: str
    nonce: str = field(repr=False)
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    answered: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    subject: str = ""
    person: str = ""
    keys: str = ""
    logout_state: str = ""
    signed_out: bool = False
    exchanges: tuple[Exchange, ...] = ()

    def with_exchange(self, exchange: Exchange, **changes: Any) -> Run:
        """The run with one more step."""
        return replace(self, exchanges=(*self.exchanges, exchange)[-MOST_EXCHANGES:], **changes)

    def with_last(self, exchange: Exchange, **changes: Any) -> Run:
        """The run with its step of the same number replaced, because its answer came."""
        kept = tuple(exchange if known.number == exchange.number else known for known in self.exchanges)
        return replace(self, exchanges=kept, **changes)

    @property
    def next_number(self) -> int:
        """The number of the next step."""
        return self.exchanges[-1].number + 1 if self.exchanges else 1


def new_run(choices: Choices, auth_method: str) -> Run:
    """A run that has not begun. The state names it, and is no other value's prefix or suffix."""
    run_id = secrets.token_urlsafe(16)
    return Run(
        id=run_id,
        choices=choices,
        auth_method=auth_method,
        nonce=secrets.token_urlsafe(16),
        state=new_state(run_id),
        verifier=secrets.token_urlsafe(48),
    )


def new_state(run_id: str) -> str:
    """A fresh value of `state` that says which run it belongs to."""
    return f"{run_id}.{secrets.token_urlsafe(16)}"


def run_of(state: str | None) -> str | None:
    """The run that a `state` says it belongs to, to be compared with that run's own."""
    return state.partition(".")[0] if state else None


class Runs:
    """Keeps runs. `pepper` is the installation's, so that cookie and store together do not open them elsewhere."""

    def __init__(self, ephemeral: Ephemeral, pepper: bytes) -> None:
        self._ephemeral = ephemeral
        self._pepper = pepper

    def save(self, run: Run, visitor: str) -> None:
        """Keep `run` for this visitor."""
        data = orjson.dumps(run)
        sealed = seal_under(visitor.encode(), self._pepper, _purpose(run.id), data)
        self._ephemeral.put(_key(run.id), sealed, KEPT_SECONDS)

    def find(self, run_id: str | None, visitor: str | None) -> Run | None:
        """The run, if it is this visitor's and not over."""
        if not run_id or not visitor or not _ID.fullmatch(run_id):
            return None
        sealed = self._ephemeral.find(_key(run_id))
        if sealed is None:
            return None
        try:
            data = open_under(visitor.encode("utf-8", "surrogatepass"), self._pepper, _purpose(run_id), sealed)
        except SealingError:
            return None
        return _run_from(orjson.loads(data))


def _key(run_id: str) -> str:
    return f"playground:{run_id}"


def _purpose(run_id: str) -> bytes:
    return f"playground-run:{run_id}".encode()


def _run_from(document: dict[str, Any]) -> Run:
    values = {known.name: document[known.name] for known in fields(Run)}
    choices = values["choices"]
    values["choices"] = Choices(**{**choices, **{name: tuple(choices[name]) for name in ("scopes", "resources")}})
    values["exchanges"] = tuple(exchange_from(known) for known in values["exchanges"])
    return Run(**values)
