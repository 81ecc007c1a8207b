"""The CIBA grant (CIBA Core §10.1, §11): a person allows elsewhere what a client asked for in the background."""

from __future__ import annotations

from typing import ClassVar

from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from authserver.crypto.handles import Kind
from authserver.grants.decoupled import Decoupled
from authserver.protocol.policy import CIBA
from authserver.storage.models.decoupled import BackchannelRequest
from authserver.storage.repositories.decoupled import BackchannelRequests
from authserver.storage.unit import Unit


class BackchannelAuthentication(Decoupled[BackchannelRequest], BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """The client polls with its auth_req_id, in both delivery modes. Confidential clients only."""

    GRANT_TYPE = CIBA
    public_clients: ClassVar[bool] = False
    parameter: ClassVar[str] = "auth_req_id"
    kind: ClassVar[Kind] = Kind.AUTH_REQUEST

    def requests(self, unit: Unit) -> BackchannelRequests:
        """The requests of clients in the background."""
        return unit.backchannel_requests
