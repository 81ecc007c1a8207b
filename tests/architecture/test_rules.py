"""The product keeps the project's own rules, and each rule catches what it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.architecture import rules
from tests.architecture.product import Module, modules, parse

Rule = Callable[[Module], Iterator[str]]
RULES: tuple[Rule, ...] = (
    rules.too_long,
    rules.unfinished,
    rules.without_story,
    rules.in_the_attic,
    rules.banned,
    rules.composed_sql,
)

LONG_FUNCTION = "def long():\n" + "    x = 1\n" * rules.FUNCTION_LINES

# The words are put together here so that the sample of a rule is not itself what the rule looks for.
BREAKS: list[tuple[Rule, str, str]] = [
    (rules.too_long, "authserver/a.py", "x = 1\n" * (rules.MODULE_LINES + 1)),
    (rules.too_long, "authserver/a.py", LONG_FUNCTION),
    (rules.unfinished, "authserver/a.py", "# TO" + "DO: later"),
    (rules.unfinished, "authserver/a.py", "raise NotImplemented" + "Error"),
    (rules.unfinished, "authserver/a.py", "# a place" + "holder until the rest is here"),
    (rules.without_story, "authserver/a/__init__.py", '"""Too short a story."""'),
    (rules.without_story, "authserver/a/__init__.py", "x = 1"),
    (rules.in_the_attic, "authserver/web/helpers.py", ""),
    (rules.in_the_attic, "authserver/utils/urls.py", ""),
    (rules.banned, "authserver/a.py", "db.session.add(row)"),
    (rules.banned, "authserver/a.py", "import flask\nflask.session['user'] = 1"),
    (rules.banned, "authserver/a.py", "from flask import session"),
    (rules.composed_sql, "authserver/a.py", "text(f'SELECT * FROM users WHERE id = {id}')"),
    (rules.composed_sql, "authserver/a.py", "text('SELECT * FROM users WHERE id = ' + id)"),
    (rules.composed_sql, "authserver/a.py", "connection.execute('SELECT %s' % id)"),
    (rules.composed_sql, "authserver/a.py", "connection.exec_driver_sql('SELECT {}'.format(id))"),
]

KEEPS: list[tuple[Rule, str, str]] = [
    (rules.too_long, "authserver/a.py", "x = 1\n" * rules.MODULE_LINES),
    (rules.unfinished, "authserver/a.py", "field(place" + "holder='name@example.com')"),
    (rules.without_story, "authserver/a/__init__.py", '"""One.\n\nThree lines are a story.\n"""'),
    (rules.without_story, "authserver/a.py", "x = 1"),
    (rules.banned, "authserver/a.py", "unit.session.add(row)"),
    (rules.composed_sql, "authserver/a.py", "text('SELECT * FROM users WHERE id = :id')"),
    (rules.composed_sql, "authserver/a.py", "connection.exec_driver_sql(f'PRAGMA {pragma}')"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    assert [broken for module in modules() for broken in rule(module)] == []


@pytest.mark.parametrize(("rule", "path", "text"), BREAKS)
def test_the_rule_catches_what_it_is_for(rule: Rule, path: str, text: str) -> None:
    assert list(rule(parse(text, path)))


@pytest.mark.parametrize(("rule", "path", "text"), KEEPS)
def test_the_rule_lets_the_rest_pass(rule: Rule, path: str, text: str) -> None:
    assert list(rule(parse(text, path))) == []
