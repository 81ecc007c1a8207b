"""Who asks, and where the answer goes. Until both are verified nothing is redirected anywhere."""

from __future__ import annotations

from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context, Via
from authserver.protocol.errors import InvalidRedirectURI, InvalidRequest, UnknownClient, UntrustedRequest
from authserver.protocol.messages import Parameters
from authserver.protocol.redirect_uris import matches_registered
from authserver.telemetry.context import note


def reject_repeated_identity(context: Context, _: Collaborators) -> None:
    """client_id and redirect_uri come once: with two of either nobody can say where an error may go."""
    for name in ("client_id", "redirect_uri"):
        if name in context.parameters.repeated:
            raise UntrustedRequest(
                f"The parameter {name} must not be sent more than once.",
                reason="parameter_repeated",
                spec="RFC 6749 §3.1",
            )


def identify_pusher(context: Context, _: Collaborators) -> None:
    """Who pushes a request has proven who it is; a client_id beside that says the same (RFC 9126 §2.1)."""
    client = context.verified_client
    named = context.get("client_id")
    if named not in {None, client.id}:
        raise InvalidRequest(
            "client_id differs from the client that authenticated.", reason="two_clients", spec="RFC 9126 §2.1"
        )
    others = (pair for pair in context.parameters.pairs if pair[0] != "client_id")
    context.parameters = Parameters([("client_id", client.id), *others])


def load_client(context: Context, collaborators: Collaborators) -> None:
    """The client exists and is enabled."""
    client_id = context.get("client_id")
    if client_id is None:
        raise UnknownClient("The parameter client_id is missing.", reason="client_id_missing", spec="RFC 6749 §4.1.1")
    # A browser that comes back is answered in a transaction, which must not wait for somebody else's server.
    source = collaborators.known_clients if context.via is Via.RESUME else collaborators.clients
    client = source.find(client_id)
    if client is None:
        raise UnknownClient(
            "The application is not registered here.", reason="client_unknown", spec="RFC 6749 §4.1.2.1"
        )
    if not client.enabled:
        raise UnknownClient(
            "The application is not registered here.",
            reason="client_disabled",
            spec="RFC 6749 §4.1.2.1",
            setting=f"client {client.id}: enabled",
            details={"client_id": client.id},
        )
    context.client = client
    note(client_id=client.id)


def check_redirect_uri(context: Context, _: Collaborators) -> None:
    """The redirect URI is one of the client's, compared exactly (RFC 9700 §4.1.3)."""
    client = context.verified_client
    uri = context.get("redirect_uri")
    if uri is None:
        raise InvalidRedirectURI(
            "The parameter redirect_uri is missing.", reason="redirect_uri_missing", spec="OIDC Core §3.1.2.1"
        )
    if not matches_registered(uri, client.redirect_uris, native=client.application_type == "native"):
        raise InvalidRedirectURI(
            "The redirect URI is not registered for this application.",
            reason="redirect_uri_not_registered",
            spec="RFC 9700 §4.1.3",
            setting=f"client {client.id}: redirect_uris",
            details={"redirect_uri": uri[:500]},
        )
    context.redirect_uri = uri
    context.is_redirectable = True
