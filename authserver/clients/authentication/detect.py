"""Finds the one method a client used. Two at once are refused, never tried one after the other."""

from __future__ import annotations

from authserver.clients.authentication import assertions, client_secret_basic, client_secret_post, none
from authserver.clients.authentication.credentials import Credentials
from authserver.protocol.errors import InvalidClient, InvalidRequest
from authserver.protocol.messages import Parameters, Request

ONCE = frozenset({"client_id", "client_secret", "client_assertion", "client_assertion_type"})


def detect(request: Request) -> Credentials:
    """What the client presented. A certificate is no method by itself: public clients bind tokens to one too.

    Raises:
        InvalidRequest: two methods, two clients, or a parameter that came twice (RFC 6749 §5.2).
        InvalidClient: nothing that names a client, or credentials that cannot be read.
    """
    form = _form(request)
    header = client_secret_basic.read(request)
    asserted = "client_assertion" in form or "client_assertion_type" in form
    if (header is not None) + ("client_secret" in form) + asserted > 1:
        raise InvalidRequest(
            "The request authenticates the client in more than one way.",
            reason="two_authentication_methods",
            spec="RFC 6749 §2.3",
        )
    if header is not None:
        _check_same_client(form, header)
        return header
    credentials = assertions.read(request) or client_secret_post.read(request) or none.read(request)
    if credentials is None:
        raise InvalidClient("Client authentication is required.", reason="no_credentials", spec="RFC 6749 §2.3")
    return credentials


def _form(request: Request) -> Parameters:
    try:
        form = request.form
    except ValueError as error:
        raise InvalidRequest(
            "The body cannot be read as a form.", reason="form_malformed", spec="RFC 6749 §3.2"
        ) from error
    twice = form.repeated & ONCE
    if twice:
        raise InvalidRequest(
            f"The parameter {min(twice)} must not be sent more than once.",
            reason="parameter_repeated",
            spec="RFC 6749 §3.2",
        )
    return form


def _check_same_client(form: Parameters, header: Credentials) -> None:
    """A client_id in the body that says the same is no second method; one that differs is a confusion or an attack."""
    named = form.get("client_id")
    if named is not None and named != header.client_id:
        raise InvalidRequest(
            "client_id differs from the client in the Authorization header.", reason="two_clients", spec="RFC 6749 §2.3"
        )
