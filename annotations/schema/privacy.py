"""The tables of what may be kept of a picture and what became of it, for the migration in ``annotations.schema``."""

from sqlite_utils import Database

from annotations.schema.insert_only import keep_insert_only


def add_privacy(db: Database) -> None:
    """Settings, results without a picture, what was painted over, former hashes, and panel corners set by hand."""
    db.executescript("""
        CREATE TABLE setting (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL,
            changed_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE kept_result (
            id INTEGER PRIMARY KEY,
            result TEXT NOT NULL CHECK (json_valid(result)),
            created_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE former_hash (
            picture_hash TEXT PRIMARY KEY CHECK (length(picture_hash) = 64),
            image_id INTEGER NOT NULL REFERENCES image(id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX former_hash_image ON former_hash(image_id);

        CREATE TABLE blackening (
            id INTEGER PRIMARY KEY,
            image_id INTEGER NOT NULL REFERENCES image(id),
            person TEXT NOT NULL REFERENCES person(name),
            x1 REAL NOT NULL CHECK (x1 >= 0), y1 REAL NOT NULL CHECK (y1 >= 0),
            x2 REAL NOT NULL CHECK (x2 > x1), y2 REAL NOT NULL CHECK (y2 > y1),
            at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX blackening_image ON blackening(image_id);

        CREATE TABLE panel_corners (
            id INTEGER PRIMARY KEY,
            image_id INTEGER NOT NULL REFERENCES image(id),
            person TEXT REFERENCES person(name),
            x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL,
            x3 REAL NOT NULL, y3 REAL NOT NULL, x4 REAL NOT NULL, y4 REAL NOT NULL,
            at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX panel_corners_image ON panel_corners(image_id, id);
    """)
    keep_insert_only(db, "blackening", "panel_corners")
