"""The pages on which a person answers a request that came from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from authserver.access.authorization_details import Described
from authserver.texts.labels import plain_label
from authserver.web.page_parts import Account, Application, Form, Page
from authserver.web.page_values import ConsentScope


class CodeProblem(StrEnum):
    """Why a code is asked for again. Unknown, expired and used ones are not told apart."""

    MISSING = "missing"
    WRONG = "wrong"
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True)
class DeviceCodePage(Page):
    """Asks for the code that a device shows, or whether it is the one that came with the link.

    Posts `user_code` and `action` ("enter" or "switch").

    Args:
        user_code: what came with the link or was typed.
        from_link: whether the code came with a link, so that it must be compared rather than typed.
        retry_after: seconds until another attempt makes sense, for RATE_LIMITED.
    """

    template: ClassVar[str] = "device_code.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js",)
    readable_again: ClassVar[bool] = True

    form: Form
    account: Account
    user_code: str = ""
    from_link: bool = False
    problem: CodeProblem | None = None
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class DevicePage(Page):
    """What a device asks for. Posts `scope` as the consent page does, and `action` ("allow", "deny" or "switch").

    Args:
        requested_at: when the device asked.
        requested_from: the address it asked from.
        resources: names of the interfaces that the access is for.
        details: what is asked for in detail (RFC 9396), in words.
    """

    template: ClassVar[str] = "device.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js",)
    readable_again: ClassVar[bool] = True

    form: Form
    application: Application
    account: Account
    scopes: tuple[ConsentScope, ...]
    requested_at: datetime
    requested_from: str
    resources: tuple[str, ...] = ()
    details: tuple[Described, ...] = ()

    @property
    def optional(self) -> tuple[ConsentScope, ...]:
        """The scopes that may be left out."""
        return tuple(scope for scope in self.scopes if not scope.required)

    @property
    def address(self) -> str:
        """The address as it may be shown."""
        return plain_label(self.requested_from)


@dataclass(frozen=True, slots=True)
class DeviceDonePage(Page):
    """The answer is on its way to the device."""

    template: ClassVar[str] = "device_done.html"
    readable_again: ClassVar[bool] = True

    application: Application
    allowed: bool


@dataclass(frozen=True, slots=True)
class Approval:
    """One request that waits.

    Args:
        reference: what the form posts back.
        binding_message: the client's own words, by which the person knows the request again.
        scopes: what is asked for; all of it or nothing.
        details: what is asked for in detail (RFC 9396), in words; all of it or nothing.
    """

    reference: str
    application: Application
    scopes: tuple[ConsentScope, ...]
    requested_at: datetime
    binding_message: str = ""
    resources: tuple[str, ...] = ()
    details: tuple[Described, ...] = ()

    @property
    def message(self) -> str:
        """The client's words as they may be shown."""
        return plain_label(self.binding_message, 100)


class ApprovalNews(StrEnum):
    """What became of the last answer."""

    ALLOWED = "allow"
    DENIED = "deny"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class ApprovalsPage(Page):
    """The requests of clients that wait for a person (CIBA).

    Each posts `request` (its reference) and `action` ("allow" or "deny"); the page also posts `action` "switch".
    While nothing waits the page looks again by itself.
    """

    template: ClassVar[str] = "approvals.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js", "approvals.js")
    readable_again: ClassVar[bool] = True

    form: Form
    account: Account
    approvals: tuple[Approval, ...]
    news: ApprovalNews | None = None

    def image_sources(self) -> tuple[str, ...]:
        """The logos of those who ask."""
        return tuple(dict.fromkeys(one.application.logo_uri for one in self.approvals if one.application.logo_uri))
