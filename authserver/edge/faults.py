"""Turns an exception nobody expected into an answer that says nothing, and a log line that says everything."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.refusals import Refusal, Refusals
from authserver.protocol.messages import Request, Response
from authserver.storage.outages import code_of, is_outage
from authserver.telemetry.logs import get_logger

RETRY = (("Retry-After", "1"),)

_log = get_logger(__name__)


class Faults:
    """The link. A `Refusal` raised by an inner link or handler is rendered as itself."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Answer 500 `server_error` for whatever is not in the catalogue (RFC 6749 §4.1.2.1).

        A database that is away or overloaded is no fault of ours: 503, so that callers try again.
        """
        try:
            return next_(request)
        except Refusal as refusal:
            return self._refusals(request, refusal)
        except Exception as error:
            if is_outage(error):
                _log.error("the database does not answer", extra={"path": request.path, "cause": code_of(error)})
                text = "The server cannot answer at the moment. Try again in a second"
                away = Refusal(
                    503, "temporarily_unavailable", text, RETRY, reason="database_unavailable", spec="RFC 9110 §15.6.4"
                )
                return self._refusals(request, away)
            _log.exception("unexpected error", extra={"path": request.path})
            text = "Something went wrong on our side. Who runs this server finds it by the reference"
            return self._refusals(request, Refusal(500, "server_error", text, reason="unexpected_error"))
