"""Tells a person that a client waits for an answer (CIBA Core §8).

The mail says who asks and in which words, and where to answer. It holds nothing
that answers: whoever reads it must sign in like everybody else.
"""

from __future__ import annotations

from typing import Final

from authserver.clients.directory import Client, ClientDirectory
from authserver.events.catalog import BackchannelAuthenticationRequested
from authserver.events.event import Event
from authserver.events.mail.letters import Letter
from authserver.storage.database import Database
from authserver.storage.models.decoupled import BackchannelRequest
from authserver.storage.models.users import User
from authserver.texts.labels import unlinked_label

TEMPLATE: Final = "approval"
LONGEST_MESSAGE: Final = 100


class ApprovalMails:
    """Writes about requests that wait for a person whose address is known to be theirs."""

    types = frozenset({BackchannelAuthenticationRequested.__name__})

    def __init__(self, database: Database, clients: ClientDirectory, issuer: str) -> None:
        self._database = database
        self._clients = clients
        self._page = f"{issuer.rstrip('/')}/approvals"

    def write(self, event: Event) -> Letter | None:
        """The letter about a request, while there is somebody to answer it and somebody who asks."""
        if not isinstance(event, BackchannelAuthenticationRequested):
            return None
        with self._database.reading() as unit:
            request = unit.backchannel_requests.find(event.request_id)
            if request is None or request.decided_at is not None or request.is_expired:
                return None
            user, client = unit.users.find(request.user_id), self._clients.find(request.client_id)
            if user is None or not user.may_sign_in or client is None or not client.may_ask_in_background:
                return None
            return self._letter(request, user, client)

    def _letter(self, request: BackchannelRequest, user: User, client: Client) -> Letter | None:
        mailbox = user.verified_mailbox
        if mailbox is None:
            return None
        values = {
            # Name and message are the client's own words, and a link in them would be believed to be ours.
            "application": unlinked_label(client.name or client.id),
            "message": unlinked_label(request.binding_message or "", LONGEST_MESSAGE),
            "requested_at": request.created_at,
            "expires_at": request.expires_at,
            "page": self._page,
        }
        return Letter(user.id, mailbox, TEMPLATE, values, locale=str(user.claims.get("locale") or ""))
