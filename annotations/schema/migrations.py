"""The database's tables, the rules that hold in them whoever writes, and the way up from every older form."""

from sqlite_utils import Database, Migrations

from annotations.schema.duplicates import add_look_alikes
from annotations.schema.file_intents import add_file_intents
from annotations.schema.mentions import add_mentions
from annotations.schema.patients import add_patients
from annotations.schema.privacy import add_privacy
from annotations.schema.readings import add_readings
from annotations.schema.runs import add_runs
from annotations.schema.snapshots import add_snapshots_and_erasure
from annotations.schema.unique_numbers import never_reuse_numbers

migrations = Migrations("ecg")


@migrations()
def m001_pictures_and_people(db: Database) -> None:
    """People, groups of pictures that belong together, and the pictures."""
    db.executescript("""
        CREATE TABLE person (
            name TEXT PRIMARY KEY CHECK (length(trim(name)) BETWEEN 1 AND 80),
            created_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE page_group (
            key TEXT PRIMARY KEY,
            fold INTEGER CHECK (fold >= 0),
            is_holdout INTEGER NOT NULL DEFAULT 0 CHECK (is_holdout IN (0, 1))
        ) STRICT;
        CREATE TRIGGER a_fold_never_moves BEFORE UPDATE OF fold ON page_group
            WHEN OLD.fold IS NOT NULL AND NEW.fold IS NOT OLD.fold
            BEGIN SELECT RAISE(ABORT, 'a fold never moves'); END;
        CREATE TRIGGER a_holdout_stays BEFORE UPDATE OF is_holdout ON page_group
            WHEN OLD.is_holdout = 1 AND NEW.is_holdout = 0
            BEGIN SELECT RAISE(ABORT, 'a held-out group stays held out'); END;

        CREATE TABLE image (
            id INTEGER PRIMARY KEY,
            picture_hash TEXT NOT NULL UNIQUE CHECK (length(picture_hash) = 64),
            look_hash TEXT NOT NULL DEFAULT '',
            file TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            width INTEGER NOT NULL CHECK (width > 0),
            height INTEGER NOT NULL CHECK (height > 0),
            group_key TEXT NOT NULL REFERENCES page_group(key),
            source TEXT NOT NULL,
            source_record TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL,
            deleted_at TEXT
        ) STRICT;
        CREATE INDEX image_group ON image(group_key);
        CREATE INDEX image_look ON image(look_hash) WHERE look_hash <> '';
    """)


@migrations()
def m002_predictions(db: Database) -> None:
    """What bundles said; rows are only ever added."""
    db.executescript("""
        CREATE TABLE bundle (
            version TEXT PRIMARY KEY,
            created_at TEXT NOT NULL,
            is_active INTEGER NOT NULL DEFAULT 0 CHECK (is_active IN (0, 1))
        ) STRICT;
        CREATE UNIQUE INDEX one_active_bundle ON bundle(is_active) WHERE is_active = 1;

        CREATE TABLE prediction (
            id INTEGER PRIMARY KEY,
            image_id INTEGER NOT NULL REFERENCES image(id),
            bundle_version TEXT NOT NULL REFERENCES bundle(version),
            decision TEXT CHECK (decision IN ('normal', 'abnormal', 'refer')),
            p_abnormal REAL CHECK (p_abnormal BETWEEN 0 AND 1),
            p_local REAL,
            p_global REAL,
            heart_rate_bpm REAL,
            uncertainty REAL NOT NULL,
            created_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX prediction_image ON prediction(image_id, id);

        CREATE TABLE prediction_box (
            id INTEGER PRIMARY KEY,
            prediction_id INTEGER NOT NULL REFERENCES prediction(id),
            x1 REAL NOT NULL CHECK (x1 >= 0), y1 REAL NOT NULL CHECK (y1 >= 0),
            x2 REAL NOT NULL CHECK (x2 > x1), y2 REAL NOT NULL CHECK (y2 > y1),
            score REAL NOT NULL,
            p_abnormal REAL,
            share REAL
        ) STRICT;
        CREATE INDEX prediction_box_prediction ON prediction_box(prediction_id);
    """)


@migrations()
def m003_readings(db: Database) -> None:
    """What people said: one line of revisions a page and reader, drafts, reviews and leases."""
    add_readings(db)


@migrations()
def m004_snapshots_and_erasure(db: Database) -> None:
    """Frozen data sets, the note that remains of an erased patient, and the guard of what is never changed."""
    add_snapshots_and_erasure(db)


@migrations()
def m005_trainings(db: Database) -> None:
    """Training runs, their events, and who made which bundle active."""
    add_runs(db)


@migrations()
def m006_look_alikes(db: Database) -> None:
    """Pairs of pictures that look alike."""
    add_look_alikes(db)


@migrations()
def m007_privacy(db: Database) -> None:
    """What may be kept of a picture, what was painted over, and panel corners that people set."""
    add_privacy(db)


@migrations(transactional=False)
def m008_numbers(db: Database) -> None:
    """No number of a page, a reading or a run is given twice."""
    never_reuse_numbers(db)


@migrations()
def m009_patients(db: Database) -> None:
    """Patients' keys, as keyed hashes."""
    add_patients(db)


@migrations()
def m010_file_intents(db: Database) -> None:
    """What is on its way in or out, so that nothing is left of what should be gone."""
    add_file_intents(db)


@migrations()
def m011_mentions(db: Database) -> None:
    """What files of trainings and models must not mention any more."""
    add_mentions(db)
