"""New values for the settings that may change while the server runs; all others wait for a restart.

A main process reads them `again` when it is told to, and the workers it forks
ask for the `effective` ones. So a worker that is replaced differs from the
others in nothing, and a mistake in the file stops nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from authserver.settings.schema import DEFINITIONS, Settings
from authserver.settings.sources import SettingsError, load

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The settings that hold from now on, what changed in them, and what waits for a restart."""

    settings: Settings
    changed: tuple[str, ...]
    waiting: tuple[str, ...]


def reload(current: Settings, environ: Mapping[str, str] | None = None, toml: Path | None = None) -> Reloaded:
    """Read the configuration again and take over its hot settings: log levels and rate limits.

    Raises:
        SettingsError: the new configuration could not start either; the current one stays.
    """
    fresh = load(environ, toml)
    differing = [name for name in DEFINITIONS if getattr(fresh, name) != getattr(current, name)]
    hot = tuple(name for name in differing if DEFINITIONS[name].hot)
    settings = replace(current, **{name: getattr(fresh, name) for name in hot})
    return Reloaded(settings, hot, tuple(name for name in differing if name not in hot))


_begun: Settings | None = None


def begin(settings: Settings) -> None:
    """Remember what this process, and those it forks, run with."""
    global _begun  # noqa: PLW0603 - a process has one configuration
    _begun = settings


def effective() -> Settings:
    """The settings of this process: those of the one that forked it, else what the configuration says.

    Raises:
        SettingsError: the configuration could not start.
    """
    if _begun is None:
        begin(load())
        assert _begun is not None  # noqa: S101 - it was set just now
    return _begun


def again() -> Settings:
    """Read the configuration again, for this process and those it forks from now on.

    Raises:
        SettingsError: this is the first look at the configuration, and it could not start.
    """
    current = effective()
    try:
        found = reload(current)
    except SettingsError as error:
        _log.error("the new configuration cannot be used; the old one stays", extra={"problems": error.problems})
        return current
    if found.changed or found.waiting:
        _log.info("configuration read again", extra={"changed": found.changed, "waiting": found.waiting})
    begin(found.settings)
    return found.settings
