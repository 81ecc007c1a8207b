"""New values for the settings that may change while the server runs; all others wait for a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from authserver.settings.schema import DEFINITIONS, Settings
from authserver.settings.sources import load


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
