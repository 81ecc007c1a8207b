"""The device grant (RFC 8628 §3.4): a person allows elsewhere what a device without a keyboard asks for."""

from __future__ import annotations

from typing import ClassVar

from authlib.oauth2.rfc8628 import DeviceCodeGrant

from authserver.crypto.handles import Kind
from authserver.grants.decoupled import Decoupled
from authserver.storage.models.decoupled import DeviceRequest
from authserver.storage.repositories.decoupled import DeviceRequests
from authserver.storage.unit import Unit


class DeviceCode(Decoupled[DeviceRequest], DeviceCodeGrant):  # type: ignore[misc]
    """The device polls with its device code. Public clients too."""

    parameter: ClassVar[str] = "device_code"
    kind: ClassVar[Kind] = Kind.DEVICE_CODE

    def requests(self, unit: Unit) -> DeviceRequests:
        """The requests of devices."""
        return unit.device_requests
