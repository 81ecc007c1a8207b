"""The page where a person enters the code of a device and decides what it may do (RFC 8628 §3.3)."""

from __future__ import annotations

from typing import Any

from authserver.access.authorization_details import descriptions
from authserver.clients.directory import Client
from authserver.interaction.own_page import OwnPage, Visitor
from authserver.interaction.scope_lines import REQUIRED_SCOPE, resource_names, scope_lines
from authserver.issuing.decisions import Decider
from authserver.protocol import limits, user_codes
from authserver.protocol.messages import Request, Response
from authserver.protocol.policy import DEVICE_CODE
from authserver.risk.rate_limits import Exceeded, RateLimiter, address_subject
from authserver.storage.models.decoupled import DeviceRequest
from authserver.storage.unit import Unit
from authserver.web import paths
from authserver.web.approval_values import CodeProblem, DeviceCodePage, DeviceDonePage, DevicePage
from authserver.web.border import Border
from authserver.web.page_errors import application_of

LIMIT = "user_code"
ASKED, CHOSEN, OUTCOME = "user_code", "device_request", "outcome"


class Device(OwnPage):
    """A code is looked up only when somebody signed in posts it; the link of a device merely fills in the field.

    So nobody approves by following a link, and guesses count against whoever makes them.
    """

    name = "device"
    path = paths.DEVICE
    purpose = "device"

    def __init__(self, border: Border, limiter: RateLimiter) -> None:
        super().__init__(border)
        self._limiter = limiter

    def kept_of(self, request: Request) -> dict[str, Any]:
        """The code that came with the link, if it can be one."""
        code = user_codes.normalised((request.query.get(ASKED) or "")[: limits.of_parameter(ASKED)])
        return {ASKED: user_codes.shown(code)} if code is not None else {}

    def show(self, visitor: Visitor) -> Response:
        """The code's field, then what the device asks for, then the outcome."""
        kept = visitor.kept
        with self.services.database.reading() as unit:
            request = self._waiting(unit, visitor)
            client = self._client(request) if request is not None else self._known(kept)
        if OUTCOME in kept and client is not None:
            page = DeviceDonePage(application=application_of(client), allowed=kept[OUTCOME] == "allow")
            return self.render(visitor, page)
        if request is not None and client is not None:
            return self._show_request(visitor, request, client)
        if CHOSEN in kept:
            return self._ask(visitor, problem=CodeProblem.WRONG)
        return self._ask(visitor, kept.get(ASKED, ""), from_link=ASKED in kept)

    def post(self, visitor: Visitor) -> Response:
        """A code, an answer, or the wish to be somebody else."""
        action = visitor.request.form.get("action")
        if action == "switch":
            return self.switch(visitor)
        if OUTCOME in visitor.kept:
            return self.again(visitor.handle)
        return self._decide(visitor, action) if action in {"allow", "deny"} else self._enter(visitor)

    def _enter(self, visitor: Visitor) -> Response:
        typed = (visitor.request.form.get("user_code") or "").strip()[: limits.of_parameter("user_code")]
        if not typed:
            return self._ask(visitor, problem=CodeProblem.MISSING, status=400)
        exceeded = self._exceeded(visitor)
        if exceeded is not None:
            return self._ask(visitor, typed, problem=CodeProblem.RATE_LIMITED, exceeded=exceeded, status=429)
        with self.services.database.unit() as unit:
            request = self.services.elsewhere.devices.find(unit, typed)
            if request is not None and self._client(request) is not None:
                self.remember(unit, visitor, **{CHOSEN: request.id})
                return self.again(visitor.handle)
        self._limiter.fail(LIMIT, _address(visitor))
        return self._ask(visitor, typed, problem=CodeProblem.WRONG, status=400)

    def _exceeded(self, visitor: Visitor) -> Exceeded | None:
        """Every code that a person or a browser tries counts, before it is looked at; of an address the wrong ones."""
        return (
            self._limiter.check(LIMIT, _address(visitor))
            or self._limiter.hit(LIMIT, f"browser {visitor.interaction.browser_id}")
            or self._limiter.hit(LIMIT, f"user {visitor.person.user.id}")
        )

    def _decide(self, visitor: Visitor, action: str) -> Response:
        services = self.services
        with services.database.unit() as unit:
            decider = Decider.of(self.session(unit, visitor))
            request = self._waiting(unit, visitor)
            client = self._client(request) if request is not None else None
            if request is None or client is None:
                return self._ask(visitor, problem=CodeProblem.WRONG, status=400)
            asked = frozenset(request.scope.split())
            kept = {*visitor.request.form.all("scope"), REQUIRED_SCOPE}
            chosen = services.catalog.current().left_of(asked, kept)
            allowed = action == "allow" and (bool(chosen) or not asked)
            if allowed:
                services.elsewhere.decisions.allow(unit, unit.device_requests, request, client, decider, scopes=chosen)
            else:
                services.elsewhere.decisions.deny(unit, unit.device_requests, request, decider)
            self.remember(unit, visitor, **{OUTCOME: "allow" if allowed else "deny", "client_id": client.id})
        return self.again(visitor.handle)

    def _show_request(self, visitor: Visitor, request: DeviceRequest, client: Client) -> Response:
        snapshot, issuer = self.services.catalog.current(), self.services.settings.issuer
        page = DevicePage(
            form=self.form(visitor),
            application=application_of(client),
            account=visitor.account,
            scopes=scope_lines(frozenset(request.scope.split()), snapshot),
            requested_at=request.created_at,
            requested_from=request.requested_from,
            resources=resource_names(request.resources, snapshot, issuer),
            details=descriptions(request.authorization_details, snapshot),
        )
        return self.render(visitor, page)

    def _ask(
        self,
        visitor: Visitor,
        user_code: str = "",
        *,
        from_link: bool = False,
        problem: CodeProblem | None = None,
        exceeded: Exceeded | None = None,
        status: int = 200,
    ) -> Response:
        retry_after = exceeded.retry_after if exceeded else 0
        page = DeviceCodePage(
            form=self.form(visitor),
            account=visitor.account,
            user_code=user_code,
            from_link=from_link,
            problem=problem,
            retry_after=retry_after,
        )
        headers = (("Retry-After", str(retry_after)),) if exceeded else ()
        return self.render(visitor, page, status=status, headers=headers)

    def _waiting(self, unit: Unit, visitor: Visitor) -> DeviceRequest | None:
        return self.services.elsewhere.devices.waiting(unit, visitor.kept.get(CHOSEN))

    def _client(self, request: DeviceRequest) -> Client | None:
        """Who asks, if they may still."""
        client = self.services.clients.find(request.client_id)
        allowed = client is not None and client.enabled and DEVICE_CODE in client.grant_types
        return client if allowed else None

    def _known(self, kept: dict[str, Any]) -> Client | None:
        return self.services.clients.find(kept["client_id"]) if OUTCOME in kept else None


def _address(visitor: Visitor) -> str:
    return f"address {address_subject(visitor.request.remote_address)}"
