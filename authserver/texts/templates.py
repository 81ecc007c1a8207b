"""The Jinja environment of one language: gettext, escaping in HTML, and an error for every unknown name.

An environment is made once and never changed: rendering has no state, so
threads share it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from babel.dates import format_datetime
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.bccache import Bucket

from authserver.texts.languages import Language


class _SharedCode(BytecodeCache):
    """Compiled templates in memory, so that each is compiled once per process and not once per language.

    Jinja compares a template's text with the one that was compiled, so that code never outlives its source.
    """

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was compiled before."""
        if code := self._codes.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it for the other languages."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


_CODE: Final = _SharedCode()


def top_level_folder(name: str) -> Path:
    """The folder `name` beside the package: `templates` and `static` lie at the top of the project.

    Raises:
        FileNotFoundError: the installation lacks it.
    """
    folder = Path(__file__).resolve().parents[2] / name
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is missing: templates/ and static/ belong beside the package authserver/")
    return folder


def environment(language: Language, known: dict[str, Any], *, auto_reload: bool = False) -> Environment:
    """The environment of `language`. What is printed is escaped but in plain text, whose templates end in `.txt`.

    `known` are the names that every template knows besides `language` and `exact_time`.
    """
    made = Environment(
        loader=FileSystemLoader(top_level_folder("templates")),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_CODE,
        auto_reload=auto_reload,
    )
    made.policies["ext.i18n.trimmed"] = True
    words = language.words
    i18n: Any = made
    i18n.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)
    made.globals.update({"language": language, "exact_time": lambda moment: exact_time(moment, language)} | known)
    return made


def exact_time(moment: datetime, language: Language) -> str:
    """`moment` in full, in UTC."""
    return format_datetime(moment, "long", locale=language.locale)
