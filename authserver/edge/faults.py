"""Turns an exception nobody expected into an answer that says nothing, and a log line that says everything."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.refusals import Refusal, Refusals
from authserver.protocol.messages import Request, Response
from authserver.telemetry.logs import get_logger

_log = get_logger(__name__)


class Faults:
    """The link. A `Refusal` raised by an inner link or handler is rendered as itself."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Answer 500 `server_error` for whatever is not in the catalogue (RFC 6749 §4.1.2.1)."""
        try:
            return next_(request)
        except Refusal as refusal:
            return self._refusals(request, refusal)
        except Exception:
            _log.exception("unexpected error", extra={"path": request.path})
            return self._refusals(request, Refusal(500, "server_error", "Something went wrong on our side"))
