"""Every refusal that the product's source can make: error code, private reason, specification, module.

Read from the syntax trees, so that `docs/errors.md` is what the code says:
`python -m tests.architecture.refusals` writes it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from inspect import cleandoc
from pathlib import Path

from authserver.authorize.prompts import PROMPTS
from authserver.cli.token import EXPLANATIONS
from authserver.protocol import errors
from authserver.protocol.errors import ApplicationError, ProtocolError
from tests.architecture.product import ROOT, Module, dotted, modules

PAGE = Path("docs/errors.md")

CLASSES: dict[str, type[ProtocolError]] = {
    name: value for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, ProtocolError)
}
"""The catalogue."""

ELSEWHERE = {"ForgedForm": "csrf_failed", "InteractionUnavailable": "invalid_request"}
"""Errors of pages, which no protocol registers."""

EDGE = ("authserver/edge/", "Refusal")
"""Where refusals are made that no endpoint saw, and by what."""

ANY = "…"
"""Stands for the part of a reason that is only known when it happens."""


@dataclass(frozen=True, order=True)
class Refusal:
    """One way in which a request is refused."""

    code: str
    reason: str
    module: str = field(compare=False)
    spec: str = field(compare=False, default="")
    description: str = field(compare=False, default="")


@cache
def refusals() -> tuple[Refusal, ...]:
    """Every refusal, each pair of code and reason once."""
    found: dict[tuple[str, str], Refusal] = {}
    for module in modules():
        for refusal in _of(module):
            known = found.get((refusal.code, refusal.reason))
            if known is None or (refusal.spec and not known.spec):
                found[refusal.code, refusal.reason] = refusal
    return tuple(sorted(found.values()))


def _of(module: Module) -> Iterator[Refusal]:
    makers = _makers(module)
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func).rpartition(".")[2]
        if name == EDGE[1] and module.path.startswith(EDGE[0]):
            yield from _of_edge(node, module)
            continue
        code = _code(name)
        if code is not None:
            given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            reason = _text(given["reason"], module) if "reason" in given else ""
            description = _text(node.args[0], module) if node.args else ""
            spec = _text(given["spec"], module) if "spec" in given else ""
        elif name in makers:
            made = makers[name]
            code, description, spec = made.code, made.description, made.spec
            if made.spec_at is not None and len(node.args) > made.spec_at:
                spec = _text(node.args[made.spec_at], module)
            reason = _text(node.args[made.at], module) if len(node.args) > made.at else ""
        else:
            continue
        if reason and reason != ANY:
            yield Refusal(code, reason, module.path, "" if spec == ANY else spec, description)


def _of_edge(node: ast.Call, module: Module) -> Iterator[Refusal]:
    """What the edge refuses, `Refusal(status, code, description, headers, reason=…, spec=…)`."""
    given = {keyword.arg: _text(keyword.value, module) for keyword in node.keywords if keyword.arg}
    code, description = (_text(argument, module) for argument in node.args[1:3])
    yield Refusal(code, given["reason"], module.path, given.get("spec", ""), description)


def _code(name: str) -> str | None:
    if name in CLASSES:
        return CLASSES[name].code
    return ELSEWHERE.get(name)


@dataclass(frozen=True)
class _Maker:
    """A function that makes a refusal; the argument `at` is its reason."""

    code: str
    at: int
    description: str
    spec: str
    spec_at: int | None
    """Which argument is the section, where it is one."""


def _makers(module: Module) -> dict[str, _Maker]:
    """Functions of a module that make a refusal with the reason they are given."""
    found: dict[str, _Maker] = {}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        names = [argument.arg for argument in node.args.args]
        returned = [child.value for child in ast.walk(node) if isinstance(child, ast.Return)]
        for value in returned:
            if isinstance(value, ast.Call) and "reason" in names and (code := _code(dotted(value.func))):
                description = _text(value.args[0], module) if value.args else ""
                spec = next((_text(given.value, module) for given in value.keywords if given.arg == "spec"), "")
                spec_at = names.index("spec") if "spec" in names else None
                found[node.name] = _Maker(code, names.index("reason"), description, spec, spec_at)
    return found


def _text(node: ast.expr, module: Module) -> str:
    """A constant text, with a mark where it has a part that varies."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in node.values)
    if isinstance(node, ast.Name):
        return _constant(node.id, module)
    return ANY


