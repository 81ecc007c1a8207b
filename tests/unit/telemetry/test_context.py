"""The context of a request."""

from __future__ import annotations

import threading

import pytest

from authserver.telemetry import context
from authserver.telemetry.context import RequestContext


def test_outside_a_request_the_context_is_neutral() -> None:
    assert context.current() == RequestContext("", "", "")


def test_a_context_holds_inside_its_block() -> None:
    request = RequestContext("c-1", "192.0.2.1", "agent")
    with context.bind(request) as bound:
        assert context.current() is bound is request
    assert context.current() == RequestContext()


def test_the_outer_context_returns_even_after_an_error() -> None:
    with context.bind(RequestContext("outer")):
        with pytest.raises(KeyError), context.bind(RequestContext("inner")):
            raise KeyError
        assert context.current().correlation_id == "outer"


def test_a_thread_does_not_see_the_context_of_another() -> None:
    seen: list[str] = []
    with context.bind(RequestContext("mine")):
        thread = threading.Thread(target=lambda: seen.append(context.current().correlation_id))
        thread.start()
        thread.join()
    assert seen == [""]


def test_notes_belong_to_one_request() -> None:
    with context.bind(RequestContext("one")):
        context.note(client_id="demo", user_id=None)
        assert dict(context.current().notes) == {"client_id": "demo"}
    with context.bind(RequestContext("two")):
        assert dict(context.current().notes) == {}


def test_outside_a_request_nothing_is_noted() -> None:
    context.note(client_id="demo")
    assert dict(context.current().notes) == {}
