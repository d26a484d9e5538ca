"""Pictures on their way in or out, noted in the database, so that a killed program leaves none behind.

A picture's file is written before its row is stored, and deleted after its row is gone: a kill between the two would
leave a patient's picture that no row names. So its name is noted before, and the note goes with the work. What was
noted by a program that is no more is deleted when the next one starts. Files that nobody noted are never touched:
without them, a folder that has lost its database would lose its pictures too.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from annotations.model import StoreError
from annotations.picture_files import write_picture

if TYPE_CHECKING:
    from annotations.store import Store

LOCK = ".pictures.lock"
"""Held together by all that have pictures on their way; alone by one that looks for what others left."""


class Incoming:
    """Pictures that come in; those whose rows are not stored in the end are deleted again.

    Args:
        store: where to.
    """

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._files: list[str] = []

    def write(self, file: str, content: bytes) -> None:
        """Write a picture's file.

        Args:
            file: its name within the data folder.
            content: all of it.

        Raises:
            StoreError: the database or the folder takes nothing; the file is not there.
        """
        with self._store.writing() as connection:
            note(connection, [file])
        self._files.append(file)
        write_picture(self._store.folder / file, content)

    def end(self) -> None:
        """Delete what is still noted; what a row names stays."""
        noted = [f for f in self._files if self._store.row("SELECT 1 FROM file_intent WHERE file = ?", (f,))]
        if noted:
            delete_unnamed(self._store, noted)


@contextmanager
def incoming(store: "Store") -> Iterator[Incoming]:
    """Take pictures in within the block; whoever looks for what others left behind waits for its end."""
    with at_work(store.folder):
        pictures = Incoming(store)
        try:
            yield pictures
        finally:
            pictures.end()


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Say, as long as the block lasts, that pictures are on their way; ends with the process however it ends."""
    descriptor = _open(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def note(connection: sqlite3.Connection, files: Iterable[str]) -> None:
    """Note files as part of a transaction, whose rows it deletes say."""
    connection.executemany("INSERT INTO file_intent VALUES (?) ON CONFLICT DO NOTHING", [(file,) for file in files])


def settle(connection: sqlite3.Connection, folder: Path, file: str) -> None:
    """Cross a file off as part of the transaction that stores its row.

    Raises:
        StoreError: the file is not there; somebody deleted the same picture meanwhile.
    """
    if not (folder / file).exists():
        raise StoreError("This picture was erased while it was stored.", "Store it again if it is still wanted.")
    connection.execute("DELETE FROM file_intent WHERE file = ?", (file,))


def delete_unnamed(store: "Store", files: Iterable[str]) -> list[str]:
    """Delete those of the files that no row names, and cross all of them off.

    The write lock is held meanwhile, so that nobody stores a row for one of them in between.

    Returns:
        The files that were there and are deleted.

    Raises:
        StoreError: a file cannot be deleted; it stays noted, and the next start tries again.
    """
    gone, kept = [], []
    with store.writing() as connection:
        for file in files:
            if connection.execute("SELECT 1 FROM image WHERE file = ?", (file,)).fetchone() is None:
                try:
                    gone += [path.relative_to(store.folder).as_posix() for path in _delete(store.folder / file)]
                except OSError as error:
                    kept.append(f"{file}: {error.strerror}")
                    continue
            connection.execute("DELETE FROM file_intent WHERE file = ?", (file,))
    if kept:
        raise StoreError(
            f"A picture that must go cannot be deleted ({'; '.join(kept)}).",
            "Allow this program to write in the data folder, then start it again: it deletes the picture then.",
        )
    return gone


def finish_left(store: "Store") -> list[str]:
    """Delete what a program that was killed had on its way in or out; nothing while another program is at work.

    Returns:
        The files that were there and are deleted.
    """
    if store.row("SELECT 1 FROM file_intent") is None:
        return []
    descriptor = _open(store.folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return delete_unnamed(store, [row["file"] for row in store.rows("SELECT file FROM file_intent")])
    except BlockingIOError:
        return []
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    try:
        return os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}.", "Ask for write access.") from error


def _delete(path: Path) -> Iterator[Path]:
    """Delete a file and what a kill left of writing it (``whole_files``); yields what was there."""
    for found in [*path.parent.glob(f".{path.name}.*"), path]:
        if found.exists():
            found.unlink()
            yield found
