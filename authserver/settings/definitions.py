"""What is known about one setting besides its value: unit, meaning, limits, names, secrecy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any, Literal

PREFIX = "AUTHSERVER_"

Kind = Literal["text", "count", "duration", "size", "flag", "choice", "list", "path", "secret", "limit"]


@dataclass(frozen=True, slots=True)
class Definition:
    """One setting.

    Attributes:
        kind: how its text is read.
        meaning: one or two sentences for the operator.
        unit: what a number counts; durations are `seconds`, sizes `bytes`.
        spec: the section of a specification that asks for it, or an empty string.
        secret: never shown; may come from a file named by `AUTHSERVER_X_FILE`.
        varies: whether environments of one installation are expected to differ in it.
        hot: whether a reload (SIGHUP) takes a new value without a restart.
        choices: the allowed words; empty where any value is.
        minimum: the smallest number accepted, in any environment.
        maximum: the largest number accepted, in any environment.
        aliases: older environment names, strongest first.
        default_text: says how a default is found that depends on other settings.
        check: returns what is wrong with a single value, or None.
    """

    kind: Kind
    meaning: str
    unit: str = ""
    spec: str = ""
    secret: bool = False
    varies: bool = False
    hot: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    aliases: tuple[str, ...] = ()
    default_text: str = ""
    check: Callable[[Any], str | None] | None = None


def setting(default: Any, kind: Kind, meaning: str, **details: Any) -> Any:
    """A dataclass field that carries its `Definition`; durations are seconds, sizes bytes."""
    units = {"duration": "seconds", "size": "bytes"}
    details.setdefault("unit", units.get(kind, ""))
    return field(default=default, metadata={"definition": Definition(kind, meaning, **details)})


def definition_of(item: Field[Any]) -> Definition:
    """The definition a field of `Settings` carries."""
    definition: Definition = item.metadata["definition"]
    return definition


def variable(name: str) -> str:
    """The environment variable of the setting `name`."""
    return PREFIX + name.upper()
