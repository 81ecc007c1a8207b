"""Writes `.env.example` and `docs/configuration.md` from the schema: `python -m authserver.settings.documentation`.

A test compares the files with what this module would write.
"""

from __future__ import annotations

import sys
import textwrap
from dataclasses import fields
from pathlib import Path
from typing import Any

from authserver.settings.definitions import Definition, definition_of, variable
from authserver.settings.schema import DEFAULTS, GROUPS
from authserver.settings.validation import RULES, Rule

ENV_EXAMPLE = Path(".env.example")
PAGE = Path("docs/configuration.md")

INTRODUCTION = """\
# Configuration

This page is generated from the schema; `make docs` writes it anew.

A value comes from the first of these that has it:

1. an option of the command line,
2. the environment variable `AUTHSERVER_NAME`, or for a secret the file named by `AUTHSERVER_NAME_FILE`
   (one trailing newline is dropped),
3. one of the older environment names in the tables below,
4. in development the file `.env` of the working directory, under the same names,
5. `authserver.toml` of the working directory, or the file named by `AUTHSERVER_CONFIG`,
6. the default.

In `authserver.toml` the names are the lower-case ones of the tables, without sections. Durations are seconds or
`90s`, `15m`, `2h`, `7d`; sizes are bytes or `64KiB`, `1MiB`; lists are separated by commas or blanks; flags are `on`
and `off`. An empty variable counts as absent.

Unknown names are refused, and all problems are reported at once; the variables that Kubernetes injects for a Service
(`AUTHSERVER_SERVICE_HOST`, `AUTHSERVER_PORT=tcp://…`) are ignored. `authserver doctor` shows what holds, where it came
from, and what production would refuse. Settings marked *hot* follow a reload (SIGHUP); the others need a restart.
Settings marked *each* usually differ between the environments of one installation.
"""

ENV_INTRODUCTION = """\
# Every setting of authserver with its default. Generated from the schema; `make docs` writes it anew.
# In development a copy of this file named .env is read; elsewhere set real variables.
# Secrets may come from files: AUTHSERVER_PEPPER_FILE=/run/secrets/pepper
"""

RULES_INTRODUCTION = """\
## What is checked

`error` stops the server everywhere, `unsafe` in production and staging, `warning` nowhere.

| rule | severity | looks at | remedy |
| --- | --- | --- | --- |
"""


def env_example() -> str:
    """The text of `.env.example`: every variable, commented out, with meaning and default."""
    parts = [ENV_INTRODUCTION]
    for group in GROUPS:
        parts.append(f"\n# --- {group.__doc__} ---\n")
        for item in fields(group):
            parts.append(_env_entry(item.name, definition_of(item)))
    return "".join(parts)


def _env_entry(name: str, definition: Definition) -> str:
    facts = [definition.meaning, *_env_facts(definition)]
    lines = textwrap.wrap(" ".join(facts), 117)
    shown = "" if definition.secret or definition.default_text else plain(DEFAULTS[name])
    return "\n" + "".join(f"# {line}\n" for line in lines) + f"#{variable(name)}={shown}\n"


def _env_facts(definition: Definition) -> list[str]:
    facts = []
    if definition.choices:
        facts.append(f"One of {', '.join(definition.choices)}.")
    if definition.default_text:
        facts.append(f"Default: {definition.default_text.replace('`', '')}.")
    if definition.aliases:
        facts.append(f"Also read from {', '.join(definition.aliases)}.")
    return facts


def configuration_page() -> str:
    """The text of `docs/configuration.md`: one table for each group of settings, and the rules."""
    parts = [INTRODUCTION]
    for group in GROUPS:
        parts.append(f"\n## {group.__doc__}\n\n| setting | default | meaning | limits | spec |\n")
        parts.append("| --- | --- | --- | --- | --- |\n")
        parts.extend(_row(item.name, definition_of(item)) for item in fields(group))
    parts.append("\n" + RULES_INTRODUCTION)
    parts.extend(_rule_row(rule) for rule in RULES)
    return "".join(parts)


def _row(name: str, definition: Definition) -> str:
    marks = [word for word, holds in _marks(definition) if holds]
    title = f"`{name}`" + (f" ({', '.join(marks)})" if marks else "")
    default = definition.default_text or f"`{plain(DEFAULTS[name])}`"
    also = f" Also `{'`, `'.join(definition.aliases)}`." if definition.aliases else ""
    cells = [title, default.replace("``", "none"), definition.meaning + also, limits(definition), definition.spec]
    return f"| {' | '.join(cells)} |\n"


def _marks(definition: Definition) -> tuple[tuple[str, bool], ...]:
    return ("secret", definition.secret), ("hot", definition.hot), ("each", definition.varies)


def _rule_row(rule: Rule) -> str:
    concerns = ", ".join(f"`{name}`" for name in rule.concerns)
    return f"| {rule.id} | {rule.severity} | {concerns} | {rule.remedy} |\n"


def limits(definition: Definition) -> str:
    """What is accepted, in words."""
    if definition.choices:
        return ", ".join(definition.choices)
    unit = f" {definition.unit}" if definition.unit else ""
    least, most = (None if bound is None else f"{bound:.12g}" for bound in (definition.minimum, definition.maximum))
    if least is None and most is None:
        return definition.unit
    if least is None or most is None:
        return f"at least {least}{unit}" if most is None else f"at most {most}{unit}"
    return f"{least} to {most}{unit}"


def plain(value: Any) -> str:
    """A value as an operator would write it."""
    if value is None or value == b"":
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def write(directory: Path) -> None:
    """Write both files below `directory`."""
    (directory / PAGE).parent.mkdir(exist_ok=True)
    (directory / PAGE).write_text(configuration_page(), encoding="utf-8")
    (directory / ENV_EXAMPLE).write_text(env_example(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