def _constant(name: str, module: Module) -> str:
    for node in module.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(dotted(target) == name for target in targets) and isinstance(node.value, ast.Constant):  # type: ignore[attr-defined]
            return str(node.value.value)  # type: ignore[attr-defined]
    return ANY


INTRODUCTION = """\
# Errors

Generated from the source by `python -m tests.architecture.refusals`.

A refusal says two things. In public: a registered error code, a sentence, and at most endpoints a **reference** such as
`DDGQL-TWLTY`. In private, behind that reference for seven days: a stable *reason*, the section that demands the
refusal, and the client setting that decided. `authserver explain REFERENCE` prints them; the log line `refused` has
reference and reason too. What the edge refuses before an endpoint is asked (a limit, a foreign `Host`, an oversize
request) is explained in the same way.

Where an error appears:

* **Authorization endpoint**, while client and redirect URI are not verified: a page with the status of the table (JSON
  when only that is accepted), never a redirect. Afterwards: a redirect (303) or form to the client with `error`,
  `error_description`, `state` and `iss`.
* **Token, introspection and revocation**: JSON with `error` and `error_description` (RFC 6749 §5.2).
* **UserInfo**: `WWW-Authenticate: Bearer` with `error` and `error_description` (RFC 6750 §3), and the same as JSON.
* **Pages**: a page with the reference; code and details stand behind "Details".

Whatever is not in this list leaves as `server_error` with status 500 and says nothing; the log line has the traceback.
"""

LIVENESS = """\
## Tokens, grants and people that are no longer live

Reasons under which a good-looking token is worth nothing: at the token endpoint with `invalid_grant`, at UserInfo with
`invalid_token`; introspection answers `{"active": false}`, and `authserver token inspect` prints them.

| reason | meaning |
| --- | --- |
"""


PROMPTS_INTRODUCTION = """\
## Why a person is interrupted

The reasons for showing a page, in the order in which they are asked. With `prompt=none` the first one that applies is
the private reason of the error.

| page | error with `prompt=none` | reason | when |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The text of `docs/errors.md`."""
    parts = [INTRODUCTION, "\n## Error codes\n\n| code | status | meaning |\n| --- | --- | --- |\n", *_codes()]
    parts.append("\n## Codes of pages and commands\n\n| code | status | meaning |\n| --- | --- | --- |\n")
    parts.extend(_application_codes())
    parts.append(f"\n{LIVENESS}")
    parts.extend(f"| `{word}` | {meaning} |\n" for word, meaning in sorted(EXPLANATIONS.items()))
    parts.append(f"\n{PROMPTS_INTRODUCTION}")
    for prompt in PROMPTS:
        for check in prompt.checks:
            parts.append(f"| `{prompt.path}` | `{prompt.error.code}` | `{check.reason}` | {check.description} |\n")
    parts.append(
        f"\n## Reasons\n\n`{ANY}` stands for what is only known when it happens, a parameter's name for example.\n"
    )
    for code in sorted({refusal.code for refusal in refusals()}):
        parts.append(f"\n### `{code}`\n\n| reason | in public | section | decided in |\n| --- | --- | --- | --- |\n")
        parts.extend(_row(refusal) for refusal in refusals() if refusal.code == code)
    return "".join(parts)


def _codes() -> Iterator[str]:
    known: dict[str, type[ProtocolError]] = {}
    for kind in CLASSES.values():
        if kind is not ProtocolError:
            known.setdefault(kind.code, kind)
    for code, kind in sorted(known.items()):
        yield f"| `{code}` | {kind.status} | {_first_line(kind)} |\n"


def _application_codes() -> Iterator[str]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ApplicationError)]
    for kind in sorted(kinds, key=lambda item: item.code):
        if kind is not ApplicationError:
            yield f"| `{kind.code}` | {kind.status} | {_first_line(kind)} |\n"
    yield "| `csrf_failed` | 403 | A form without the proof that a page of ours puts into it. |\n"


def _first_line(kind: type) -> str:
    return cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _row(refusal: Refusal) -> str:
    description = "" if refusal.description == ANY else refusal.description.replace("|", "\\|")
    return f"| `{refusal.reason}` | {description} | {refusal.spec} | `{refusal.module}` |\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / PAGE).write_text(page(), encoding="utf-8")
