"""Files of trainings and models that name pages: rows, entries and lines that name erased ones are taken out.

Pictures are known by their hash, which is their file's name too; groups by their column in tables and in the list of
what a model has seen. Each file is replaced as a whole, so that it can be done again after a kill.
"""

import csv
import io
import json
import re
import shutil
import sys
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotations.artifacts.files import BUNDLES, RUNS
from annotations.artifacts.run_locks import LOCK
from annotations.pictures.files import PICTURES
from ecgcore.bundle.manifest import ERASED_PAGES, MANIFEST, manifest_text
from ecgcore.output.files import write_bytes_atomic

LOG = "log.txt"
_KEPT_WHEN_CLEARED = {LOCK, ".opening", LOG, "environment.json", "rehearsal.json"}
_HASH = re.compile(r"[0-9a-f]{64}")
_PICTURE_FILE = re.compile(rf"{PICTURES}/[0-9a-f]{{2}}/([0-9a-f]{{64}})\.")
_GROUP = "group"


@dataclass(frozen=True)
class Mentions:
    """What files must not name any more.

    Args:
        pictures: hashes of erased pictures, as they are and as they were.
        groups: names of erased patients' groups.
        stored: hashes of the pictures that are still there; of such a page that was in an erased group, the group goes
            alone.
    """

    pictures: frozenset[str]
    groups: frozenset[str]
    stored: frozenset[str]

    def forget_in(self, data_folder: Path, at_work: Set[Path] = frozenset()) -> None:
        """Take them out of every file of trainings and models.

        Args:
            data_folder: of the store.
            at_work: folders of runs whose process is writing; their logs and half-written files are left to it.

        Raises:
            OSError: a file cannot be changed.
        """
        if not self.pictures and not self.groups:
            return
        for path in [path for root in (BUNDLES, RUNS) for path in (data_folder / root).rglob("*")]:
            is_written = any(path.is_relative_to(folder) for folder in at_work)
            try:
                self._forget_in_file(path, is_written=is_written)
            except FileNotFoundError:
                continue  # a training has just replaced it

    def _forget_in_file(self, path: Path, *, is_written: bool) -> None:
        is_half = path.name.startswith(".") and path.name != LOCK
        if not (is_half or path.suffix in (".json", ".csv", ".txt")) or not path.is_file():
            return
        text = path.read_text("utf-8", "replace")
        if not (self.pictures.intersection(_HASH.findall(text)) or any(group in text for group in self.groups)):
            return
        if is_half or path.name == LOG:
            if not is_written:
                path.unlink() if is_half else path.write_text(self._log(text), "utf-8")
            return
        clean = self._table(text) if path.suffix == ".csv" else self._json(path.name, text)
        if clean != text:
            write_bytes_atomic(path, clean.encode("utf-8"))

    def _names_picture(self, text: object) -> bool:
        return isinstance(text, str) and not self.pictures.isdisjoint(_HASH.findall(text))

    def _log(self, text: str) -> str:
        return "".join(line for line in text.splitlines(keepends=True) if not self._names_picture(line))

    def _without_group(self, cells: list[str], column: int) -> list[str] | None:
        """One row without what must go; None where nothing of it stays."""
        if any(map(self._names_picture, cells)):
            return None
        if column >= len(cells) or cells[column] not in self.groups:
            return cells
        if self.stored.isdisjoint(_HASH.findall(" ".join(cells))):
            return None
        return [*cells[:column], "", *cells[column + 1 :]]

    def _table(self, text: str) -> str:
        before = csv.field_size_limit(sys.maxsize)  # the boxes of a page are one cell
        try:
            rows = list(csv.reader(io.StringIO(text, newline="")))
        finally:
            csv.field_size_limit(before)
        column = rows[0].index(_GROUP) if _GROUP in rows[0] else len(rows[0])
        stream = io.StringIO()
        kept = (self._without_group(cells, column) for cells in rows[1:])
        csv.writer(stream, lineterminator="\n").writerows([rows[0], *filter(None, kept)])
        return stream.getvalue()

    def _json(self, name: str, text: str) -> str:
        try:
            value = json.loads(text)
        except ValueError:
            return ""  # broken, and names an erased page
        if name != MANIFEST or not isinstance(value, dict):
            return json.dumps(self._pruned(value), indent=2) + "\n"
        seen = value.get("seen")
        rows = [row for row in seen if isinstance(row, list)] if isinstance(seen, list) else []
        kept = list(filter(None, (self._without_group(list(map(str, row)), 1) for row in rows)))
        gone = int(value.get(ERASED_PAGES) or 0) + len(rows) - len(kept)
        plain = self._pruned({key: part for key, part in value.items() if key != "seen"})
        return manifest_text({**plain, ERASED_PAGES: gone}, kept)

    def _pruned(self, value: Any) -> Any:
        """A JSON value without what names an erased picture: entries, and elements of lists that are about it."""
        if isinstance(value, dict):
            return {key: self._pruned(part) for key, part in value.items() if not self._names_picture(key)}
        if isinstance(value, list):
            return [self._pruned(part) for part in value if not any(map(self._names_picture, _own_texts(part)))]
        return "" if self._names_picture(value) else value


def pictures_named(data_folder: Path) -> set[str]:
    """Hashes of the stored pictures that tables of trainings name, whether or not they are still stored."""
    tables = (data_folder / RUNS).rglob("*.csv")
    return {digest for path in tables for digest in _PICTURE_FILE.findall(path.read_text("utf-8", "replace"))}


def clear_run(folder: Path) -> None:
    """Delete what a run has made; its log and what tells of the machine stay.

    Raises:
        OSError: a file cannot be deleted.
    """
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name not in _KEPT_WHEN_CLEARED:
            entry.unlink(missing_ok=True)


def _own_texts(value: Any) -> Iterator[Any]:
    """The texts of which a list's element consists, not those of what it contains."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
    else:
        yield value
