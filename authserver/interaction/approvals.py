"""The page where a person answers what clients ask for in the background (CIBA Core §8)."""

from __future__ import annotations

from authserver.access.authorization_details import descriptions
from authserver.clients.directory import Client
from authserver.interaction.own_page import OwnPage, Visitor
from authserver.interaction.scope_lines import resource_names, scope_lines
from authserver.issuing.decisions import Decider
from authserver.protocol.messages import Response
from authserver.storage.models.decoupled import BackchannelRequest
from authserver.web import paths
from authserver.web.approval_values import Approval, ApprovalNews, ApprovalsPage
from authserver.web.page_errors import application_of

NEWS = "news"


class Approvals(OwnPage):
    """All that waits for whoever is signed in, each with its own answer."""

    name = "approvals"
    path = paths.APPROVALS
    purpose = "approvals"

    def show(self, visitor: Visitor) -> Response:
        """The list."""
        with self.services.database.reading() as unit:
            waiting = self.services.elsewhere.backchannel.waiting(unit, visitor.person.user.id)
        shown = tuple(self._shown(one, client) for one in waiting if (client := self._client(one)) is not None)
        news = visitor.kept.get(NEWS)
        page = ApprovalsPage(
            form=self.form(visitor),
            account=visitor.account,
            approvals=shown,
            news=ApprovalNews(news) if news is not None else None,
        )
        return self.render(visitor, page)

    def post(self, visitor: Visitor) -> Response:
        """Allow or deny one of them."""
        form = visitor.request.form
        action = form.get("action")
        if action == "switch":
            return self.switch(visitor)
        backchannel = self.services.elsewhere.backchannel
        with self.services.database.unit() as unit:
            decider = Decider.of(self.session(unit, visitor))
            request = backchannel.find(unit, decider.user_id, form.get("request") or "")
            client = self._client(request) if request is not None else None
            news = ApprovalNews.OVER
            if request is not None and client is not None and action == "allow":
                backchannel.allow(unit, request, client, decider)
                news = ApprovalNews.ALLOWED
            elif request is not None and client is not None:
                backchannel.deny(unit, request, decider)
                news = ApprovalNews.DENIED
            self.remember(unit, visitor, **{NEWS: news.value})
        return self.again(visitor.handle)

    def _shown(self, request: BackchannelRequest, client: Client) -> Approval:
        snapshot, issuer = self.services.catalog.current(), self.services.settings.issuer
        return Approval(
            reference=request.id,
            application=application_of(client),
            scopes=scope_lines(frozenset(request.scope.split()), snapshot),
            requested_at=request.created_at,
            binding_message=request.binding_message or "",
            resources=resource_names(request.resources, snapshot, issuer),
            details=descriptions(request.authorization_details, snapshot),
        )

    def _client(self, request: BackchannelRequest) -> Client | None:
        """Who asks, if they may still."""
        client = self.services.clients.find(request.client_id)
        return client if client is not None and client.may_ask_in_background else None
