"""Text from outside - names of files, readers and patients, messages of other programs - shown as the text that it is.

A terminal obeys what stands in a name: escape sequences, carriage returns, characters that turn the direction of
writing. None of them reach it from here.
"""

import sys
import unicodedata

_HARMLESS = "\u200c\u200d"
"""Joiners, which Persian, Indian and other names are written with, and emoji."""


def printable(text: str) -> str:
    r"""``text`` on one line, with whatever is no letter, sign or space written as Python writes it: ``\x1b``."""
    return "".join(character if _is_shown(character) else _escaped(character) for character in text)


def print_escaped(*lines: str, to_stderr: bool = False) -> None:
    """Print lines to standard output, trouble to standard error; what cannot be printed is escaped."""
    stream = sys.stderr if to_stderr else sys.stdout
    for line in lines:
        stream.write(printable(line) + "\n")
    stream.flush()


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in _HARMLESS or unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
