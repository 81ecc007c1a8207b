"""Commits are conventional; the hook that checks them says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOOKS = (Path(__file__).parents[2] / ".pre-commit-config.yaml").read_text()
PATTERN = re.compile(re.findall(r"id: commit-message\n.*\n\s+entry: '(.*)'", HOOKS)[0], re.MULTILINE)


@pytest.mark.parametrize("message", ["feat(grants): refresh", "fix: a leak\n\nWhy.", "perf(storage)!: one read"])
def test_conventional_messages_pass(message: str) -> None:
    assert PATTERN.search(message)


@pytest.mark.parametrize("message", ["Refresh", "feature: x", "fix:x", "fix(A B): x", "words\nfix: x", "fix: "])
def test_others_do_not(message: str) -> None:
    assert not PATTERN.search(message)
