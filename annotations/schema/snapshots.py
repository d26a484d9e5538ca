"""The tables of frozen data sets and of erasing, for the migration in ``annotations.schema``."""

from sqlite_utils import Database

from annotations.schema.insert_only import keep_insert_only


def add_snapshots_and_erasure(db: Database) -> None:
    """Frozen data sets, the note that a patient was erased, and the rules that nothing else is ever changed."""
    db.executescript("""
        CREATE TABLE snapshot (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            person TEXT NOT NULL REFERENCES person(name),
            note TEXT NOT NULL DEFAULT '',
            sha256 TEXT NOT NULL,
            created_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE snapshot_item (
            snapshot_id INTEGER NOT NULL REFERENCES snapshot(id),
            image_id INTEGER NOT NULL REFERENCES image(id),
            revision_id INTEGER NOT NULL REFERENCES revision(id),
            PRIMARY KEY (snapshot_id, image_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX snapshot_item_revision ON snapshot_item(revision_id);
        CREATE INDEX snapshot_item_image ON snapshot_item(image_id);

        CREATE TABLE erasure (
            id INTEGER PRIMARY KEY,
            person TEXT NOT NULL,
            pictures INTEGER NOT NULL,
            erased_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE erasing (image_id INTEGER PRIMARY KEY) STRICT;
    """)
    keep_insert_only(
        db, "prediction", "prediction_box", "revision", "revision_box", "review", "snapshot", "snapshot_item"
    )
