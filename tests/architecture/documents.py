"""The documents, and what they name: files, commands, settings, metrics, tests."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

from authserver.cli.group import cli
from tests.architecture.product import ROOT

LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"\bAUTHSERVER_[A-Z0-9_]*[A-Z0-9]\b")
METRIC = re.compile(r"`(authserver_[a-z_]+)`")
PATH = re.compile(r"`(?P<path>(?:authserver|conformance|tests|docs|deploy|migrations)/[\w./-]+)(?:::(?P<test>\w+))?`")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


@cache
def documents() -> dict[str, str]:
    """The text of every document, by its path below the repository."""
    paths = [
        ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md", "keys/README.md", "conformance/README.md")
    ]
    paths += sorted((ROOT / "docs").glob("*.md"))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


def broken_links(name: str) -> Iterator[str]:
    """Links of a document to files or headings that are not there."""
    for match in LINK.finditer(documents()[name]):
        target, _, heading = match["target"].partition("#")
        if "://" in target:
            continue
        path = (ROOT / name).parent / target if target else ROOT / name
        if not path.exists() or (heading and heading not in anchors(path.read_text(encoding="utf-8"))):
            yield match["target"]


def anchors(text: str) -> set[str]:
    """The names by which headings of a document are linked to."""
    return {re.sub(r"[^\w -]", "", match["title"].lower()).replace(" ", "-") for match in HEADING.finditer(text)}


def blocks(name: str, kind: str) -> list[str]:
    """The blocks of code of one language in a document."""
    return [match["text"] for match in BLOCK.finditer(documents()[name]) if match["kind"] == kind]


def command_lines(name: str) -> Iterator[list[str]]:
    """The words of every call of `authserver` in a document's shell blocks."""
    for block in blocks(name, "sh"):
        for line in block.splitlines():
            call = line.rpartition("| ")[2].strip()
            if call.startswith("authserver "):
                yield shlex.split(call)[1:]


def wrong_command(words: list[str]) -> str:
    """What is wrong with a call: a command or an option that does not exist; empty for nothing."""
    command: click.Command = cli
    context = click.Context(cli)
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        found = command.get_command(context, rest.pop(0))
        if found is None:
            return f"no such command: {' '.join(words)}"
        command, context = found, click.Context(found, parent=context)
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    return f"no such option: {' '.join(unknown)}" if unknown else ""


def missing_paths(name: str) -> Iterator[str]:
    """Files and tests that a document names and that are not there."""
    for match in PATH.finditer(documents()[name]):
        path = ROOT / match["path"]
        if not path.exists():
            yield match["path"]
        elif match["test"] and match["test"] not in names_in(path):
            yield match[0]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The functions and classes of a Python file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))
