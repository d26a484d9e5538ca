"""Bytes of erased rows: freed places of the database and its write-ahead log, out of which they could be read."""

import sqlite3

from annotations.database.data_folder import DataFolder
from annotations.model import StoreError


def note_bytes_left(connection: sqlite3.Connection) -> None:
    """Note, as part of the transaction that deletes rows, that their bytes are still there."""
    connection.execute("INSERT INTO bytes_left VALUES (1) ON CONFLICT DO NOTHING")


def forget_bytes(store: DataFolder) -> None:
    """Write the database anew without freed places, then empty its log: in this order, since the log holds both.

    Raises:
        StoreError: the disk is full, or another program reads an older state, which keeps the log; the next start
            tries again.
    """
    connection = store.db.conn
    before = _changes_of_others(connection)
    try:
        connection.execute("VACUUM")
        (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise _left(str(error)) from error
    if is_busy:
        raise _left("another program is reading it")
    with store.writing():
        if _changes_of_others(connection) == before:  # else somebody may have erased since; a later start looks again
            connection.execute("DELETE FROM bytes_left")


def _changes_of_others(connection: sqlite3.Connection) -> int:
    """A number that changes with every transaction of another connection."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)


def forget_bytes_left(store: DataFolder) -> None:
    """Finish what an earlier erasure could not; left for the next start where it still cannot be done."""
    if store.row("SELECT 1 FROM bytes_left") is not None:
        try:
            forget_bytes(store)
        except StoreError:
            return


def _left(why: str) -> StoreError:
    return StoreError(
        f"The rows are erased, but the database file may still hold their bytes ({why}).",
        "Close the other programs that use this data folder, free some space, and start this one again: it finishes "
        "the erasure then.",
    )
