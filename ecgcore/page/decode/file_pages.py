"""Which pages of a file are read: all of a short one, those that somebody chose of a long one, never a silent part."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.limits import MAX_PAGES, ChoosePagesError

_RANGE = re.compile(r"\s*(\d{1,6})\s*(-\s*(\d{1,6})?)?\s*", re.ASCII)


class NumberedPage(NamedTuple):
    """A decoded page: its number in the file, from 1, and its upright pixels, ``uint8 [H, W, 3]`` RGB."""

    number: int
    rgb: ByteArray


@dataclass(frozen=True)
class PageChoice:
    """The pages that somebody wants of a file.

    Args:
        ranges: first and last page of each, both wanted, from 1; a last of None is the file's own.
    """

    ranges: tuple[tuple[int, int | None], ...]

    @classmethod
    def parse(cls, text: str) -> "PageChoice":
        """The choice as people write it: ``3``, ``1-50``, ``1-3, 7, 12-``.

        Raises:
            ValueError: it is written in another way.
        """
        ranges: list[tuple[int, int | None]] = []
        for part in text.split(","):
            found = _RANGE.fullmatch(part)
            if found is None:
                raise ValueError("write pages as 1-3,7 or 12-")
            first = int(found[1])
            last = first if found[2] is None else None if found[3] is None else int(found[3])
            if first < 1 or (last is not None and last < first):
                raise ValueError("pages count from 1, and a range goes upwards")
            ranges.append((first, last))
        return cls(tuple(ranges))

    def __str__(self) -> str:
        return ",".join(
            str(first) if last == first else f"{first}-{'' if last is None else last}" for first, last in self.ranges
        )

    def numbers(self, page_count: int) -> list[int]:
        """Those of a file of ``page_count`` pages, in their order, each once."""
        return [
            number
            for number in range(1, page_count + 1)
            if any(first <= number and (last is None or number <= last) for first, last in self.ranges)
        ]


def wanted_numbers(name: str, page_count: int, choice: PageChoice | None) -> list[int]:
    """The numbers of the pages to read, from 1.

    Args:
        name: how to call the file in messages.
        page_count: how many pages it has.
        choice: which of them are wanted; None for all.

    Raises:
        ChoosePagesError: they are more than ``MAX_PAGES``.
        UnreadablePictureError: the file has no page, or none of those that were chosen.
    """
    numbers = list(range(1, page_count + 1)) if choice is None else choice.numbers(page_count)
    if page_count < 1:
        raise UnreadablePictureError(f"{name} has no page.", "Export it again.")
    if not numbers:
        pages = "1 page" if page_count == 1 else f"{page_count} pages"
        raise UnreadablePictureError(f"{name} has {pages}, none of which was chosen ({choice}).", "Choose others.")
    if len(numbers) > MAX_PAGES:
        chosen = "" if choice is None else f", of which {len(numbers)} were chosen"
        cause = f"{name} has {page_count} pages{chosen}; {MAX_PAGES} are the most that are read at once."
        raise ChoosePagesError(cause, page_count)
    return numbers
