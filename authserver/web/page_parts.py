"""What pages are made of: the application, the account, the form, and the page itself.

Text in `Application` is the requester's own. It is cleaned of characters that
could disguise it and is never presented as ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from authserver.texts.labels import plain_label


@dataclass(frozen=True, slots=True)
class Application:
    """The client one signs in to, as it registered itself.

    Args:
        name: the client's name, or its id when it has none.
        logo_uri: shown when it is https, or http on loopback in development.
        policy_uri: the client's privacy policy.
        tos_uri: the client's terms of service.
        organization: the organization that the client belongs to.
    """

    name: str
    logo_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    organization: str = ""

    @property
    def label(self) -> str:
        """The name as it may be shown."""
        return plain_label(self.name) or "?"

    @property
    def initial(self) -> str:
        """The first letter, for the tile that stands in for a logo."""
        return next((char for char in self.label if char.isalnum()), self.label[0]).upper()

    @property
    def owner(self) -> str:
        """The organization as it may be shown."""
        return plain_label(self.organization)


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account, as the person knows it.

    Args:
        username: user name or e-mail address.
        name: display name, where there is one.
        reference: what the account chooser posts back for this account.
        signed_in: whether its session is still good.
    """

    username: str
    name: str = ""
    reference: str = ""
    signed_in: bool = True

    @property
    def label(self) -> str:
        """The display name, or the user name."""
        return plain_label(self.name) or plain_label(self.username, 254)

    @property
    def address(self) -> str:
        """The user name as it may be shown, whole."""
        return plain_label(self.username, 254)

    @property
    def initial(self) -> str:
        """The first letter, for the round tile."""
        return next((char for char in self.label if char.isalnum()), "?").upper()


@dataclass(frozen=True, slots=True)
class Form:
    """The hidden fields of every form. An empty `action` posts to the page's own address."""

    csrf_token: str
    interaction: str = ""
    step: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    `template` is its file below `templates/`, `scripts` the static scripts it
    loads, `readable_again` whether a GET of the same address shows the same
    page, so that it can offer other languages after a POST; `shown_once` that
    not even a second GET shows it again, so that it never offers any.
    """

    template: ClassVar[str]
    scripts: ClassVar[tuple[str, ...]] = ()
    readable_again: ClassVar[bool] = False
    shown_once: ClassVar[bool] = False

    def image_sources(self) -> tuple[str, ...]:
        """Addresses of images that this page shows and that do not come from us."""
        application: Application | None = getattr(self, "application", None)
        return (application.logo_uri,) if application and application.logo_uri else ()

    def content_sources(self) -> dict[str, str]:
        """Further directives for this page's Content-Security-Policy, `{"connect-src": "'self'"}` for example."""
        return {}
