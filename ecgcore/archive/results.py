"""The folder of an archive's results: its files, which parts of them are finished, and how it goes on."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import JsonValue

from ecgcore.archive.part_files import ERRORS, finished_parts, write_errors, write_part
from ecgcore.errors import EcgError
from ecgcore.output.files import open_private, write_bytes_atomic

SETTINGS, FILES, PARTS, LOCK = "archive.json", "files.jsonl", "parts", ".lock"
FORMAT = 1
PARTS_AT_MOST, FEWEST_A_PART, MOST_A_PART = 1_000, 20, 10_000
"""Files a part: few where each costs a core seconds and a crash should cost minutes, many where a folder would fill."""


@dataclass(frozen=True)
class Part:
    """Files that are written together: the part's number, from 0, and their names."""

    number: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """An archive's results, opened by ``open_results``.

    Args:
        folder: where they lie.
        file_count: files of the archive.
        files_a_part: of every part but the last.
    """

    folder: Path
    file_count: int
    files_a_part: int

    def unfinished(self) -> Iterator[Part]:
        """The parts that are not finished, in order, read as they are asked for."""
        finished = finished_parts(self.folder / PARTS)
        with (self.folder / FILES).open(encoding="utf-8") as lines:
            for number in range(-(-self.file_count // self.files_a_part)):
                size = min(self.files_a_part, self.file_count - number * self.files_a_part)
                names = [next(lines) for _ in range(size)]
                if number not in finished:
                    yield Part(number, tuple(map(json.loads, names)))

    def files_left(self) -> int:
        """How many files the unfinished parts have."""
        return sum(len(part.files) for part in self.unfinished())

    def write(self, part: Part, texts: Mapping[int, str]) -> None:
        """Write a part.

        Args:
            part: which.
            texts: by place in the part, the JSON lines of each of its files.
        """
        lines = [line for place in range(len(part.files)) for line in texts[place].splitlines()]
        write_part(self.folder / PARTS, part.number, lines)

    def list_errors(self) -> int:
        """Write the list of the pages that are an error, and return how many there are."""
        return write_errors(self.folder / PARTS, self.folder / ERRORS)


def lock_results(folder: Path) -> AbstractContextManager[object]:
    """Hold the folder for this run, until the lock is left; the folder is made when missing.

    Raises:
        EcgError: another run holds it.
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        return lock.acquire(timeout=0)
    except Timeout as error:
        raise EcgError(f"Another run writes into {folder}.", "Wait for its end, or choose another --out.") from error


def open_results(folder: Path, settings: Mapping[str, JsonValue], files: Iterable[str]) -> Results:
    """Begin results, or go on with them.

    Args:
        folder: where they lie, held by ``lock_results``.
        settings: what the answers rest on; it has to be the same when a run goes on.
        files: the archive's; listed and kept when results are begun, not asked for again.

    Raises:
        EcgError: the folder holds results of another archive, of other settings or of a later version.
        OSError: it cannot be written.
    """
    if not (folder / SETTINGS).exists():
        count = _keep_names(folder / FILES, files)
        size = min(max(count // PARTS_AT_MOST, FEWEST_A_PART), MOST_A_PART)
        (folder / PARTS).mkdir(exist_ok=True)
        facts = {"format": FORMAT, **settings, "file_count": count, "files_a_part": size}
        write_bytes_atomic(folder / SETTINGS, (json.dumps(facts, indent=1) + "\n").encode())
    try:
        kept = json.loads((folder / SETTINGS).read_bytes())
        changed = [key for key, value in {"format": FORMAT, **settings}.items() if kept[key] != value]
        count, size = int(kept["file_count"]), int(kept["files_a_part"])
    except (ValueError, LookupError, TypeError) as error:
        raise EcgError(f"{folder / SETTINGS} is damaged.", "Choose another --out.") from error
    if changed:
        cause = f"{folder} holds results of another command: {', '.join(changed)} differ."
        raise EcgError(cause, "Repeat that command to go on with it, or choose another --out.")
    return Results(folder, count, size)


def _keep_names(target: Path, files: Iterable[str]) -> int:
    """Write the names, a JSON string a line, since a name may hold a line break; returns how many."""
    count = 0
    with open_private(target) as stream:
        for count, file in enumerate(files, start=1):  # noqa: B007
            stream.write(json.dumps(file) + "\n")
    return count
