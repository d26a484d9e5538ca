"""The tables of what people said of pages, for the migration in ``annotations.schema``."""

from sqlite_utils import Database

_LINES = """
        CREATE TABLE annotation (
            id INTEGER PRIMARY KEY,
            image_id INTEGER NOT NULL REFERENCES image(id),
            reader TEXT NOT NULL,
            head_revision_id INTEGER REFERENCES revision(id) DEFERRABLE INITIALLY DEFERRED,
            UNIQUE (image_id, reader)
        ) STRICT;
"""
_REVISIONS = """
        CREATE TABLE revision (
            id INTEGER PRIMARY KEY,
            annotation_id INTEGER NOT NULL REFERENCES annotation(id),
            number INTEGER NOT NULL,
            parent_id INTEGER REFERENCES revision(id),
            person TEXT NOT NULL REFERENCES person(name),
            status TEXT NOT NULL CHECK (status IN ('submitted', 'skipped')),
            label TEXT CHECK (label IN ('normal', 'abnormal', 'unsure')),
            boxes_complete INTEGER NOT NULL CHECK (boxes_complete IN (0, 1)),
            flags TEXT NOT NULL DEFAULT '[]',
            comment TEXT NOT NULL DEFAULT '',
            base_prediction_id INTEGER REFERENCES prediction(id),
            seconds REAL NOT NULL DEFAULT 0,
            actions INTEGER NOT NULL DEFAULT 0,
            created_at TEXT NOT NULL,
            UNIQUE (annotation_id, number)
        ) STRICT;
        CREATE INDEX revision_person ON revision(person, status);
"""
_BOXES = """
        CREATE TABLE revision_box (
            revision_id INTEGER NOT NULL REFERENCES revision(id),
            uid TEXT NOT NULL,
            x1 REAL NOT NULL CHECK (x1 >= 0), y1 REAL NOT NULL CHECK (y1 >= 0),
            x2 REAL NOT NULL CHECK (x2 > x1), y2 REAL NOT NULL CHECK (y2 > y1),
            label TEXT CHECK (label IN ('normal', 'abnormal')),
            origin TEXT NOT NULL CHECK (origin IN ('drawn', 'accepted', 'adjusted', 'propagated', 'rejected')),
            prediction_box_id INTEGER REFERENCES prediction_box(id),
            PRIMARY KEY (revision_id, uid)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX revision_box_proposal ON revision_box(prediction_box_id) WHERE prediction_box_id IS NOT NULL;
        CREATE TRIGGER a_box_lies_in_its_picture BEFORE INSERT ON revision_box
            WHEN EXISTS (
                SELECT 1 FROM revision JOIN annotation ON annotation.id = revision.annotation_id
                JOIN image ON image.id = annotation.image_id
                WHERE revision.id = NEW.revision_id AND (NEW.x2 > image.width OR NEW.y2 > image.height)
            )
            BEGIN SELECT RAISE(ABORT, 'a box leaves its picture'); END;
"""
_DRAFTS = """
        CREATE TABLE draft (
            image_id INTEGER NOT NULL REFERENCES image(id),
            reader TEXT NOT NULL,
            person TEXT NOT NULL REFERENCES person(name),
            base_revision_id INTEGER REFERENCES revision(id),
            content TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            PRIMARY KEY (image_id, reader, person)
        ) STRICT;
"""
_REVIEWS = """
        CREATE TABLE review (
            id INTEGER PRIMARY KEY,
            revision_id INTEGER NOT NULL REFERENCES revision(id),
            reviewer TEXT NOT NULL REFERENCES person(name),
            verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'returned')),
            note TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX review_revision ON review(revision_id);
"""
_LEASES = """
        CREATE TABLE lease (
            image_id INTEGER PRIMARY KEY REFERENCES image(id),
            person TEXT NOT NULL REFERENCES person(name),
            expires_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX lease_person ON lease(person);
"""


def add_readings(db: Database) -> None:
    """One line of revisions a page and reader, their boxes, drafts, reviews and leases."""
    db.executescript("".join((_LINES, _REVISIONS, _BOXES, _DRAFTS, _REVIEWS, _LEASES)))
