"""What each page needs, as frozen values: a caller cannot forget one.

Every class names its template. Templates see the value as `page` and nothing
else of the caller. Text in `Application` is the requester's own and is cleaned
of characters that could disguise it; it is never presented as ours.

Fields and buttons that a page posts back are listed in its docstring. Pages
with more than one submit button tell them apart by the field `action`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from authserver.access.authorization_details import Described
from authserver.texts.labels import plain_label
from authserver.web.addresses import LOOPBACK_HOSTS
from authserver.web.page_parts import Account, Application, Form, Page

__all__ = [
    "Account",
    "Application",
    "ChangePasswordPage",
    "ConsentPage",
    "ConsentScope",
    "ErrorPage",
    "ExpiredPage",
    "ExpiredReason",
    "Form",
    "FormPostPage",
    "HomePage",
    "LoginPage",
    "LoginProblem",
    "LogoutConfirmPage",
    "Page",
    "PasswordProblem",
    "PasswordRules",
    "SelectAccountPage",
    "SignedOutPage",
    "plain_label",
]


class LoginProblem(StrEnum):
    """Why the login page is shown again. That an account is closed is told to the right password alone."""

    USERNAME_MISSING = "username_missing"
    PASSWORD_MISSING = "password_missing"
    WRONG_CREDENTIALS = "wrong_credentials"
    ACCOUNT_DELETED = "account_deleted"
    ACCOUNT_DISABLED = "account_disabled"
    LOCKED = "locked"
    DELAYED = "delayed"
    RATE_LIMITED = "rate_limited"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class LoginPage(Page):
    """Name and password.

    Posts `username`, `password`, `remember` ("yes" or absent) and `action`
    ("login" or "cancel"). Cancel is offered when there is an application.

    Args:
        application: whom one signs in to; None for the server's own pages.
        username: prefilled from `login_hint` or from what was typed.
        remember: whether "keep me signed in" is ticked.
        again: the person is signed in and is asked for the password once more.
        problem: why the page is shown again.
        retry_after: seconds until another attempt makes sense, for LOCKED, DELAYED and RATE_LIMITED.
    """

    template: ClassVar[str] = "login.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js", "passwords.js")
    readable_again: ClassVar[bool] = True

    form: Form
    application: Application | None = None
    username: str = ""
    remember: bool = False
    again: bool = False
    problem: LoginProblem | None = None
    retry_after: int = 0

    @property
    def field(self) -> str:
        """The id of the field that the problem is about, or empty."""
        if self.problem in {LoginProblem.USERNAME_MISSING, LoginProblem.WRONG_CREDENTIALS}:
            return "username"
        return "password" if self.problem is LoginProblem.PASSWORD_MISSING else ""


@dataclass(frozen=True, slots=True)
class ConsentScope:
    """One scope that is asked for.

    Args:
        name: as in the request.
        description: the registered words for it; scopes of OpenID Connect are worded in the catalogues.
        required: part of the request as such and shown without a box (`openid`).
        checked: whether the box is ticked at first.
        includes: what comes with it, in the registered words.
    """

    name: str
    description: str = ""
    required: bool = False
    checked: bool = True
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentPage(Page):
    """What an application asks for.

    Posts `scope` and `claim` (repeated: the boxes left ticked; required scopes
    are not posted), `remember` ("yes" or absent) and `action` ("allow", "deny" or
    "switch" for another account).

    Args:
        redirect_uri: where the answer goes; its host is shown.
        resources: names of the interfaces that the access is for.
        claims: names of the claims that are asked for one by one.
        details: what is asked for in detail (RFC 9396), in words.
        can_remember: False where each request must be asked about (RFC 8252 §8.6).
    """

    template: ClassVar[str] = "consent.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js",)
    readable_again: ClassVar[bool] = True

    form: Form
    application: Application
    account: Account
    redirect_uri: str
    scopes: tuple[ConsentScope, ...]
    resources: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    details: tuple[Described, ...] = ()
    can_remember: bool = True
    remember: bool = True

    @property
    def host(self) -> str:
        """The host that the answer goes to, or the scheme of a native application; ASCII, so no look-alikes."""
        parts = urlsplit(self.redirect_uri)
        host = parts.hostname or f"{parts.scheme}:"
        return host if host.isascii() else host.encode("idna").decode("ascii")

    @property
    def on_this_device(self) -> bool:
        """Whether the answer goes to a program on the person's own device."""
        parts = urlsplit(self.redirect_uri)
        return parts.scheme not in {"http", "https"} or parts.hostname in LOOPBACK_HOSTS

    @property
    def optional(self) -> tuple[ConsentScope, ...]:
        """The scopes that may be left out."""
        return tuple(scope for scope in self.scopes if not scope.required)


@dataclass(frozen=True, slots=True)
class SelectAccountPage(Page):
    """Several sessions in one browser, or `prompt=select_account`.

    Posts `account` (an account's reference), or `action` "other" or "cancel".
    """

    template: ClassVar[str] = "select_account.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js",)
    readable_again: ClassVar[bool] = True

    form: Form
    accounts: tuple[Account, ...]
    application: Application | None = None


