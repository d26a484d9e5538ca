"""Words of English that many pages need, and words from outside, which are shown as the text that they are."""

import re
from typing import Protocol

from ecgcore.output.printable import printable

_MARKS = re.compile(r"[\\`*_\[\]<~$&]")
"""What Markdown, GitHub's and Streamlit's, takes for a sign wherever it stands."""
_FIRST = re.compile(r"^(\d*)([#+\-=>.)])")
"""What makes a heading, a list, a rule or a quotation where it begins a line."""
_READ_ON = re.compile(r"(?<=[:@])(?=\S)|(?<=[-<>=~])(?=[->=])|(?<=www)(?=\.)", re.IGNORECASE)
"""Inside what Streamlit and its Markdown look for in the finished text, where a backslash no longer helps:
``:smile:``, ``:material/home:``, ``https://``, ``www.``, addresses of mail, ``->``."""
_JOINER = "\u2060"
"""Word joiner: nothing is seen of it, and no line breaks there."""


def plain(text: object) -> str:
    """Text from outside for anything that Streamlit reads as Markdown: pages show it character by character.

    Everything that a person or another program has named or written goes through here: names of files, readers,
    models and snapshots, notes, messages. As it stands a name might be a picture on another host, which the browser
    would ask for, or look like a word of this program.
    """
    shown = _MARKS.sub(r"\\\g<0>", printable(str(text)))
    return _READ_ON.sub(_JOINER, _FIRST.sub(r"\1\\\2", shown))


def plain_lines(text: str) -> str:
    """Several lines of such text, one below the other."""
    return "  \n".join(plain(line) for line in text.splitlines())


class Trouble(Protocol):
    """An ``EcgError``, or what else says what is wrong and what to do about it."""

    @property
    def cause(self) -> str: ...

    @property
    def next_step(self) -> str: ...


def error_text(error: Trouble) -> str:
    """What is wrong, and what to do about it."""
    return f"**{plain(error.cause)}** {plain(error.next_step)}".strip()


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 page", "2 pages", "1,204 pages", "0 boxes".

    Args:
        count: how many.
        one: the noun for one.
        many: the noun for any other number; empty where an "s" makes it.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
