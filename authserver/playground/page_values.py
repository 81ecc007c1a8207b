"""What the playground's pages need, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from authserver.access.catalog import Snapshot
from authserver.playground.exchanges import Pairs
from authserver.playground.own_client import CLIENT_ID
from authserver.playground.runs import Choices, Run
from authserver.protocol.policy import PLAIN_RESPONSE_MODES
from authserver.protocol.scopes import STANDARD
from authserver.web.page_parts import Form, Page

DEFAULT_SCOPES = ("openid", "profile", "email", "offline_access")
PROMPTS = ("none", "login", "consent", "select_account")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be ticked: a scope or a resource."""

    name: str
    description: str
    checked: bool


@dataclass(frozen=True, slots=True)
class StartPage(Page):
    """Where a run begins.

    Posts `client_id`, `client_secret`, `scope` and `resource` (repeated), `prompt`, `max_age`, `login_hint`,
    `response_mode` and `action` ("sign-in", or "look" to see the request before it goes out).

    Args:
        choices: what is filled in; the secret never is.
        callback: the redirect URI that another client must have registered.
    """

    template: ClassVar[str] = "playground/start.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js",)
    readable_again: ClassVar[bool] = True

    form: Form
    choices: Choices
    callback: str
    scopes: tuple[Offer, ...] = ()
    resources: tuple[Offer, ...] = ()

    prompts: ClassVar[tuple[str, ...]] = PROMPTS
    response_modes: ClassVar[tuple[str, ...]] = PLAIN_RESPONSE_MODES

    @property
    def is_own_client(self) -> bool:
        """Whether the playground's own client is named."""
        return self.choices.client_id == CLIENT_ID


class Standing(StrEnum):
    """How a run stands, which decides the words at the top of its page."""

    WAITING = "waiting"
    REFUSED = "refused"
    SIGNED_IN = "signed_in"
    AUTHORIZED = "authorized"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class RunPage(Page):
    """A run with its steps so far, and what can be done next.

    Posts `action`: "userinfo", "refresh", "introspect", "revoke" or "sign-out"; "introspect" and "revoke" with
    `token` ("access_token" or "refresh_token"), "introspect" also with `client_id` and `client_secret`.
    """

    template: ClassVar[str] = "playground/run.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js", "copy.js")
    readable_again: ClassVar[bool] = True

    form: Form
    run: Run

    @property
    def standing(self) -> Standing:
        """How the run stands."""
        run = self.run
        if run.signed_out:
            return Standing.SIGNED_OUT
        if run.access_token:
            return Standing.SIGNED_IN if run.subject else Standing.AUTHORIZED
        return Standing.REFUSED if run.answered else Standing.WAITING

    @property
    def start(self) -> str:
        """Where the browser is to go first, while the request waits."""
        return self.run.exchanges[0].sent.url if self.standing is Standing.WAITING else ""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Which tokens can be asked about and given back."""
        return tuple(name for name in ("access_token", "refresh_token") if getattr(self.run, name))

    @property
    def can_introspect(self) -> bool:
        """Whether the run's own client can prove itself."""
        return self.run.auth_method != "none"


@dataclass(frozen=True, slots=True)
class FragmentPage(Page):
    """The answer is in the fragment, which browsers keep to themselves. Posts `answer`, the address or its end."""

    template: ClassVar[str] = "playground/fragment.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js", "playground.js")
    readable_again: ClassVar[bool] = True

    form: Form
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class LostPage(Page):
    """There is no such run here: it is over, or `answer` came for a run of another browser or for none."""

    template: ClassVar[str] = "playground/lost.html"

    answer: Pairs = ()


def start_page(form: Form, choices: Choices, callback: str, catalog: Snapshot) -> StartPage:
    """The first page with everything that can be asked for; standard scopes come first, in the usual order."""
    names = [*STANDARD, *sorted(catalog.scopes.keys() - STANDARD.keys())]
    return StartPage(
        form=form,
        choices=choices,
        callback=callback,
        scopes=tuple(
            Offer(name, catalog.scopes[name].description, name in choices.scopes)
            for name in names
            if name in catalog.scopes
        ),
        resources=tuple(
            Offer(uri, entry.name, uri in choices.resources)
            for uri, entry in sorted(catalog.resources.items())
            if entry.enabled
        ),
    )
