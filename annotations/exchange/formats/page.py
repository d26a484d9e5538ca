"""The values that every exchange format reads and writes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from annotations.model import Reading


@dataclass(frozen=True, slots=True)
class ExchangePage:
    """One picture and what is said of it, on its way in or out.

    Args:
        name: the picture's file name, without folder.
        picture: where it lies; None when it is to be matched by ``picture_hash`` alone.
        picture_hash: sha256 of contract 2, "" unknown. A loaded page always has it, measured where there is a picture.
        width, height: pixels of the upright picture.
        group: the key of a patient or machine, or a group as an export wrote it, "" unknown.
        reading: boxes in pixel edges of the upright picture; the order of the boxes means nothing.
        source_record: of a rendered signal, its record.
    """

    name: str
    picture: Path | None
    picture_hash: str
    width: int
    height: int
    group: str
    reading: Reading
    source_record: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A page, or part of a file, that was not loaded.

    Args:
        file: the file or picture, as the import names it.
        line: line of a text file from 1, index of a JSON list from 0, None where neither applies.
        reason: what is wrong and what to do, fit for a user.
    """

    file: str
    line: int | None
    reason: str


@dataclass(frozen=True)
class Loaded:
    """What an import gave.

    Args:
        pages: the usable pages, no picture twice.
        refusals: everything else, with its reason.
        losses: what the format cannot hold, so that the pages come without it.
    """

    pages: list[ExchangePage] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    losses: tuple[str, ...] = ()


Progress = Callable[[int, int], None]
"""Called with how many pages are done and of how many; what it raises ends the work."""


def quiet(done: int, of: int) -> None:
    """No progress."""


class Load(Protocol):
    """How a format reads a folder or its main file."""

    def __call__(self, path: Path, progress: Progress = quiet) -> Loaded:
        """Everything that could be read."""
        ...


Save = Callable[[Path, Iterable[ExchangePage]], None]


@dataclass(frozen=True, slots=True)
class Format:
    """One exchange format.

    Args:
        load: reads a folder, or its main file; raises ``StoreError`` where nothing of it can be used.
        save: writes into a new or empty folder, all or nothing; raises ``StoreError``.
        losses: what is lost in the format, in a few words each.
        description: one line for a list to choose from.
    """

    load: Load
    save: Save
    losses: tuple[str, ...]
    description: str
