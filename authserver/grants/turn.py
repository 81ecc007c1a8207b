"""One visit to the token endpoint, in the shape that Authlib's frame reads and with what our phases add."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from authserver.clients.directory import Client
from authserver.protocol import limits
from authserver.protocol.errors import InvalidRequest
from authserver.protocol.messages import Parameters, Request
from authserver.tokens.confirmation import NOTHING, Confirmation

MAY_REPEAT = frozenset({"resource", "audience"})


@dataclass
class Turn:
    """The request at the token endpoint. Parameters come from the body alone (RFC 6749 §3.2).

    `sender` is what the sender has shown to hold; what is issued is bound to it.
    """

    request: Request
    form: Parameters
    client: Client
    sender: Confirmation = NOTHING
    method: str = "POST"
    user: Any = None

    @property
    def payload(self) -> SimpleNamespace:
        """What Authlib looks at to find the grant."""
        return SimpleNamespace(grant_type=self.form.get("grant_type"), scope=self.form.get("scope"))

    def required(self, name: str) -> str:
        """A parameter that must be there. Raises InvalidRequest."""
        value = self.form.get(name)
        if value is None:
            raise InvalidRequest(f"The parameter {name} is missing.", reason=f"{name}_missing", spec="RFC 6749 §5.2")
        return value

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources that were asked for (RFC 8707 §2.2)."""
        return self.form.all("resource")

    @property
    def refresh_cnf(self) -> dict[str, str] | None:
        """What a refresh token issued now is bound to: the keys of a public client, which has nothing else to show.

        A confidential client authenticates with each refresh, and may have a new key then (RFC 9449 §5, RFC 8705 §4).
        """
        return self.sender.cnf if self.client.is_public else None


def read_form(request: Request) -> Parameters:
    """The parameters of a request that a client sends itself. Raises InvalidRequest."""
    if not request.is_form:
        raise InvalidRequest(
            "The body must be application/x-www-form-urlencoded.", reason="content_type_wrong", spec="RFC 6749 §3.2"
        )
    try:
        form = request.form
    except ValueError as error:
        raise InvalidRequest(
            "The body cannot be read as a form.", reason="form_malformed", spec="RFC 6749 §3.2"
        ) from error
    return check_parameters(form)


def check_parameters(form: Parameters) -> Parameters:
    """`form`, whose parameters come once and are not too long. Raises InvalidRequest."""
    repeated = sorted(form.repeated - MAY_REPEAT)
    if repeated:
        raise InvalidRequest(
            "A parameter must not be sent more than once.", reason="parameter_repeated", spec="RFC 6749 §3.2"
        )
    for name, value in form.pairs:
        limit = limits.of_parameter(name)
        if len(value) > limit:
            raise InvalidRequest(f"{limits.named(name)} may have {limit} characters.", reason="parameter_too_long")
    return form
