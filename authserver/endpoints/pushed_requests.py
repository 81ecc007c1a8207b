"""POST /oauth2/par (RFC 9126)."""

from __future__ import annotations

from authserver.authorize import pipeline
from authserver.authorize.checks.parameters import UNDERSTOOD
from authserver.authorize.context import Context, Via
from authserver.clients.directory import Client
from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints.machine_errors import refused, refusing
from authserver.protocol.errors import InvalidDPoPProof, InvalidRedirectURI, InvalidRequest, ProtocolError
from authserver.protocol.messages import Parameters, Request, Response, json_response
from authserver.services import Services


def endpoint(services: Services) -> Handler:
    """The pushed authorization request endpoint: the checks of the authorization endpoint, answered in JSON."""
    explanations = services.explanations

    def push(request: Request, client: Client) -> Response:
        if not request.is_form:
            raise InvalidRequest(
                "The body must be application/x-www-form-urlencoded.", reason="content_type_wrong", spec="RFC 9126 §2.1"
            )
        bound_key = services.dpop.proof_key(request, client.policy.signing_algorithms)
        context = Context(request.form, via=Via.PUSH, client=client)
        pipeline.run(context, services.authorize_collaborators)
        parameters = _bound(context.parameters.only(UNDERSTOOD), bound_key)
        kept = services.authorize_collaborators.pushed_requests.keep(client, parameters)
        response = json_response({"request_uri": kept.request_uri, "expires_in": kept.expires_in}, status=201)
        return response.with_headers(*services.dpop.nonce_headers(request))

    def answer(request: Request) -> Response:
        client = services.client_authentication.authenticate(request, begins=True).client
        try:
            response = push(request, client)
        except InvalidRedirectURI as error:
            response = refused(explanations, "par", _as_invalid_request(error), request, client.id)
        except ProtocolError as error:
            response = refused(explanations, "par", error, request, client.id)
        return allowing(response, client.origins)

    return refusing(explanations, "par", answer)


def _bound(parameters: Parameters, key: str | None) -> Parameters:
    """A proof beside the request binds the code to its key, as `dpop_jkt` would (RFC 9449 §10.1)."""
    named = parameters.get("dpop_jkt")
    if key is None or named == key:
        return parameters
    if named is not None:
        raise InvalidDPoPProof(
            "dpop_jkt names another key than the DPoP proof.", reason="dpop_jkt_other_key", spec="RFC 9449 §10.1"
        )
    return Parameters([*parameters.pairs, ("dpop_jkt", key)])


def _as_invalid_request(error: InvalidRedirectURI) -> InvalidRequest:
    """In JSON the refusal has the code that RFC 6749 §4.1.2.1 knows; `invalid_redirect_uri` is a page's."""
    return InvalidRequest(
        error.description, reason=error.reason, spec=error.spec, setting=error.setting, details=error.details
    )
