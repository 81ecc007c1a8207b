"""What the authorization endpoint can answer: a response for the client, or a page that proves the next fact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from authserver.authorize.context import Context
from authserver.identity.browsers import BrowserSecrets
from authserver.issuing.mint import Prepared
from authserver.protocol import responses
from authserver.protocol.errors import ProtocolError
from authserver.protocol.policy import CODE
from authserver.protocol.redirect_uris import with_parameters


@dataclass(frozen=True, slots=True)
class ClientResponse:
    """Parameters for the client, to be delivered to its redirect URI in its response mode."""

    redirect_uri: str
    response_mode: str
    parameters: tuple[tuple[str, str], ...]
    response_type: str = CODE

    @property
    def transport(self) -> str:
        """`query`, `fragment` or `form_post`."""
        return responses.transport(self.response_mode, self.response_type)

    @property
    def location(self) -> str:
        """The redirect for query and fragment."""
        return with_parameters(self.redirect_uri, self.parameters, in_fragment=self.transport == "fragment")

    def with_parameters(self, parameters: tuple[tuple[str, str], ...]) -> ClientResponse:
        """The same answer with other parameters."""
        return replace(self, parameters=parameters)


@dataclass(frozen=True, slots=True)
class Issued:
    """An answer that is stored; `tokens` are still to be signed, after the transaction, so that no lock waits."""

    response: ClientResponse
    tokens: Prepared | None = None


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The person must see a page. `secrets` are set when the browser was seen for the first time."""

    path: str
    handle: str
    verifier: str
    secrets: BrowserSecrets | None = None

    @property
    def location(self) -> str:
        """The page's address, with the proof that it was dispatched to."""
        return f"{self.path}?{urlencode({'interaction': self.handle, 'step': self.verifier})}"


Outcome = Issued | Interrupt


def error_response(context: Context, error: ProtocolError, issuer: str, reference: str) -> ClientResponse:
    """The refusal as an authorization response (RFC 6749 §4.1.2.1, RFC 9207 §2)."""
    description = f"{error.description} (reference {reference})" if error.description else f"Reference {reference}"
    parameters = [("error", error.code), ("error_description", description)]
    state = context.get("state")
    if state is not None:
        parameters.append(("state", state))
    parameters.append(("iss", issuer))
    return answer_to(context, tuple(parameters))


def answer_to(context: Context, parameters: tuple[tuple[str, str], ...]) -> ClientResponse:
    """An answer in the request's response mode."""
    return ClientResponse(context.redirect_uri, context.response_mode, parameters, context.response_type)
