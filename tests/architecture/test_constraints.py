"""The pinned versions cover every dependency, name no index and stay inside the ranges of the project."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.product import ROOT

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)$")


@cache
def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _requirements() -> list[Requirement]:
    project = _project()
    lists = (
        project["project"]["dependencies"],
        project["dependency-groups"]["dev"],
        project["build-system"]["requires"],
    )
    return [Requirement(text) for group in lists for text in group]


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    matches = [(line, PIN.match(line)) for line in lines if line and not line.startswith("#")]
    assert [line for line, match in matches if match is None] == [], "only `name==version` lines"
    return {canonicalize_name(match[1]): match[2] for _, match in matches if match}


def test_every_dependency_is_pinned_inside_its_range() -> None:
    pins = _pins()
    wrong = [
        str(requirement)
        for requirement in _requirements()
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert wrong == []


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for group in ("dependencies", "dev"):
        entries = re.search(rf"^{group} = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
        assert entries is not None
        silent = [line for line in entries[1].splitlines() if '"' in line and "#" not in line]
        assert silent == []
