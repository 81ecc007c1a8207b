"""Requests of the relying party to the server: real ones, answered by the handler that answers everybody."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from authserver.edge.chain import Handler
from authserver.playground.addresses import absolute
from authserver.playground.exchanges import Pairs, Received, Sent, basic, response
from authserver.protocol.messages import FORM_CONTENT_TYPE, Request


class BackChannel:
    """Sends requests in the name of one visitor, whose address the limits count.

    Args:
        handler: the server from its outermost link on.
        issuer: where the requests go.
    """

    def __init__(self, handler: Handler, issuer: str) -> None:
        self._handler = handler
        self._issuer = issuer
        self._scheme, self._host = urlsplit(issuer)[:2]

    def get(self, path: str, visitor: Request, headers: Pairs = ()) -> tuple[Sent, Received]:
        """GET, and what came back."""
        return self._send(Sent("GET", absolute(self._issuer, path), (("Host", self._host), *headers)), visitor)

    def post(self, path: str, form: Pairs, visitor: Request, headers: Pairs = ()) -> tuple[Sent, Received]:
        """POST a form, and what came back."""
        body = urlencode(form)
        fields = (
            ("Host", self._host),
            *headers,
            ("Accept", "application/json"),
            ("Content-Type", FORM_CONTENT_TYPE),
            ("Content-Length", str(len(body))),
        )
        return self._send(Sent("POST", absolute(self._issuer, path), fields, body), visitor)

    def _send(self, sent: Sent, visitor: Request) -> tuple[Sent, Received]:
        request = Request(
            method=sent.method,
            path=urlsplit(sent.url).path,
            headers={name.lower(): value for name, value in sent.headers},
            body=sent.body.encode(),
            remote_address=visitor.remote_address,
            scheme=self._scheme,
            host=self._host,
        )
        answer = self._handler(request)
        return sent, response(answer.status, answer.headers, answer.body)


def bearer(access_token: str) -> Pairs:
    """The header that carries an access token (RFC 6750 §2.1)."""
    return (("Authorization", f"Bearer {access_token}"),)


def credentials(auth_method: str, client_id: str, secret: str) -> tuple[Pairs, Pairs]:
    """Headers and form fields with which a client says who it is (RFC 6749 §2.3)."""
    if auth_method == "client_secret_basic":
        encoded = b64encode(basic(client_id, secret).encode()).decode()
        return (("Authorization", f"Basic {encoded}"),), ()
    if auth_method == "client_secret_post":
        return (), (("client_id", client_id), ("client_secret", secret))
    return (), (("client_id", client_id),)


def without_empty(values: Mapping[str, str]) -> Pairs:
    """The pairs that have a value."""
    return tuple((name, value) for name, value in values.items() if value)
