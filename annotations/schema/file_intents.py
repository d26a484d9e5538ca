"""The table of pictures on their way in or out, for the migration in ``annotations.schema``."""

from sqlite_utils import Database


def add_file_intents(db: Database) -> None:
    """Files about to be written or deleted (``pictures.file_intents``), and whether freed bytes are left."""
    db.executescript("""
        CREATE TABLE file_intent (
            file TEXT PRIMARY KEY
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE bytes_left (
            id INTEGER PRIMARY KEY CHECK (id = 1)
        ) STRICT;
    """)
