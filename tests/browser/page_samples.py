"""Every page in every state, with sample values; shared by the screenshots, the accessibility check and the tests."""

from __future__ import annotations

from authserver.access.authorization_details import Described
from authserver.web.page_values import (
    Account,
    Application,
    ChangePasswordPage,
    ConsentPage,
    ConsentScope,
    ErrorPage,
    ExpiredPage,
    ExpiredReason,
    Form,
    FormPostPage,
    FrontchannelLogoutPage,
    HomePage,
    LoginPage,
    LoginProblem,
    LogoutConfirmPage,
    Page,
    PasswordProblem,
    PasswordRules,
    SelectAccountPage,
    SignedOutPage,
)
from tests.browser import approval_samples, playground_samples

FORM = Form("csrf-sample", "interaction-sample", "step-sample")
PHOTOS = Application(
    "Acme Photos",
    logo_uri="https://photos.example/logo.svg",
    policy_uri="https://photos.example/privacy",
    tos_uri="https://photos.example/terms",
    organization="Acme Corporation",
)
PLAIN = Application("Timesheets")
LONG_NAME = Application(
    "The Extraordinarily Long-Winded Photograph Archive And Sharing Application Of Ac", organization="A" * 80
)
ADA = Account("ada@example.com", "Ada Lovelace", "ada")
GRACE = Account("grace.hopper@navy.example", "", "grace", signed_in=False)
LONG_ADDRESS = Account(
    "a" * 64 + "@" + ("b" * 60 + ".") * 3 + "c" * 6, "Wolfeschlegelsteinhausenbergerdorff " * 3, "long"
)
SCOPES = (
    ConsentScope("openid", required=True),
    ConsentScope("profile"),
    ConsentScope("email"),
    ConsentScope("photos.read", "Look at your albums"),
    ConsentScope("photos.write", "Change your albums", includes=("Look at your albums", "photos.list")),
    ConsentScope("offline_access", checked=False),
)
REFERENCE = "0192f3c1-7a54-7cc0-9a3e-5d2b8f0c6e11"
RULES = PasswordRules(8, 128, lower=True, upper=True, digit=True, symbol=True)
HOME = "https://photos.example/"


def samples() -> dict[str, Page]:
    """The pages by a name for the file."""
    approvals = approval_samples.samples(PHOTOS, LONG_NAME, ADA, LONG_ADDRESS)
    return {**_login(), **_decisions(), **_ends(), **_passwords(), **approvals, **playground_samples.samples()}


def _login() -> dict[str, Page]:
    def page(problem: LoginProblem) -> Page:
        return LoginPage(FORM, PHOTOS, "ada@example.com", problem=problem, retry_after=840)

    return {
        "login": LoginPage(FORM, PHOTOS),
        "login-hint": LoginPage(FORM, PLAIN, "ada@example.com", remember=True),
        "login-again": LoginPage(FORM, PHOTOS, "ada@example.com", again=True),
        "login-home": LoginPage(FORM),
        "login-long": LoginPage(FORM, LONG_NAME, LONG_ADDRESS.username),
        **{f"login-{problem.value}": page(problem) for problem in LoginProblem},
    }


def _decisions() -> dict[str, Page]:
    native = ConsentPage(FORM, PLAIN, ADA, "http://127.0.0.1:51004/cb", SCOPES[:3], can_remember=False)
    long = ConsentPage(FORM, LONG_NAME, LONG_ADDRESS, "https://" + "h" * 60 + ".example/cb", SCOPES)
    payment = Described("Payment", "Pay 123.50 EUR to Merchant A.", (("note", "rent, May"), ("risk", '{"level":1}')))
    unbroken = Described("P" * 120, "W" * 200, (("m" * 60, "v" * 200),))
    names = ("birthdate", "phone_number_verified")
    detailed = ConsentPage(
        FORM, PHOTOS, ADA, "https://photos.example/cb", SCOPES[:1], claims=names, details=(payment, unbroken)
    )
    return {
        "consent-details": detailed,
        "consent": ConsentPage(FORM, PHOTOS, ADA, "https://photos.example/cb", SCOPES, resources=("Photo API",)),
        "consent-native": native,
        "consent-long": long,
        "select-account": SelectAccountPage(FORM, (ADA, GRACE), PHOTOS),
        "select-account-long": SelectAccountPage(FORM, (LONG_ADDRESS, ADA), LONG_NAME),
        "logout-confirm": LogoutConfirmPage(FORM, ADA, PHOTOS),
        "logout-confirm-plain": LogoutConfirmPage(FORM, ADA),
        "form-post": FormPostPage("https://photos.example/cb", (("code", "c"), ("state", '"><script>')), PHOTOS),
    }


def _ends() -> dict[str, Page]:
    codes = ("invalid_client", "not_found", "server_error", "temporarily_unavailable", "rate_limited", "csrf_failed")
    return {
        "signed-out": SignedOutPage(),
        "signed-out-back": SignedOutPage(PHOTOS, HOME),
        "frontchannel-logout": FrontchannelLogoutPage(("https://photos.example/front-channel-logout",), HOME, PHOTOS),
        "frontchannel-logout-end": FrontchannelLogoutPage(("https://photos.example/front-channel-logout",)),
        "error-invalid_redirect_uri": ErrorPage(
            "invalid_redirect_uri", REFERENCE, "redirect_uri is not registered for this client", PHOTOS, HOME
        ),
        **{f"error-{code}": ErrorPage(code, REFERENCE, retry_after=95) for code in codes},
        **{f"expired-{reason.value}": ExpiredPage(reason, PHOTOS, HOME, REFERENCE) for reason in ExpiredReason},
        "home": HomePage(playground=True),
        "home-signed-in": HomePage(ADA, Form("csrf-sample", action="/oauth2/logout"), playground=True),
    }


def _passwords() -> dict[str, Page]:
    problems = (PasswordProblem.TOO_SHORT, PasswordProblem.MISMATCH, PasswordProblem.EXPIRED)
    return {
        "change-password": ChangePasswordPage(FORM, "ada@example.com", RULES),
        "change-password-problems": ChangePasswordPage(FORM, "ada@example.com", RULES, PHOTOS, problems),
    }
