"""Refuses what is too long, naming the limit, and what cannot be parsed, before anybody works with it."""

from __future__ import annotations

from authserver.edge import limits_table
from authserver.edge.chain import Handler
from authserver.edge.refusals import Refusal, Refusals
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
    if len(request.path) + len(request.query_string) > limits_table.URL_BYTES:
        raise Refusal(414, "invalid_request", f"The URL may have {limits_table.URL_BYTES} bytes")


def _check_headers(request: Request) -> None:
    lengths = [len(value) for value in request.headers.values()]
    if not lengths or sum(lengths) <= limits_table.HEADER_FIELD_BYTES:
        return
    if max(lengths) > limits_table.HEADER_FIELD_BYTES:
        raise Refusal(431, "invalid_request", f"A header field may have {limits_table.HEADER_FIELD_BYTES} bytes")
    if sum(lengths) > limits_table.HEADERS_BYTES:
        raise Refusal(431, "invalid_request", f"The headers may have {limits_table.HEADERS_BYTES} bytes together")


def _check_parameters(request: Request) -> None:
    try:
        if request.query_string:
            _check_lengths(request.query)
        if request.body and request.is_form:
            _check_lengths(request.form)
    except ValueError as error:
        raise Refusal(400, "invalid_request", "The parameters are not well-formed UTF-8, or too many") from error


def _check_lengths(parameters: Parameters) -> None:
    for name, value in parameters.pairs:
        limit = limits_table.PARAMETER_LENGTHS.get(name, limits_table.PARAMETER_LENGTH)
        if len(value) > limit:
            shown = name if name in limits_table.PARAMETER_LENGTHS else "A parameter"
            raise Refusal(400, "invalid_request", f"{shown} may have {limit} characters")