@dataclass(frozen=True, slots=True)
class LogoutConfirmPage(Page):
    """Asks before signing out, because the request alone proves no wish. Posts `action`: "yes" or "no"."""

    template: ClassVar[str] = "logout_confirm.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js",)
    readable_again: ClassVar[bool] = True

    form: Form
    account: Account | None = None
    application: Application | None = None


@dataclass(frozen=True, slots=True)
class SignedOutPage(Page):
    """Done. `return_uri` is set only when it is a verified address of `application`."""

    template: ClassVar[str] = "signed_out.html"

    application: Application | None = None
    return_uri: str = ""


@dataclass(frozen=True, slots=True)
class FrontchannelLogoutPage(Page):
    """Done here; the browser tells the applications and then goes on (OIDC Front-Channel Logout §2).

    Args:
        frames: what it loads, unseen.
        location: where it goes on to, a verified address of `application`; empty to stay.
    """

    template: ClassVar[str] = "frontchannel_logout.html"
    scripts: ClassVar[tuple[str, ...]] = ("frontchannel_logout.js",)
    shown_once: ClassVar[bool] = True

    frames: tuple[str, ...]
    location: str = ""
    application: Application | None = None

    def content_sources(self) -> dict[str, str]:
        """The origins of the frames, and no other."""
        origins = dict.fromkeys(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, self.frames))
        return {"frame-src": " ".join(origins)}


@dataclass(frozen=True, slots=True)
class ErrorPage(Page):
    """A refusal that cannot be sent to the application.

    Args:
        code: the error code, OAuth's where there is one; shown under "Details" and decides the words.
        reference: what `authserver explain` takes.
        description: the public description of the refusal, in English.
        application: set only when the client is known.
        return_uri: set only when it is a verified address of `application`.
        retry_after: seconds until another attempt makes sense, where it does.
    """

    template: ClassVar[str] = "error.html"
    scripts: ClassVar[tuple[str, ...]] = ("copy.js",)

    code: str
    reference: str
    description: str = ""
    application: Application | None = None
    return_uri: str = ""
    retry_after: int = 0


class ExpiredReason(StrEnum):
    """Why an interaction cannot go on."""

    EXPIRED = "expired"
    FINISHED = "finished"
    OTHER_BROWSER = "other_browser"


@dataclass(frozen=True, slots=True)
class ExpiredPage(Page):
    """An interaction that is over. `return_uri` is a verified address at which the application starts anew."""

    template: ClassVar[str] = "expired.html"

    reason: ExpiredReason = ExpiredReason.EXPIRED
    application: Application | None = None
    return_uri: str = ""
    reference: str = ""


class PasswordProblem(StrEnum):
    """Why a new password is refused."""

    MISSING = "missing"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    MISSING_CLASS = "missing_class"
    UNCHANGED = "unchanged"
    COMMON = "common"
    CONTAINS_NAME = "contains_name"
    MISMATCH = "mismatch"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a new password must have: lengths in characters and kinds of characters."""

    shortest: int = 8
    longest: int = 128
    lower: bool = False
    upper: bool = False
    digit: bool = False
    symbol: bool = False


@dataclass(frozen=True, slots=True)
class ChangePasswordPage(Page):
    """A password that somebody else chose must be changed at first sign-in.

    The current one was proven a moment ago and is not asked for again. Posts
    `new_password`, `repeat_password` and `action` ("change" or "cancel").
    """

    template: ClassVar[str] = "change_password.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js", "passwords.js")
    readable_again: ClassVar[bool] = True

    form: Form
    username: str
    rules: PasswordRules = PasswordRules()
    application: Application | None = None
    problems: tuple[PasswordProblem, ...] = ()

    @property
    def field_problems(self) -> dict[str, tuple[PasswordProblem, ...]]:
        """The problems by the field that they are about; those of the whole page are under the empty name."""
        placed: dict[str, tuple[PasswordProblem, ...]] = {"new_password": (), "repeat_password": (), "": ()}
        for problem in self.problems:
            field = {PasswordProblem.MISMATCH: "repeat_password", PasswordProblem.EXPIRED: ""}.get(
                problem, "new_password"
            )
            placed[field] += (problem,)
        return placed


@dataclass(frozen=True, slots=True)
class FormPostPage(Page):
    """Carries an authorization response to the application (OAuth 2.0 Form Post Response Mode §2)."""

    template: ClassVar[str] = "form_post.html"
    scripts: ClassVar[tuple[str, ...]] = ("form_post.js",)
    shown_once: ClassVar[bool] = True

    action: str
    fields: tuple[tuple[str, str], ...]
    application: Application | None = None


@dataclass(frozen=True, slots=True)
class HomePage(Page):
    """The server's own first page.

    Args:
        account: who is signed in here, if anybody.
        sign_out: the form that signs out; needed when there is an account.
        playground: whether the playground is on.
    """

    template: ClassVar[str] = "home.html"
    scripts: ClassVar[tuple[str, ...]] = ("forms.js",)
    readable_again: ClassVar[bool] = True

    account: Account | None = None
    sign_out: Form | None = None
    playground: bool = False
