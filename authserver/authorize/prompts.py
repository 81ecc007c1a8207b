"""Why we interrupt the user, as data.

A prompt has checks; a check that holds names its reason. The first prompt with
a reason is shown, and with `prompt=none` its error goes to the client.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from authserver.authorize.situation import Situation
from authserver.login.facts import FactKind
from authserver.protocol.errors import (
    AccountSelectionRequired,
    ConsentRequired,
    InteractionRequired,
    LoginRequired,
    ProtocolError,
)
from authserver.protocol.redirect_uris import is_native_callback


@dataclass(frozen=True, slots=True)
class Check:
    """One reason to interrupt. `holds` tells whether it applies."""

    reason: str
    description: str
    holds: Callable[[Situation], bool]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One page that can prove something, the error that stands for it, and the reasons for showing it."""

    name: str
    path: str
    error: type[ProtocolError]
    checks: tuple[Check, ...]

    def reasons(self, situation: Situation) -> tuple[str, ...]:
        """The reasons that apply."""
        return tuple(check.reason for check in self.checks if check.holds(situation))


def _asked_to_select(situation: Situation) -> bool:
    return (
        "select_account" in situation.context.prompts
        and bool(situation.sessions)
        and not situation.facts.has(FactKind.ACCOUNT)
        and not situation.facts.has(FactKind.OTHER_ACCOUNT)
        and situation.facts.login is None
    )


def _several_accounts(situation: Situation) -> bool:
    return (
        len(situation.sessions) > 1
        and situation.session is None
        and situation.context.expected_subject is None
        and situation.facts.subject is None
        and not situation.facts.wants_other_account
    )


def _wants_other_account(situation: Situation) -> bool:
    return situation.facts.wants_other_account


def _no_session(situation: Situation) -> bool:
    return situation.session is None


def _asked_to_log_in(situation: Situation) -> bool:
    return "login" in situation.context.prompts and situation.login is None


def _too_old(situation: Situation) -> bool:
    return situation.session is not None and not situation.is_fresh


def _other_subject(situation: Situation) -> bool:
    expected = situation.context.expected_subject
    return situation.session is not None and expected is not None and situation.session.user_id != expected


def _must_change_password(situation: Situation) -> bool:
    return situation.user is not None and situation.user.password_must_change


def _must_prove_old_password(situation: Situation) -> bool:
    return situation.user is not None and situation.user.password_must_change and situation.login is None


def _asked_to_consent(situation: Situation) -> bool:
    return "consent" in situation.context.prompts and situation.consent is None


def _always_consents(situation: Situation) -> bool:
    return situation.context.verified_client.policy.consent == "always" and situation.consent is None


def _not_consented(situation: Situation) -> bool:
    client = situation.context.verified_client
    unknown = bool(situation.unconsented) or situation.is_first_time
    return client.policy.consent != "skip" and unknown and situation.consent is None


def _asks_in_detail(situation: Situation) -> bool:
    """Details are about this one request, so that no earlier consent covers them (RFC 9396 §11)."""
    return (
        bool(situation.context.authorization_details)
        and situation.context.verified_client.policy.consent != "skip"
        and situation.consent is None
    )


def _native_silently(situation: Situation) -> bool:
    """Any program on the device can claim such a redirect URI, so somebody must have seen a page."""
    return (
        is_native_callback(situation.context.redirect_uri) and _is_native(situation) and not _has_seen_page(situation)
    )


def _is_native(situation: Situation) -> bool:
    return situation.context.verified_client.application_type == "native"


def _has_seen_page(situation: Situation) -> bool:
    return situation.login is not None or situation.consent is not None or situation.facts.has(FactKind.ACCOUNT)


PROMPTS: tuple[Prompt, ...] = (
    Prompt(
        "select_account",
        "/select-account",
        AccountSelectionRequired,
        (
            Check("select_account_prompt", "The application asked for the choice of an account.", _asked_to_select),
            Check("several_sessions", "Several accounts are signed in and none was named.", _several_accounts),
        ),
    ),
    Prompt(
        "login",
        "/login",
        LoginRequired,
        (
            Check("other_account", "The person wants to use another account.", _wants_other_account),
            Check("no_session", "Nobody is signed in.", _no_session),
            Check("login_prompt", "The application asked for a fresh login.", _asked_to_log_in),
            Check("max_age", "The last login is older than the application allows.", _too_old),
            Check("id_token_hint", "Somebody else is signed in than the application expects.", _other_subject),
            Check(
                "password_must_change",
                "Replacing the password takes the old one.",
                _must_prove_old_password,
            ),
        ),
    ),
    Prompt(
        "change_password",
        "/password/change",
        InteractionRequired,
        (Check("password_must_change", "The password was set by somebody else.", _must_change_password),),
    ),
    Prompt(
        "consent",
        "/consent",
        ConsentRequired,
        (
            Check("consent_prompt", "The application asked for consent.", _asked_to_consent),
            Check("consent_always", "This application must ask every time.", _always_consents),
            Check("scopes_not_allowed", "Something was not allowed to the application yet.", _not_consented),
            Check("authorization_details", "The application asked for something in detail.", _asks_in_detail),
            Check("native_client", "A native application is never approved silently.", _native_silently),
        ),
    ),
)


def first(situation: Situation) -> tuple[Prompt, tuple[str, ...]] | None:
    """The first prompt that has a reason, with its reasons, or None."""
    for prompt in PROMPTS:
        reasons = prompt.reasons(situation)
        if reasons:
            return prompt, reasons
    return None
