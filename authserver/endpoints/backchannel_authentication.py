"""POST /oauth2/bc-authorize (CIBA Core §7)."""

from __future__ import annotations

import re
from typing import Final

from authserver.access import requests
from authserver.access import resources as access_resources
from authserver.clients.directory import Client
from authserver.edge.chain import Handler
from authserver.endpoints.machine_errors import refused, refusing
from authserver.grants.turn import check_parameters, read_form
from authserver.identity.addresses import login_key
from authserver.issuing.backchannel_requests import Acknowledged, Wanted
from authserver.protocol.errors import (
    InvalidBindingMessage,
    InvalidRequest,
    InvalidScope,
    InvalidToken,
    ProtocolError,
    UnauthorizedClient,
    UnknownUserID,
)
from authserver.protocol.messages import Parameters, Request, Response, json_response
from authserver.protocol.policy import CIBA
from authserver.protocol.scopes import OPENID
from authserver.services import Services
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

NAME: Final = "bc-authorize"
HINTS: Final = ("login_hint", "id_token_hint", "login_hint_token")
LONGEST_MESSAGE: Final = 100
LONGEST_EXPIRY: Final = 3600
OF_THE_CLIENT: Final = frozenset({"request", "client_id", "client_secret", "client_assertion", "client_assertion_type"})
"""What may stand beside a signed request: it, and by what the client proves itself (CIBA Core §7.1.1)."""
_BEARER: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class BackchannelAuthenticationEndpoint:
    """Takes what a confidential client asks for in the background."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def handler(self) -> Handler:
        """The endpoint, with its refusals rendered."""
        return refusing(self._services.explanations, NAME, self._answer)

    def _answer(self, request: Request) -> Response:
        services = self._services
        client = services.token_server.authenticate(request, begins=True)
        try:
            acknowledged = self._start(client, read_form(request))
        except ProtocolError as error:
            return refused(services.explanations, NAME, error, request, client.id)
        return json_response(
            {
                "auth_req_id": acknowledged.auth_req_id,
                "expires_in": acknowledged.expires_in,
                "interval": acknowledged.interval,
            }
        )

    def _start(self, client: Client, form: Parameters) -> Acknowledged:
        services = self._services
        _check_client(client)
        sent = self._sent(client, form)
        snapshot, issuer = services.catalog.current(), services.settings.issuer
        asked = requests.resolve(sent.get("scope"), sent.get("authorization_details"), client, snapshot)
        if OPENID not in asked.scopes:
            raise InvalidScope("The scope must contain openid.", reason="scope_without_openid", spec="CIBA Core §7.1")
        audience = access_resources.audience(sent.all("resource"), client, snapshot, issuer)
        message, expires_in = _binding_message(sent), _requested_expiry(sent)
        token = _notification_token(client, sent)
        hint = _hint(sent)

        def store() -> Acknowledged:
            with services.database.unit() as unit:
                user = self._person(unit, client, *hint)
                wanted = Wanted(user.id, asked, audience, message, expires_in, token)
                return services.elsewhere.backchannel.start(unit, services.recorder, client, wanted)

        return services.database.retrying(store)

    def _sent(self, client: Client, form: Parameters) -> Parameters:
        """The parameters: signed ones alone, where the client registered that it signs (CIBA Core §7.1.1)."""
        signed = form.get("request")
        must_sign = client.policy.signed_requests or (
            client.extensions.backchannel_authentication_request_signing_alg is not None
        )
        if signed is None:
            if must_sign:
                raise InvalidRequest(
                    "The request must be signed.",
                    reason="request_not_signed",
                    spec="CIBA Core §7.1.1",
                    setting=f"client {client.id}: backchannel_authentication_request_signing_alg",
                )
            return form
        if form.names() - OF_THE_CLIENT:
            raise InvalidRequest(
                "Nothing but the client's authentication may stand beside a signed request.",
                reason="parameter_beside_request",
                spec="CIBA Core §7.1.1",
            )
        return check_parameters(self._services.elsewhere.signed.read(client, signed))

    def _person(self, unit: Unit, client: Client, kind: str, value: str) -> User:
        """Whom the hint names, if they may sign in. Raises UnknownUserID."""
        if kind == "login_hint":
            user = unit.users.find_by_login(login_key(value))
        else:
            user = unit.users.find(self._subject(client, value))
        if user is None or not user.may_sign_in:
            raise UnknownUserID("The hint names nobody who can be asked.", reason="hint_unknown", spec="CIBA Core §13")
        return user

    def _subject(self, client: Client, hint: str) -> str:
        try:
            claims = self._services.answers.hints.read(hint)
        except InvalidToken as error:
            raise InvalidRequest(
                "id_token_hint is not an ID token of this server.",
                reason=f"id_token_hint_{error.reason}",
                spec="CIBA Core §7.1",
            ) from error
        if claims.client_id != client.id:
            raise InvalidRequest(
                "id_token_hint was issued to another application.",
                reason="id_token_hint_other_client",
                spec="CIBA Core §7.1",
            )
        return claims.subject


def _check_client(client: Client) -> None:
    if CIBA not in client.grant_types or client.is_public:
        raise UnauthorizedClient(
            "The application may not use backchannel authentication.",
            reason="grant_type_not_allowed",
            spec="CIBA Core §13",
            setting=f"client {client.id}: grant_types",
        )


def _hint(sent: Parameters) -> tuple[str, str]:
    """The one hint about the person (CIBA Core §7.1)."""
    given = [(name, value) for name in HINTS if (value := sent.get(name)) is not None]
    if len(given) != 1:
        raise InvalidRequest(
            "Exactly one of login_hint and id_token_hint is needed.", reason="hints_not_one", spec="CIBA Core §7.1"
        )
    if given[0][0] == "login_hint_token":
        raise InvalidRequest(
            "login_hint_token is not understood here; send login_hint or id_token_hint.",
            reason="login_hint_token_unsupported",
            spec="CIBA Core §7.1",
        )
    return given[0]


def _binding_message(sent: Parameters) -> str | None:
    message = sent.get("binding_message")
    if message is not None and (len(message) > LONGEST_MESSAGE or not message.isprintable() or not message.strip()):
        raise InvalidBindingMessage(
            f"A binding message has at most {LONGEST_MESSAGE} printable characters.",
            reason="binding_message_unsuitable",
            spec="CIBA Core §13",
        )
    return message


def _requested_expiry(sent: Parameters) -> int | None:
    text = sent.get("requested_expiry")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise InvalidRequest(
            "requested_expiry takes a whole number of seconds.",
            reason="requested_expiry_malformed",
            spec="CIBA Core §7.1",
        )
    return min(int(text), LONGEST_EXPIRY)


def _notification_token(client: Client, sent: Parameters) -> str | None:
    """The bearer token with which the client wants to be told; needed for ping alone (CIBA Core §7.1)."""
    if client.extensions.backchannel_token_delivery_mode != "ping":
        return None
    token = sent.get("client_notification_token")
    if token is None or _BEARER.fullmatch(token) is None:
        raise InvalidRequest(
            "client_notification_token must be a bearer token.",
            reason="client_notification_token_unsuitable",
            spec="CIBA Core §7.1",
        )
    return token
