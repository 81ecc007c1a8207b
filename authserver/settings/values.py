"""Turns the text of a setting into its value. Every function raises ValueError saying what is accepted."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from authserver.settings.definitions import Definition

DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?", re.ASCII)
SECONDS: Mapping[str, float] = MappingProxyType({"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800})
SIZE = re.compile(r"(\d+)\s*([kmg])?(i?b)?", re.IGNORECASE | re.ASCII)
SIZES: Mapping[str, int] = MappingProxyType({"": 1, "k": 1024, "m": 1024**2, "g": 1024**3})
RATE = re.compile(r"\d+\s*(/|per)\s*(\d+\s*)?(second|minute|hour|day|month|year)s?", re.IGNORECASE | re.ASCII)
WORDS: Mapping[str, bool] = MappingProxyType(
    {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
)
SYNONYMS: Mapping[str, str] = MappingProxyType(
    {"dev": "development", "test": "testing", "stage": "staging", "prod": "production"}
)
KEY_BYTES = 32


def parse(name: str, definition: Definition, default: Any, raw: Any) -> Any:
    """The value of the setting `name` for `raw`, which is text, or a typed value of a toml file or override."""
    value = _read(name, definition, default, raw)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_bounds(definition, value)
    if definition.check is not None and (complaint := definition.check(value)):
        raise ValueError(complaint)
    return value


def _read(name: str, definition: Definition, default: Any, raw: Any) -> Any:
    match definition.kind:
        case "flag":
            return _flag(raw)
        case "count":
            return _count(raw)
        case "duration":
            seconds = _duration(raw)
            return seconds if isinstance(default, float) else _whole(seconds)
        case "size":
            return _size(raw)
        case "choice":
            return _choice(definition, raw)
        case "list":
            return _list(raw)
        case "path":
            return Path(raw) if str(raw) else default
        case "secret":
            return sealing_key(raw) if name == "sealing_key" else _secret(raw)
        case "limit":
            return _limit(raw)
        case "text":
            return _text(raw) or default


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word not in WORDS:
        raise ValueError("takes on or off")
    return WORDS[word]


def _count(raw: Any) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    text = str(raw).strip()
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("takes a whole number")
    return int(text)


def _duration(raw: Any) -> float:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return float(raw)
    found = DURATION.fullmatch(str(raw).strip().lower())
    if found is None:
        raise ValueError("takes seconds or a duration such as 90s, 15m, 2h, 7d")
    return float(found[1]) * SECONDS[found[2] or "s"]


def _whole(seconds: float) -> int:
    if seconds != int(seconds):
        raise ValueError("takes whole seconds")
    return int(seconds)


def _size(raw: Any) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    found = SIZE.fullmatch(str(raw).strip())
    if found is None:
        raise ValueError("takes bytes or a size such as 64KiB, 1MiB")
    return int(found[1]) * SIZES[(found[2] or "").lower()]


def _choice(definition: Definition, raw: Any) -> str:
    text = str(raw).strip()
    text = SYNONYMS.get(text.lower(), text)
    for word in definition.choices:
        if word.lower() == text.lower():
            return word
    raise ValueError(f"takes one of {', '.join(definition.choices)}")


def _list(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, (list, tuple, set, frozenset)):
        return tuple(str(item).strip() for item in raw)
    return tuple(str(raw).replace(",", " ").split())


def _text(raw: Any) -> str:
    if isinstance(raw, (dict, list, bool)):
        raise ValueError("takes text")
    return str(raw)


def _limit(raw: Any) -> str:
    text = _text(raw).strip()
    if not all(RATE.fullmatch(part.strip()) for part in re.split(r"[,;|]", text)):
        raise ValueError("takes rates such as 10/minute or 100/hour;10/minute")
    return text


def _secret(raw: Any) -> bytes:
    return raw if isinstance(raw, bytes) else _text(raw).encode()


def sealing_key(raw: Any) -> bytes:
    """A key of exactly 32 bytes: raw, or text in base64, base64url or hex. Raises ValueError."""
    candidates = [raw] if isinstance(raw, bytes) else _decoded(_text(raw).strip())
    for candidate in candidates:
        if len(candidate) == KEY_BYTES:
            return candidate
    raise ValueError(f"takes {KEY_BYTES} random bytes as base64 or hex; make them with: openssl rand -base64 32")


def _decoded(text: str) -> list[bytes]:
    found = []
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        found.append(bytes.fromhex(text))
    unpadded = text.rstrip("=").replace("-", "+").replace("_", "/")
    with contextlib.suppress(ValueError):
        found.append(base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True))
    return found


def _check_bounds(definition: Definition, value: float) -> None:
    unit = f" {definition.unit}" if definition.unit else ""
    if definition.minimum is not None and value < definition.minimum:
        raise ValueError(f"must be at least {definition.minimum:g}{unit}")
    if definition.maximum is not None and value > definition.maximum:
        raise ValueError(f"must be at most {definition.maximum:.12g}{unit}")
