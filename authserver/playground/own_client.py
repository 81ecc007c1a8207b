"""The playground's own client: public, with PKCE, registered when somebody first visits.

It is made by the visit and not by `init`, so that it exists only where the
playground is served; `withdraw` takes it out of a database that moves on to
another use.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from authserver.clients.directory import Client
from authserver.clients.metadata import MOST_ITEMS, ClientMetadata
from authserver.clients.registration import ClientRegistration
from authserver.playground import addresses
from authserver.protocol.errors import ConflictError, NotFound
from authserver.protocol.policy import AUTHORIZATION_CODE, REFRESH_TOKEN
from authserver.protocol.scopes import STANDARD
from authserver.storage.database import Database

if TYPE_CHECKING:
    # `init` asks for `withdraw` alone and needs none of the services.
    from authserver.services import Services

CLIENT_ID = "playground"
NAME = "Playground"


class OwnClient:
    """Registers the playground's client, and keeps its registration up with the issuer and the catalogue."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def ensure(self) -> None:
        """Make the client, or bring it up to date. One that somebody else registered under the id is left alone."""
        services = self._services
        wanted, found = self._wanted(), services.clients.find(CLIENT_ID)
        if found is not None and (not _is_own(found.is_public, found.redirect_uris) or _says(found, wanted)):
            return
        registration = ClientRegistration(services.database, services.crypto.client_secrets, services.recorder)
        if found is None:
            with suppress(ConflictError):  # another visit made it just now
                registration.create(wanted, client_id=CLIENT_ID)
        else:
            names = ("redirect_uris", "post_logout_redirect_uris", "scopes", "resources")
            with suppress(NotFound):
                registration.update(CLIENT_ID, {name: getattr(wanted, name) for name in names})
        services.clients.forget()

    def _wanted(self) -> ClientMetadata:
        issuer, catalog = self._services.settings.issuer, self._services.catalog.current()
        others = sorted(catalog.scopes.keys() - STANDARD.keys())[: MOST_ITEMS - len(STANDARD)]
        return ClientMetadata(
            NAME,
            token_endpoint_auth_method="none",
            redirect_uris=(addresses.callback(issuer),),
            post_logout_redirect_uris=(addresses.start(issuer),),
            grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN),
            scopes=frozenset({*STANDARD, *others}),
            resources=tuple(sorted(uri for uri, entry in catalog.resources.items() if entry.enabled)[:MOST_ITEMS]),
        )


def withdraw(database: Database, registration: ClientRegistration) -> bool:
    """Remove the client where the playground is off; whether there was one."""
    with database.reading() as unit:
        found = unit.clients.find(CLIENT_ID)
    if found is None or not _is_own(found.token_endpoint_auth_method == "none", tuple(found.redirect_uris)):
        return False
    with suppress(NotFound):  # another process removed it just now
        registration.delete(CLIENT_ID)
    return True


def _is_own(is_public: bool, redirect_uris: tuple[str, ...]) -> bool:
    return is_public and len(redirect_uris) == 1 and redirect_uris[0].endswith(addresses.CALLBACK)


def _says(client: Client, wanted: ClientMetadata) -> bool:
    return (
        client.redirect_uris == wanted.redirect_uris
        and client.post_logout_redirect_uris == wanted.post_logout_redirect_uris
        and client.scopes == wanted.scopes
        and client.resources == wanted.resources
    )
