"""Finds the value of every setting: environment over `authserver.toml` over defaults, all problems at once."""

from __future__ import annotations

import difflib
import logging
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authserver.settings import secret_files, values
from authserver.settings.definitions import PREFIX, variable
from authserver.settings.derived import derive
from authserver.settings.forms import is_address
from authserver.settings.schema import DEFAULTS, DEFINITIONS, Settings
from authserver.settings.validation import refusals

CONFIG_FILE = "authserver.toml"
DOTENV_FILE = ".env"
CONFIG_VARIABLE = "AUTHSERVER_CONFIG"
TEST_PREFIX = "AUTHSERVER_TEST_"  # what the test suite tells itself
GENERATED = ("sealing_key", "application_secret", "pepper")

# What Kubernetes injects for every Service whose name begins with that of the product.
SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
SERVICE_LINK_PORT = re.compile(r"(tcp|udp|sctp)://", re.IGNORECASE)


_log = logging.getLogger(__name__)


class SettingsError(Exception):
    """The configuration cannot be used. `problems` holds one sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(slots=True)
class Loaded:
    """Settings with where each value came from, what was wrong and what is merely worth knowing."""

    settings: Settings
    sources: dict[str, str]
    problems: list[str]
    notices: list[str]
    broken: frozenset[str]

    def source_of(self, name: str) -> str:
        """Where the value of the setting came from, for people."""
        return self.sources.get(name, "default")


def load(
    environ: Mapping[str, str] | None = None,
    toml: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The effective settings.

    Without `environ` the process environment counts, with `.env` (in development) and `authserver.toml` of the
    working directory; with it, only what is passed. `overrides` win over everything.

    Raises:
        SettingsError: a value is wrong, a key unknown, or production would be unsafe; lists all of it.
    """
    loaded = load_with_sources(environ, toml, overrides)
    problems = loaded.problems + refusals(loaded.settings, skip=loaded.broken)
    if problems:
        raise SettingsError(problems)
    for notice in loaded.notices:
        _log.warning("settings: %s", notice)
    return loaded.settings


def load_with_sources(
    environ: Mapping[str, str] | None = None,
    toml: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    create_secrets: bool = True,
) -> Loaded:
    """Like `load`, but reports problems instead of raising, and leaves production's rules to the caller."""
    search = _Search()
    ambient = environ is None or environ is os.environ
    variables = dict(os.environ if environ is None else environ)
    if ambient:
        search.read_dotenv(Path(DOTENV_FILE), variables)
    path = toml or (Path(variables[CONFIG_VARIABLE]) if variables.get(CONFIG_VARIABLE) else None)
    if path is None and ambient and Path(CONFIG_FILE).exists():
        path = Path(CONFIG_FILE)
    if path is not None:
        search.read_toml(path)
    search.read_environment(variables)
    for name, value in (overrides or {}).items():
        search.take(name, value, "override", name)
    found = derive(search.values, set(search.sources), search.problem)
    if create_secrets and found["environment"] in ("development", "testing"):
        search.generate_secrets(found)
    return Loaded(Settings(**found), search.sources, search.problems, search.notices, frozenset(search.broken))


