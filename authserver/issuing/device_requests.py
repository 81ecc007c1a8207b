"""Device authorization: the codes of a device, and the request behind the one that a person types (RFC 8628)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from authserver.access.requests import Asked
from authserver.clients.directory import Client
from authserver.crypto.handles import Handles, Kind
from authserver.crypto.macs import Macs
from authserver.events.catalog import DeviceCodeIssued
from authserver.events.outbox import Recorder
from authserver.issuing.decisions import is_waiting
from authserver.protocol import user_codes, validity
from authserver.protocol.identifiers import new_id
from authserver.storage.frozen import frozen
from authserver.storage.models.decoupled import DeviceRequest
from authserver.storage.unit import Unit

USER_CODE_PURPOSE: Final = "user-code"


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """What a device is told; `expires_in` and `interval` are seconds."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int


class DeviceAuthorizations:
    """Begins requests of devices and finds them by what the person types.

    Args:
        ttl: seconds until the codes expire.
        interval: seconds between two polls.
    """

    def __init__(self, handles: Handles, macs: Macs, recorder: Recorder, *, ttl: int, interval: int) -> None:
        self._handles = handles
        self._macs = macs
        self._recorder = recorder
        self._ttl = ttl
        self._interval = interval

    def start(
        self, unit: Unit, client: Client, asked: Asked, audience: tuple[str, ...], requested_from: str
    ) -> DeviceCodes:
        """Store what a client asks for and make its codes."""
        handle = self._handles.issue(Kind.DEVICE_CODE)
        user_code = self._unused_code(unit)
        request_id = new_id()
        unit.device_requests.add(
            frozen(DeviceRequest).new(
                id=request_id,
                digest=handle.digest,
                user_code=self._tag(user_code),
                client_id=client.id,
                scope=" ".join(sorted(asked.scopes)),
                resources=list(audience),
                authorization_details=[dict(detail) for detail in asked.details] or None,
                interval=self._interval,
                requested_from=requested_from,
                expires_at=validity.after(self._ttl),
            )
        )
        event = DeviceCodeIssued(
            client_id=client.id, request_id=request_id, scopes=tuple(sorted(asked.scopes)), resources=audience
        )
        self._recorder.record(unit, event)
        return DeviceCodes(handle.value, user_codes.shown(user_code), self._ttl, self._interval)

    def find(self, unit: Unit, typed: str) -> DeviceRequest | None:
        """The request that waits behind what a person typed; whether another one was there before is not told."""
        code = user_codes.normalised(typed)
        request = unit.device_requests.find_by_user_code(self._tag(code)) if code is not None else None
        return request if request is not None and is_waiting(request) else None

    def waiting(self, unit: Unit, request_id: str | None) -> DeviceRequest | None:
        """The request with this id, if it still waits."""
        request = unit.device_requests.find(request_id) if request_id else None
        return request if request is not None and is_waiting(request) else None

    def _unused_code(self, unit: Unit) -> str:
        code = user_codes.generate()
        while unit.device_requests.find_by_user_code(self._tag(code)) is not None:
            code = user_codes.generate()
        return code

    def _tag(self, code: str) -> str:
        return self._macs.sign(USER_CODE_PURPOSE, code)
