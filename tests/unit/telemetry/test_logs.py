"""Log lines."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from authserver.telemetry import context, logs
from authserver.telemetry.context import RequestContext

CANARY = "Canary7Hidden"
LOG = logs.get_logger("authserver.sample")


class Sink(io.StringIO):
    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().split("\n") if line]


@pytest.fixture
def sink() -> Iterator[Sink]:
    stream = Sink()
    level = logging.getLogger().level
    logs.configure("info", "json", stream)
    yield stream
    logs.reset()
    logging.getLogger().setLevel(level)


def test_a_line_is_one_json_object(sink: Sink) -> None:
    LOG.info("first\nstill first\u2028")
    LOG.warning("second %s", "argument")
    assert len(sink.getvalue().split("\n")) == 3
    assert [line["message"] for line in sink.lines] == ["first\nstill first\u2028", "second argument"]
    assert {"timestamp", "level", "logger", "correlation_id"} <= sink.lines[0].keys()


def test_times_are_utc_with_milliseconds(sink: Sink, frozen_time: Any) -> None:
    LOG.info("now")
    assert sink.lines[0]["timestamp"] == "2026-03-02T12:00:00.000Z"


def test_every_line_names_its_request(sink: Sink) -> None:
    with context.bind(RequestContext("c-42", "192.0.2.1", "agent")):
        context.note(client_id="demo")
        LOG.info("inside")
        logging.getLogger("some.library").warning("inside a library")
    assert [(line["correlation_id"], line["client_id"]) for line in sink.lines] == [("c-42", "demo")] * 2


def test_fields_are_taken_from_extra(sink: Sink) -> None:
    LOG.info("done", extra={"status": 200, "route": "/oauth2/token", "nested": {"a": [1]}})
    assert (sink.lines[0]["status"], sink.lines[0]["route"], sink.lines[0]["nested"]) == (
        200,
        "/oauth2/token",
        {"a": [1]},
    )


def test_no_secret_reaches_the_stream_by_any_way(sink: Sink) -> None:
    with context.bind(RequestContext(f"token={CANARY}", "", "")):
        context.note(interaction_token=CANARY)
        LOG.info(f"password={CANARY}")
        LOG.info("form %s", {"client_secret": CANARY})
        LOG.info("x", extra={"access_token": CANARY, "headers": {"Cookie": CANARY}, "body": f"code={CANARY}"})
        try:
            raise RuntimeError(f"Authorization: Bearer {CANARY}")
        except RuntimeError:
            LOG.exception("failed")
        logs.write_access(LOG, {"route": "/x", "authorization": CANARY, "query": f"code={CANARY}"})
    assert len(sink.lines) == 5
    assert CANARY not in sink.getvalue()


def test_people_are_not_named(sink: Sink) -> None:
    LOG.info("mail for jane@example.org", extra={"username": "jane", "contact": "jane@example.org"})
    assert "jane" not in sink.getvalue()


def test_a_traceback_is_kept(sink: Sink) -> None:
    try:
        raise ValueError("why")
    except ValueError:
        LOG.exception("failed")
    assert sink.lines[0]["error"] == "ValueError"
    assert "test_a_traceback_is_kept" in sink.lines[0]["stack"]


def test_a_wrong_format_loses_neither_line_nor_request() -> None:
    record = logging.LogRecord("authserver.sample", logging.INFO, "", 0, "%d items", ("many",), None)
    assert json.loads(logs.JSONFormatter().format(record))["message"] == "%d items"


def test_values_that_json_does_not_know_become_text(sink: Sink) -> None:
    LOG.info("x", extra={"moment": object, "huge": 2**70, "raw": b"\xff"})
    assert sink.lines[0]["raw"] == "[bytes]"


def test_unpaired_surrogates_do_not_lose_the_line(sink: Sink) -> None:
    LOG.info("broken \ud800 text", extra={"agent": "\udfff"})
    assert sink.lines[0]["message"].startswith("broken")


def test_levels_are_set_for_all_and_for_single_modules(sink: Sink) -> None:
    logs.set_levels("warning", ["authserver.sample.loud=debug"])
    LOG.info("quiet")
    logs.get_logger("authserver.sample.loud").debug("loud")
    assert [line["message"] for line in sink.lines] == ["loud"]
    logs.set_levels("warning")
    logs.get_logger("authserver.sample.loud").debug("quiet again")
    assert len(sink.lines) == 1


def test_libraries_that_write_tokens_stay_quiet_at_debug(sink: Sink) -> None:
    logs.set_levels("debug")
    logging.getLogger("authlib.oauth2").debug("token")
    LOG.debug("ours")
    assert [line["message"] for line in sink.lines] == ["ours"]


def test_an_unknown_level_is_refused(sink: Sink) -> None:
    with pytest.raises(ValueError, match="NONSENSE"):
        logs.set_levels("nonsense")


def test_configuring_again_replaces_the_stream(sink: Sink) -> None:
    second = Sink()
    logs.configure("info", "json", second)
    LOG.info("once")
    assert (sink.getvalue(), len(second.lines)) == ("", 1)


def test_warnings_are_logged(sink: Sink) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old name", DeprecationWarning, stacklevel=1)
    assert "old name" in sink.lines[0]["message"]


def test_an_access_line_looks_like_any_other(sink: Sink) -> None:
    with context.bind(RequestContext("c-1", "", "")):
        logs.write_access(LOG, {"route": "/x", "status": 200})
    line = sink.lines[0]
    assert (line["message"], line["logger"], line["correlation_id"]) == ("request", "authserver.sample", "c-1")
    assert (line["route"], line["status"], line["level"]) == ("/x", 200, "info")


def test_access_lines_follow_the_level(sink: Sink) -> None:
    logs.set_levels("warning")
    logs.write_access(LOG, {"route": "/x"})
    assert sink.getvalue() == ""


def test_lines_for_people_cannot_be_forged(sink: Sink) -> None:
    logs.configure("info", "text", sink)
    LOG.info("agent x\n2026-01-01 error forged\x1b[31m", extra={"client_id": "demo"})
    logs.write_access(LOG, {"route": "/x"})
    lines = sink.getvalue().splitlines()
    assert len(lines) == 2
    assert "\\n2026" in lines[0]
    assert "client_id=demo" in lines[0]
    assert "route=/x" in lines[1]


def test_a_traceback_for_people_is_below_its_line(sink: Sink) -> None:
    logs.configure("info", "text", sink)
    try:
        raise ValueError(f"password={CANARY}")
    except ValueError:
        LOG.exception("failed")
    assert "Traceback" in sink.getvalue()
    assert CANARY not in sink.getvalue()
