"""Where the parameters come from: the request itself, a pushed one, or a request object."""

from __future__ import annotations

from authserver.authorize.checks import parameters, responses
from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context
from authserver.authorize.pushed_requests import PREFIX
from authserver.protocol.errors import InvalidRequest, InvalidRequestObject
from authserver.protocol.messages import Parameters
from authserver.protocol.policy import CODE
from authserver.protocol.redirect_uris import matches_registered


def reject_reference_in_push(context: Context, _: Collaborators) -> None:
    """A pushed request is there in full (RFC 9126 §2.1)."""
    if context.get("request_uri") is not None:
        raise InvalidRequest("request_uri must not be pushed.", reason="request_uri_pushed", spec="RFC 9126 §2.1")


def expect_answer(context: Context, collaborators: Collaborators) -> None:
    """What is wrong with a pushed or signed request is told at the redirect URI beside it, if it is the client's."""
    uri, client = context.get("redirect_uri"), context.verified_client
    if uri is not None and matches_registered(uri, client.redirect_uris, native=client.application_type == "native"):
        context.redirect_uri, context.is_redirectable = uri, True
        responses.assign_response_mode(context, collaborators)
        if client.policy.signed_responses and context.response_type == CODE and context.get("response_mode") is None:
            # A code alone is answered with a JWT here, so that is how the client expects to hear of a broken request.
            context.response_mode = "jwt"


def recall_pushed_request(context: Context, collaborators: Collaborators) -> None:
    """A pushed request replaces everything that came with its name (RFC 9126 §4)."""
    request_uri = context.get("request_uri") or ""
    client = context.verified_client
    if request_uri.startswith(PREFIX):
        recalled = collaborators.pushed_requests.recall(client, request_uri)
        context.parameters = recalled.parameters
        context.pushed = recalled.digest
        context.is_redirectable = False
    elif client.policy.pushed_requests:
        raise InvalidRequest(
            "The application must push its authorization requests.",
            reason="push_required",
            spec="RFC 9126 §4",
            setting=f"client {client.id}: policy pushed_requests",
        )


def read_request_object(context: Context, collaborators: Collaborators) -> None:
    """What the client signed counts more than what came beside it, or alone (OIDC Core §6.1, RFC 9101 §6.3)."""
    if context.pushed is not None:
        return
    text, reference = context.get("request"), context.get("request_uri")
    client = context.verified_client
    if text is not None and reference is not None:
        raise InvalidRequest("Send request or request_uri, not both.", reason="request_twice", spec="RFC 9101 §5")
    if text is None and reference is None:
        if client.policy.signed_requests:
            raise InvalidRequest(
                "The application must sign its authorization requests.",
                reason="signature_required",
                spec="RFC 9101 §10.5",
                setting=f"client {client.id}: policy signed_requests",
            )
        return
    objects = collaborators.request_objects
    signed = objects.read(client, text if text is not None else objects.fetch(client, reference or ""))
    context.parameters = _merged(context, signed)
    context.is_redirectable = False
    parameters.reject_long_parameters(context, collaborators)


def _merged(context: Context, signed: Parameters) -> Parameters:
    outer, client = context.parameters, context.verified_client
    if signed.repeated - parameters.MAY_REPEAT:
        raise InvalidRequestObject(
            "The request object has a list where one value belongs.",
            reason="request_object_parameter_repeated",
            spec="RFC 9101 §4",
        )
    identity = ("client_id", client.id)
    if not client.policy.outer_parameters:
        return Parameters([identity, *(pair for pair in signed.pairs if pair[0] != "client_id")])
    outer_type, inner_type = outer.get("response_type"), signed.get("response_type")
    if None not in {outer_type, inner_type} and outer_type != inner_type:
        raise InvalidRequestObject(
            "response_type differs inside and outside of the request object.",
            reason="request_object_response_type_differs",
            spec="OIDC Core §6.1",
        )
    beside = [pair for pair in outer.pairs if pair[0] not in {*signed.names(), "request", "request_uri", "client_id"}]
    return Parameters([identity, *(pair for pair in signed.pairs if pair[0] != "client_id"), *beside])
