"""Settings: one frozen, typed value, explained where it is defined and checked in one go.

`schema` says what there is, `sources` finds the values (environment over
`authserver.toml` over defaults, secrets also from files), `validation` holds
the rules that start-up and `authserver doctor` share. Every problem is
reported at once; production refuses what development may leave out.
"""

from authserver.settings.schema import Settings
from authserver.settings.sources import Loaded, SettingsError, load, load_with_sources
from authserver.settings.validation import RULES, validate

__all__ = ["RULES", "Loaded", "Settings", "SettingsError", "load", "load_with_sources", "validate"]
