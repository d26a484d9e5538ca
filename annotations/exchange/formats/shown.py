"""Values of foreign files in messages."""

import reprlib


def shown(value: object) -> str:
    """A foreign value for a message: printable, on one line, and short."""
    text = value if isinstance(value, str) else reprlib.repr(value)  # of a large value its first parts
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:101])
    return text if len(text) <= 100 else f"{text[:99]}…"
