"""Refuses what is too long, naming the limit, and what cannot be parsed, before anybody works with it."""

from __future__ import annotations

from authserver.edge.chain import Handler
from authserver.edge.refusals import Refusal, Refusals
from authserver.protocol import limits
from authserver.protocol.messages import Parameters, Request, Response


class Size:
    """The link. The body's own limit is kept while it is read (`edge.body`)."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Check the URL (414), the headers (431) and the parameters (400)."""
        try:
            _check_url(request)
            _check_headers(request)
            _check_parameters(request)
        except Refusal as refusal:
            return self._refusals(request, refusal)
        return next_(request)


def _check_url(request: Request) -> None:
    if len(request.path) + len(request.query_string) > limits.URL_BYTES:
        text = f"The URL may have {limits.URL_BYTES} bytes"
        raise Refusal(414, "invalid_request", text, reason="url_too_long", spec="RFC 9110 §15.5.15")


def _check_headers(request: Request) -> None:
    lengths = [len(value) for value in request.headers.values()]
    if not lengths or sum(lengths) <= limits.HEADER_FIELD_BYTES:
        return
    if max(lengths) > limits.HEADER_FIELD_BYTES:
        text = f"A header field may have {limits.HEADER_FIELD_BYTES} bytes"
        raise Refusal(431, "invalid_request", text, reason="header_too_long", spec="RFC 6585 §5")
    if sum(lengths) > limits.HEADERS_BYTES:
        text = f"The headers may have {limits.HEADERS_BYTES} bytes together"
        raise Refusal(431, "invalid_request", text, reason="headers_too_long", spec="RFC 6585 §5")


def _check_parameters(request: Request) -> None:
    try:
        if request.query_string:
            _check_lengths(request.query)
        if request.body and request.is_form:
            _check_lengths(request.form)
    except ValueError as error:
        text = f"The parameters cannot be read. There may be {limits.FIELD_COUNT}, of percent-encoded UTF-8 without NUL"
        raise Refusal(400, "invalid_request", text, reason="parameters_malformed", spec="RFC 6749 §B") from error


def _check_lengths(parameters: Parameters) -> None:
    for name, value in parameters.pairs:
        limit = limits.of_parameter(name)
        if len(value) > limit:
            text = f"{limits.named(name)} may have {limit} characters"
            raise Refusal(400, "invalid_request", text, reason="parameter_too_long")
