"""The table of pictures that look alike, for the migration in ``annotations.schema``."""

from sqlite_utils import Database


def add_look_alikes(db: Database) -> None:
    """Pairs of near-copies, and who said that they are none."""
    db.executescript("""
        CREATE TABLE look_alike (
            image_id INTEGER NOT NULL REFERENCES image(id),
            twin_id INTEGER NOT NULL REFERENCES image(id),
            distance REAL NOT NULL CHECK (distance >= 0),
            not_the_same_by TEXT REFERENCES person(name),
            decided_at TEXT,
            PRIMARY KEY (image_id, twin_id),
            CHECK (twin_id < image_id),
            CHECK ((not_the_same_by IS NULL) = (decided_at IS NULL))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX look_alike_twin ON look_alike(twin_id);
    """)
