"""The way of a database of an earlier version up to this program's form."""

import sqlite3
from pathlib import Path

from filelock import FileLock, Timeout
from sqlite_utils import Database

from annotations.database.data_folder import UNUSABLE, connect
from annotations.model import StoreError
from annotations.schema.migrations import migrations

_MIGRATION_LOCK_S = 60.0


def upgrade(path: Path) -> None:
    """Bring the database at ``path`` to this program's form; several processes may start at once.

    Raises:
        StoreError: a newer program wrote it, or it is no database.
    """
    try:
        with FileLock(str(path) + ".lock", timeout=_MIGRATION_LOCK_S, mode=0o600):
            db = connect(path)
            try:
                ours = {migration.name for migration in migrations.pending(Database(memory=True))}
                newer = [m.name for m in migrations.applied(db) if m.name not in ours]
                if newer:
                    raise StoreError(
                        f"A newer version of this program wrote {path} ({newer[-1]}).", "Update the program."
                    )
                if migrations.pending(db):
                    migrations.apply(db)
            finally:
                db.close()
    except Timeout as error:
        raise StoreError(f"Another program keeps {path} locked.", "Close it and try again.") from error
    except OSError as error:
        raise StoreError(
            f"The data folder {path.parent} cannot be written: {error.strerror}.",
            "Give this account write access to it, or name another folder in ECG_DATA_DIR.",
        ) from error
    except sqlite3.Error as error:
        raise StoreError(f"The database {path} cannot be brought up to date: {error}.", UNUSABLE) from error
