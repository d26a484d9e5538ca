"""The tables of what trainings and models must forget, for the migration in ``annotations.schema``."""

from sqlite_utils import Database


def add_mentions(db: Database) -> None:
    """What files of trainings and models must not mention any more, and the runs that it concerns.

    Events of runs may go with an erased patient, whose pages' files they named in earlier versions. Where patients were
    erased under such a version, what it left is noted as 'earlier'.
    """
    db.executescript("""
        CREATE TABLE mention (
            kind TEXT NOT NULL CHECK (kind IN ('picture', 'group', 'derived', 'earlier')),
            value TEXT NOT NULL,
            PRIMARY KEY (kind, value)
        ) STRICT, WITHOUT ROWID;

        INSERT INTO mention SELECT 'earlier', '' FROM erasure LIMIT 1;

        CREATE TABLE changed_run (
            run_id INTEGER PRIMARY KEY REFERENCES train_run(id),
            erased_pages INTEGER NOT NULL DEFAULT 0,
            begins_again INTEGER NOT NULL DEFAULT 0 CHECK (begins_again IN (0, 1))
        ) STRICT;

        DROP TRIGGER run_event_never_goes;
        CREATE TRIGGER run_event_never_goes BEFORE DELETE ON run_event
            WHEN NOT EXISTS (SELECT 1 FROM erasing)
            BEGIN SELECT RAISE(ABORT, 'run_event rows are never deleted'); END;
    """)
