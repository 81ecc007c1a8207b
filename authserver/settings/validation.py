"""The rule table that start-up and `doctor` share: what is unsafe or contradictory, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from authserver.settings.schema import Settings

Severity = Literal["error", "unsafe", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong with settings that are each well formed.

    Attributes:
        severity: `error` is refused everywhere, `unsafe` in production and staging, `warning` nowhere.
        concerns: the settings looked at; a rule is skipped when one of them could not be read.
        check: what is wrong, or None.
        remedy: what the operator should do.
    """

    id: str
    severity: Severity
    concerns: tuple[str, ...]
    check: Callable[[Settings], str | None]
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that the settings break."""

    rule: Rule
    message: str
    refused: bool


RULES: tuple[Rule, ...] = ()


def findings(settings: Settings, skip: Collection[str] = ()) -> list[Finding]:
    """Every broken rule, those that stop the server first; `skip` names settings that could not be read."""
    found = []
    for rule in RULES:
        message = None if set(rule.concerns) & set(skip) else rule.check(settings)
        if message is not None:
            refused = rule.severity == "error" or (rule.severity == "unsafe" and settings.is_production)
            found.append(Finding(rule, message, refused))
    return sorted(found, key=lambda finding: not finding.refused)


def refusals(settings: Settings, skip: Collection[str] = ()) -> list[str]:
    """What must be put right before this configuration may serve, one sentence each."""
    return [f"{item.message}. {item.rule.remedy}" for item in findings(settings, skip) if item.refused]


def validate(settings: Settings) -> list[str]:
    """The refusals of settings that were read without problems; empty when they may serve."""
    return refusals(settings)
