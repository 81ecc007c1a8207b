"""What others wrote, made fit to stand among our words.

Names and messages of applications are their own. They are cleaned of characters
that could disguise them and are never presented as ours.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_NAME: Final = 80
ZERO_WIDTH_SPACE: Final = "\u200b"
_LINK_JOINT: Final = re.compile(r"[.:/@\\](?=[^\W\d_])|:(?=//)")


def plain_label(text: str, longest: int = LONGEST_NAME) -> str:
    """`text` on one line without control, format and bidirectional override characters, cut to `longest`.

    A name with such characters can look like another one or turn the words
    around it, so that the page seems to say something that we never said.
    """
    visible = "".join(" " if char.isspace() else char for char in text)
    visible = "".join(char for char in visible if unicodedata.category(char)[0] != "C" or char == "\u200d")
    line = " ".join(visible.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def unlinked_label(text: str, longest: int = LONGEST_NAME) -> str:
    """`plain_label`, in which no mail program finds an address to make a link of.

    Mail programs turn whatever looks like an address into a link, and a link in
    a mail of ours is believed to be ours. A space without width takes it apart
    and leaves it readable.
    """
    return _LINK_JOINT.sub(lambda found: found[0] + ZERO_WIDTH_SPACE, plain_label(text, longest))
