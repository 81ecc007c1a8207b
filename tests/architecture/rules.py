"""The project's own rules: each takes a module and yields what breaks it, one line a piece."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.product import Module, dotted, functions, length

MODULE_LINES = 400
FUNCTION_LINES = 60
STORY_LINES = range(3, 21)
ATTIC = {"utils", "util", "helpers", "common", "misc"}

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError|[Pp]laceholder)\b")
# Attributes of HTML and of configuration examples are words of a format, not a promise.
NOT_A_PROMISE = re.compile(r"placeholder\s*=|[\"']placeholder[\"']|::placeholder")

BANNED = {
    "db.session": "sessions come from storage.Database, which needs no application context",
    "flask.session": "the browser's session is a row; nothing is kept in a signed cookie",
}
SQL_CALLS = {"text", "exec_driver_sql", "execute", "executemany"}
# SQLite takes no parameter in these two; their argument is never input.
WITHOUT_PARAMETERS = ("PRAGMA ", "BEGIN ")


def too_long(module: Module) -> Iterator[str]:
    """A module past 400 lines, or a function past 60, is split along the nouns of the specification."""
    if module.lines > MODULE_LINES:
        yield f"{module.path}: {module.lines} lines"
    for node in functions(module):
        if length(node) > FUNCTION_LINES:
            yield f"{module.path}:{node.lineno} {node.name}: {length(node)} lines"


def unfinished(module: Module) -> Iterator[str]:
    """The product holds no mark of work left for later."""
    for number, line in enumerate(module.text.splitlines(), 1):
        if UNFINISHED.search(NOT_A_PROMISE.sub("", line)):
            yield f"{module.path}:{number}: {line.strip()[:100]}"


def without_story(module: Module) -> Iterator[str]:
    """The `__init__` of a package tells its story in 3 to 20 lines."""
    if not module.is_package:
        return
    story = ast.get_docstring(module.tree) or ""
    lines = len(story.splitlines())
    if lines not in STORY_LINES:
        yield f"{module.path}: the docstring has {lines} lines"


def in_the_attic(module: Module) -> Iterator[str]:
    """No module is named after having no name."""
    for part in module.path.removesuffix(".py").split("/"):
        if part in ATTIC:
            yield f"{module.path}: {part}"


def banned(module: Module) -> Iterator[str]:
    """Some names work only where a Flask context happens to be; they are not used at all."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and (name := dotted(node)) in BANNED:
            yield f"{module.path}:{node.lineno}: {name}: {BANNED[name]}"
        if isinstance(node, ast.ImportFrom) and node.module == "flask":
            for alias in node.names:
                if alias.name == "session":
                    yield f"{module.path}:{node.lineno}: flask.session: {BANNED['flask.session']}"


def composed_sql(module: Module) -> Iterator[str]:
    """SQL text is a constant: values travel as parameters."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] not in SQL_CALLS:
            continue
        if node.args and _is_composed(node.args[0]):
            yield f"{module.path}:{node.lineno}: {ast.unparse(node)[:100]}"


def _is_composed(argument: ast.expr) -> bool:
    if isinstance(argument, ast.JoinedStr):
        first = argument.values[0] if argument.values else None
        start = first.value if isinstance(first, ast.Constant) else ""
        return not str(start).startswith(WITHOUT_PARAMETERS) and any(
            isinstance(part, ast.FormattedValue) for part in argument.values
        )
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Add | ast.Mod):
        return any(_is_text(side) for side in (argument.left, argument.right))
    if isinstance(argument, ast.Call) and isinstance(argument.func, ast.Attribute):
        return argument.func.attr == "format" and _is_text(argument.func.value)
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
