"""New values for the settings that may change while the server runs; all others wait for a restart.

A main process says with what it `begin`s, and the workers it forks ask for the
`effective` settings: its own, with the hot ones read anew. So a worker that is
replaced, for a reload or because it is old, differs from the others in nothing
that must be the same in all of them, and a mistake in the file stops nobody.
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
    """The settings of this process: what it began with, or was forked with, and its hot settings as they are now.

    Raises:
        SettingsError: this is the first look at the configuration, and it could not start.
    """
    global _begun  # noqa: PLW0603
    if _begun is None:
        _begun = load()
        return _begun
    try:
        found = reload(_begun)
    except SettingsError as error:
        _log.error("the new configuration cannot be used; the old one stays", extra={"problems": error.problems})
        return _begun
    if found.changed or found.waiting:
        _log.info("configuration read again", extra={"changed": found.changed, "waiting": found.waiting})
    _begun = found.settings
    return _begun
