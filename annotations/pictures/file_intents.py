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
from contextlib import contextmanager, suppress
from pathlib import Path

from annotations.database.data_folder import DataFolder
from annotations.model import StoreError
from annotations.pictures.files import write_picture

LOCK = ".pictures.lock"
"""Held together by all that have pictures on their way; alone by one that looks for what others left."""


class Incoming:
    """Pictures that come in; those whose rows are not stored in the end are deleted again.

    Args:
        store: where to.
    """

    def __init__(self, store: DataFolder) -> None:
        self._store = store

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
        write_picture(self._store.folder / file, content)


@contextmanager
def incoming(store: DataFolder) -> Iterator[Incoming]:
    """Take pictures in within the block; whoever looks for what others left behind waits for its end."""
    try:
        with at_work(store.folder):
            yield Incoming(store)
    finally:
        with suppress(StoreError):  # what cannot be deleted now stays noted
            finish_left(store)


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
    """Note files as part of a transaction, whose rows it deletes say.

    Args:
        connection: with the transaction.
        files: their names within the data folder.
    """
    connection.executemany("INSERT INTO file_intent VALUES (?) ON CONFLICT DO NOTHING", [(file,) for file in files])


def settle(connection: sqlite3.Connection, folder: Path, file: str) -> None:
    """Cross a file off as part of the transaction that stores its row.

    Args:
        connection: with the transaction.
        folder: the data folder.
        file: its name within it.

    Raises:
        StoreError: the file is not there; somebody deleted the same picture meanwhile.
    """
    if not (folder / file).exists():
        raise StoreError("This picture was erased while it was stored.", "Store it again if it is still wanted.")
    connection.execute("DELETE FROM file_intent WHERE file = ?", (file,))


def delete_unnamed(store: DataFolder, files: Iterable[str]) -> None:
    """Delete those of the noted files that no row names.

    They stay noted as long as another has pictures on their way: the same picture may come in again, and its note is
    the same.

    Args:
        store: where.
        files: their names within the data folder.

    Raises:
        StoreError: a file cannot be deleted; it stays noted, and the next start tries again.
    """
    _delete_unnamed(store, files)
    with suppress(StoreError):  # it is about what others left, and stays noted
        finish_left(store)


def _delete_unnamed(store: DataFolder, files: Iterable[str] | None = None) -> list[str]:
    """Delete those of the files that no row names; without ``files`` all that are noted, which are crossed off.

    The write lock is held meanwhile, so that nobody stores a row for one of them in between. What is half written is
    left to whoever may be writing it, unless nobody is at work.

    Returns:
        The files that were there and are deleted.

    Raises:
        StoreError: a file cannot be deleted; it stays noted.
    """
    gone, kept, is_alone = [], [], files is None
    with store.writing() as connection:
        noted = [row[0] for row in connection.execute("SELECT file FROM file_intent")]
        for file in noted if files is None else files:
            if connection.execute("SELECT 1 FROM image WHERE file = ?", (file,)).fetchone() is None:
                try:
                    gone += [
                        path.relative_to(store.folder).as_posix()
                        for path in _delete(store.folder / file, halves=is_alone)
                    ]
                except OSError as error:
                    kept.append(f"{file}: {error.strerror}")
                    continue
            if is_alone:
                connection.execute("DELETE FROM file_intent WHERE file = ?", (file,))
    if kept:
        raise StoreError(
            f"A picture that must go cannot be deleted ({'; '.join(kept)}).",
            "Allow this program to write in the data folder, then start it again: it deletes the picture then.",
        )
    return gone


def finish_left(store: DataFolder) -> list[str]:
    """Delete what was on its way in or out and did not get there; nothing while another is at work, who does it then.

    Returns:
        The files that were there and are deleted.
    """
    if store.row("SELECT 1 FROM file_intent") is None:
        return []
    descriptor = _open(store.folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _delete_unnamed(store)
    except BlockingIOError:
        return []
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    try:
        return os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}.", "Ask for write access.") from error


def _delete(path: Path, *, halves: bool) -> Iterator[Path]:
    """Delete a file and, with ``halves``, what a kill left of writing it (``atomic_files``); yields what was there."""
    for found in [*(path.parent.glob(f".{path.name}.*") if halves else ()), path]:
        if found.exists():
            found.unlink()
            yield found