@dataclass
class _Search:
    values: dict[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    dotenv: frozenset[str] = frozenset()

    def problem(self, name: str, message: str) -> None:
        self.problems.append(message)
        self.broken.add(name)

    def take(self, name: str, raw: Any, source: str, key: str) -> None:
        """Read one value under the name the operator used for it; later calls win."""
        definition = DEFINITIONS.get(name)
        if definition is None:
            self.problem(name, f"{key}: unknown setting{_suggestion(key, DEFINITIONS, str)}")
            return
        try:
            self.values[name] = values.parse(name, definition, DEFAULTS[name], raw)
        except ValueError as error:
            shown = "" if definition.secret else f", not {raw!r}"
            self.problem(name, f"{key}: {error}{shown}")
            return
        self.sources[name] = source

    def read_toml(self, path: Path) -> None:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self.problem("", f"{path}: cannot be read: {error}")
            return
        for name, value in table.items():
            if _is_secret(name, value):
                where = f"{variable(name)} or {variable(name)}_FILE"
                self.problem(name, f"{name}: a secret does not belong into {path}; give {where}")
                continue
            self.take(name, value, str(path), name)

    def read_dotenv(self, path: Path, variables: dict[str, str]) -> None:
        """Add what `.env` says to the environment, in development alone; real variables win."""
        environment = variables.get(variable("environment")) or variables.get("APP_ENV") or variables.get("NODE_ENV")
        if environment not in (None, "", "dev", "development") or not path.is_file():
            return
        names = set()
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*", line)
            if found and found[1] not in variables:
                variables[found[1]] = found[2].strip("\"'")
                names.add(found[1])
        self.dotenv = frozenset(names)

    def read_environment(self, variables: Mapping[str, str]) -> None:
        self._refuse_unknown(variables)
        for name, definition in DEFINITIONS.items():
            given = [key for key in (variable(name), *definition.aliases) if _is_given(key, variables)]
            if definition.secret and variables.get(variable(name) + "_FILE"):
                self._read_file(name, variable(name) + "_FILE", variables, given)
            elif given:
                self.take(name, _translated(given[0], variables[given[0]]), self._source(given[0]), given[0])
            self._report_conflicts(name, given, variables)

    def _source(self, key: str) -> str:
        return f"{key} in {DOTENV_FILE}" if key in self.dotenv else key

    def _read_file(self, name: str, key: str, variables: Mapping[str, str], given: list[str]) -> None:
        if variable(name) in given:
            self.problem(name, f"{key}: given together with {variable(name)}; keep one of them")
        try:
            text = Path(variables[key]).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            self.problem(name, f"{key}: cannot be read: {error}")
            return
        self.take(name, text, f"{key} ({variables[key]})", key)

    def _report_conflicts(self, name: str, given: list[str], variables: Mapping[str, str]) -> None:
        for loser in given[1:]:
            if variables[loser] != variables[given[0]]:
                self.notices.append(f"{loser} differs from {given[0]}, which wins for {name}")

    def _refuse_unknown(self, variables: Mapping[str, str]) -> None:
        known = {variable(name): definition.secret for name, definition in DEFINITIONS.items()}
        for key in sorted(variables):
            if not key.startswith(PREFIX) or key.startswith(TEST_PREFIX) or key in known or key == CONFIG_VARIABLE:
                continue
            if key.endswith("_FILE") and known.get(key.removesuffix("_FILE")):
                continue
            if SERVICE_LINK.search(key) or (key.endswith("_PORT") and SERVICE_LINK_PORT.match(variables[key])):
                continue
            self.problem("", f"{key}: unknown setting{_suggestion(key, DEFINITIONS, variable)}")

    def generate_secrets(self, found: dict[str, Any]) -> None:
        """Fill the secrets nobody gave; development and testing alone may do so."""
        directory: Path = found["keys_dir"]
        for name in GENERATED:
            if found[name] or name in self.broken:
                continue
            path = directory / name.replace("_", "-")
            try:
                text = secret_files.read_or_create(directory, path.name)
                found[name] = values.parse(name, DEFINITIONS[name], b"", text)
            except (OSError, ValueError) as error:
                self.problem(name, f"{variable(name)}: cannot be kept in {path}: {error}")
                continue
            self.sources[name] = str(path)


def _is_given(key: str, variables: Mapping[str, str]) -> bool:
    """An empty variable counts as absent, as compose files pass them; so does a Kubernetes service link.

    Some shells and build tools export `HOST` as the name of the machine, so there only an address counts.
    """
    text = variables.get(key, "")
    if key == "HOST" and not is_address(text):
        return False
    return bool(text) and not (key.endswith("PORT") and SERVICE_LINK_PORT.match(text))


def _is_secret(name: str, value: Any) -> bool:
    """Whether a value of the configuration file is one: files like that end up in version control."""
    definition = DEFINITIONS.get(name)
    if definition is None or not definition.secret:
        return False
    return not name.endswith("_url") or re.search(r"://[^/@]*:[^/@]+@|[?&]password=", str(value)) is not None


def _translated(key: str, text: str) -> str:
    """`FRONTEND_URL` names a page; what CORS compares is its origin."""
    if key != "FRONTEND_URL":
        return text
    return " ".join(re.sub(r"^(\w+://[^/]+)/.*$", r"\1", part) for part in text.replace(",", " ").split())


def _suggestion(key: str, names: Mapping[str, Any], spell: Callable[[str], str]) -> str:
    close = difflib.get_close_matches(key, [spell(name) for name in names], n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""
