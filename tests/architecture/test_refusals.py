"""What is written about errors is what the source refuses."""

from __future__ import annotations

import re

import pytest

from authserver.cli.token import EXPLANATIONS
from tests.architecture import refusals as refusals_module
from tests.architecture.product import ROOT, modules, parse
from tests.architecture.refusals import CLASSES, PAGE, page, refusals

OWN = frozenset(
    {
        # How a page finds its interaction again, and forms that prove where they come from.
        *("interaction_advanced", "interaction_expired", "interaction_finished", "interaction_from_other_browser"),
        *("interaction_unknown", "step_not_dispatched", "posted_request_expired", "posted_request_unbound"),
        *("csrf_origin", "csrf_token", "playground_step", "client_unknown"),
        # Limits, and what went wrong on the server's side.
        *("parameter_too_long", "request_too_long", "body_unreadable", "unexpected_error"),
        *("no_signing_key", "password_hashing_saturated"),
        # What this server does not offer though a specification would let it.
        "scope_needs_user",
    }
)
"""Reasons that no specification demands."""


def test_a_refusal_names_the_section_that_demands_it() -> None:
    assert sorted({refusal.reason for refusal in refusals() if not refusal.spec} - OWN) == []


def test_the_file_is_current() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "run: python -m tests.architecture.refusals"


@pytest.mark.parametrize("code", sorted({kind.code for kind in CLASSES.values()}))
def test_every_code_of_the_catalogue_is_listed(code: str) -> None:
    assert f"| `{code}` |" in page()


def test_reasons_are_words() -> None:
    odd = [refusal for refusal in refusals() if not refusal.reason.replace("_", "").replace("…", "").isalnum()]
    assert odd == []


def test_a_refusal_in_the_source_is_found_however_it_is_made() -> None:
    sample = """
def _refused(reason: str) -> InvalidGrant:
    return InvalidGrant("No.", reason=reason, spec="RFC 6749 §5.2")

def check(name: str) -> None:
    raise InvalidScope(f"The scope {name}.", reason="sample_direct")
    raise _refused("sample_by_function")
"""
    found = {(item.code, item.reason, item.spec) for item in refusals_module._of(parse(sample))}
    assert found == {("invalid_scope", "sample_direct", ""), ("invalid_grant", "sample_by_function", "RFC 6749 §5.2")}


def test_every_word_for_a_dead_token_has_an_explanation() -> None:
    source = next(module for module in modules() if module.path == "authserver/issuing/liveness.py").text
    words = set(re.findall(r'"((?:client|token|grant|user|session)_[a-z]+)"', source))
    assert words
    assert words <= EXPLANATIONS.keys()
