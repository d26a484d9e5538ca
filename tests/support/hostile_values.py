"""Values that no honest program writes, put in every place of a JSON value: what a poisoned file may hold."""

import copy
import random
from collections.abc import Iterator
from typing import Any

DEEP: Any = 1.0
for _ in range(150):
    DEEP = {"value": DEEP}
HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, float("nan"), float("inf"), "", "x" * 10_000, "../../evil", "\x00\x1b[31m",
    "![x](https://evil.example)", [], {}, [[]], {"value": "much"}, {"": {"": {}}}, DEEP,
)  # fmt: skip
"""One of each kind; NaN and infinities are written as Python writes them."""


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Ways to every object, list entry and leaf below a JSON value; of long lists the first two entries."""
    if way:
        yield way
    below = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, child in list(below):
        yield from places(child, (*way, key))


def poisoned(value: Any, way: tuple[Any, ...], poison: Any) -> Any:
    """A copy with ``poison`` at one place."""
    changed = copy.deepcopy(value)
    at = changed
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = poison
    return changed


def lacking(value: Any, way: tuple[Any, ...]) -> Any:
    """A copy without what lies at one place."""
    changed = copy.deepcopy(value)
    at = changed
    for key in way[:-1]:
        at = at[key]
    del at[way[-1]]
    return changed


def mutated(value: Any, draw: random.Random, changes: int = 2) -> Any:
    """A copy with up to so many things wrong, in places and of kinds drawn at random."""
    for _ in range(draw.randint(1, changes)):
        ways = list(places(value)) if isinstance(value, dict | list) else []
        if not ways or draw.random() < 0.05:
            value = copy.deepcopy(draw.choice(HOSTILE))
        elif draw.random() < 0.2:
            value = lacking(value, draw.choice(ways))
        else:
            value = poisoned(value, draw.choice(ways), copy.deepcopy(draw.choice(HOSTILE)))
    return value


WORDS = (
    *(b"9" * 400, b"-1", b"nan", b"inf", b"1e999", b"\x00", b"\xff\xfe"),
    *(b"../" * 5, b"[" * 500, b"{", b'"', b",", b"\n"),
)
"""What text formats choke on."""


def mutated_bytes(content: bytes, draw: random.Random) -> bytes:
    """A copy with bytes flipped, cut out, doubled, cut off, or words put in."""
    data = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        if not data:
            return draw.choice(WORDS)
        at, length = draw.randrange(len(data)), draw.randint(1, 64)
        match draw.randrange(6):
            case 0:
                data[at] ^= 1 << draw.randrange(8)
            case 1:
                data[at] = draw.randrange(256)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * draw.randint(1, 50)
            case 4:
                data[at:at] = draw.choice(WORDS)
            case _:
                if draw.random() < 0.2:
                    del data[at:]
    return bytes(data)
