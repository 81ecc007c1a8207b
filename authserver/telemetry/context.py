"""Who is calling: bound once where a request or job begins, read by logs, events and outgoing requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The request being answered, or the job being done.

    Attributes:
        correlation_id: names the request in logs, events, answers and outgoing requests.
        address: the caller's address, after trusted proxies.
        user_agent: the caller's `User-Agent`.
    """

    correlation_id: str = ""
    address: str = ""
    user_agent: str = ""
    _notes: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def notes(self) -> Mapping[str, str]:
        """What was learned on the way: `client_id`, `user_id`, `session_id`, `route` and the like."""
        return MappingProxyType(self._notes)


NEUTRAL = RequestContext()

_current: ContextVar[RequestContext] = ContextVar("authserver_request_context", default=NEUTRAL)


def current() -> RequestContext:
    """The context bound here; a neutral, empty one outside requests and jobs."""
    return _current.get()


@contextmanager
def bind(context: RequestContext) -> Iterator[RequestContext]:
    """Make `context` the current one inside the `with` block, in this thread alone."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def note(**facts: str | None) -> None:
    """Add ids to every later log line of this request; without a bound request nothing is kept."""
    context = _current.get()
    if context is not NEUTRAL:
        context._notes.update({name: value for name, value in facts.items() if value})
