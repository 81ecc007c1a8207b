"""POST /oauth2/device_authorization (RFC 8628 §3.1)."""

from __future__ import annotations

from authserver.access import requests
from authserver.access import resources as access_resources
from authserver.clients.directory import Client
from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints.machine_errors import refused, refusing
from authserver.grants.turn import read_form
from authserver.issuing.device_requests import DeviceCodes
from authserver.protocol.errors import ProtocolError, UnauthorizedClient
from authserver.protocol.messages import Request, Response, json_response
from authserver.protocol.policy import DEVICE_CODE
from authserver.services import Services
from authserver.web import paths

NAME = "device_authorization"
LONGEST_ADDRESS = 64


def endpoint(services: Services) -> Handler:
    """The device authorization endpoint: clients prove themselves as they registered, public ones by their id."""

    def answer(request: Request) -> Response:
        client = services.token_server.authenticate(request, begins=True)
        try:
            response = json_response(_document(services, _start(services, request, client)))
        except ProtocolError as error:
            response = refused(services.explanations, NAME, error, request, client.id)
        return allowing(response, client.origins)

    return refusing(services.explanations, NAME, answer)


def _start(services: Services, request: Request, client: Client) -> DeviceCodes:
    form = read_form(request)
    if DEVICE_CODE not in client.grant_types:
        raise UnauthorizedClient(
            "The application may not use the device grant.",
            reason="grant_type_not_allowed",
            spec="RFC 8628 §3.2",
            setting=f"client {client.id}: grant_types",
        )
    snapshot = services.catalog.current()
    asked = requests.resolve(form.get("scope"), form.get("authorization_details"), client, snapshot)
    audience = access_resources.audience(form.all("resource"), client, snapshot, services.settings.issuer)
    requested_from = request.remote_address[:LONGEST_ADDRESS]

    def store() -> DeviceCodes:
        with services.database.unit() as unit:
            return services.elsewhere.devices.start(unit, client, asked, audience, requested_from)

    return services.database.retrying(store)


def _document(services: Services, codes: DeviceCodes) -> dict[str, object]:
    """The members of RFC 8628 §3.2."""
    page = services.settings.issuer.rstrip("/") + paths.DEVICE
    return {
        "device_code": codes.device_code,
        "user_code": codes.user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={codes.user_code}",
        "expires_in": codes.expires_in,
        "interval": codes.interval,
    }
