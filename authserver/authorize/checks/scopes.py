"""What is asked for: scopes and resources."""

from __future__ import annotations

from authserver.access import requests
from authserver.access import resources as access_resources
from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context
from authserver.protocol.policy import CODE
from authserver.protocol.scopes import OFFLINE_ACCESS


def check_scope(context: Context, collaborators: Collaborators) -> None:
    """Every scope, and every object of authorization details, is known and this client's to ask for."""
    scope, details = context.get("scope"), context.get("authorization_details")
    asked = requests.resolve(scope, details, context.verified_client, collaborators.catalog.current())
    context.scopes, context.authorization_details = asked.scopes, asked.details
    if not context.wants(CODE):
        # Nothing of such an answer can be refreshed (OIDC Core §11).
        context.scopes -= {OFFLINE_ACCESS}


def check_resources(context: Context, collaborators: Collaborators) -> None:
    """Every resource is known and this client's to ask for (RFC 8707 §2.1)."""
    snapshot = collaborators.catalog.current()
    context.requested_resources = context.parameters.all("resource")
    context.audience = access_resources.audience(
        context.requested_resources, context.verified_client, snapshot, collaborators.issuer
    )
