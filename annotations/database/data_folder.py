"""A data folder with its database: connections, queries and transactions; whatever keeps something here rests on it."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from annotations.model import DatabaseUnusableError, StoreError

DATABASE = "ecg.db"
BUSY_TIMEOUT_MS = 30_000
UNUSABLE = "See that its folder can be written; a damaged database is replaced by a backup."

SqlValue = str | int | float | bytes | None
"""What SQLite keeps in a cell."""
Values = Sequence[SqlValue] | dict[str, SqlValue]
"""Of a statement's question marks, or of its names."""


def data_dir() -> Path:
    """The folder of all that the app keeps: ``ECG_DATA_DIR``, or ``data`` in the working directory."""
    return Path(os.environ.get("ECG_DATA_DIR", "data"))


def now() -> str:
    """The time as the database keeps it: UTC, ISO 8601 to the millisecond, so that text sorts as time does."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def connect(path: Path) -> Database:
    """One thread's connection, with foreign keys on, in write-ahead mode, patient with other writers.

    Raises:
        StoreError: the file is no database, or cannot be opened.
    """
    try:
        if not path.exists():
            path.touch(mode=0o600)  # SQLite gives its log and its index the same
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # many builds of SQLite leave deleted rows in the file
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"The database {path} cannot be opened: {error}.", UNUSABLE) from error
    return Database(connection)


class DataFolder:
    """A data folder whose database has this program's form; may be shared by threads and opened by many processes.

    Args:
        folder: there already.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._threads = threading.local()

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        return self.folder / DATABASE

    @property
    def db(self) -> Database:
        """This thread's connection."""
        if not hasattr(self._threads, "db"):
            self._threads.db = connect(self.database_path)
        db: Database = self._threads.db
        return db

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        if hasattr(self._threads, "db"):
            self._threads.db.close()
            del self._threads.db

    def rows(self, sql: str, values: Values = ()) -> list[dict[str, Any]]:
        """All rows of a query.

        Args:
            sql: the query.
            values: of its question marks or names.
        """
        with _plain_errors():
            return list(self.db.query(sql, values))

    def row(self, sql: str, values: Values = ()) -> dict[str, Any] | None:
        """The first row of a query.

        Args:
            sql: the query.
            values: of its question marks or names.
        """
        with _plain_errors():
            return next(iter(self.db.query(sql, values)), None)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its start, so that what was read stays true until the end.

        Raises:
            StoreError: the disk is full, the database is read-only, or others keep it busy; nothing was written.
        """
        connection = self.db.conn
        with _plain_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What SQLite says about the disk, as a person can use it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "full" in text:
            raise DatabaseUnusableError(
                "The disk is full; nothing was saved.", "Free some space, then save again."
            ) from error
        if "readonly" in text:
            raise DatabaseUnusableError(
                "The database is read-only; nothing was saved.", "Ask for write access."
            ) from error
        if "locked" in text or "busy" in text:
            raise DatabaseUnusableError("Other programs keep the database busy.", "Save again in a moment.") from error
        raise DatabaseUnusableError(
            f"The database cannot be used: {text}.", "Run: python -m annotations check"
        ) from error
    except sqlite3.IntegrityError as error:
        raise DatabaseUnusableError(f"The database refused this: {error}.", "Reload the page and try again.") from error
    except sqlite3.DatabaseError as error:
        raise DatabaseUnusableError(f"The database is damaged: {error}.", "Run: python -m annotations check") from error
