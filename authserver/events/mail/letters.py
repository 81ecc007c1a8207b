"""Letters: what a person is told, put into words by two templates in the person's language.

`templates/mail/NAME.txt` has the subject as a block and the words as plain text,
`NAME.html` the same words for who reads mail with markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment

from authserver.texts.labels import plain_label
from authserver.texts.languages import Languages
from authserver.texts.templates import environment

LONGEST_SUBJECT: Final = 150


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody is to be told.

    Attributes:
        user_id: whose mails are counted.
        mailbox: the address, known to be that person's.
        template: names the pair of templates.
        values: what they fill in.
        locale: the language that the person wishes, if any is known.
    """

    user_id: str
    mailbox: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in words: the subject on one line, the text, the same as HTML, and the language's BCP 47 tag."""

    subject: str
    plain: str
    html: str
    language: str


class Words:
    """Puts letters into words."""

    def __init__(self, issuer: str, default_locale: str) -> None:
        self._languages = Languages(default_locale)
        known = {"issuer": issuer, "issuer_host": urlsplit(issuer).netloc}
        self._environments: dict[str, Environment] = {
            tag: environment(language, known) for tag, language in self._languages.known.items()
        }

    def write(self, letter: Letter) -> Written:
        """The words of `letter` in its language, or in the default one."""
        language = self._languages.first((letter.locale,)) or self._languages.default
        templates, values = self._environments[language.tag], dict(letter.values)
        plain = templates.get_template(f"mail/{letter.template}.txt")
        # One line, whatever was filled in: a line more would be a header of somebody else's choice.
        subject = plain_label("".join(plain.blocks["subject"](plain.new_context(values))), LONGEST_SUBJECT)
        html = templates.get_template(f"mail/{letter.template}.html").render(values, subject=subject)
        return Written(subject, plain.render(values), html, language.tag)
