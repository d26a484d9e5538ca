"""The table of patients' keys, for the migration in ``annotations.schema``."""

from sqlite_utils import Database


def add_patients(db: Database) -> None:
    """To which group of pictures the keyed hash of a patient's key leads; several may lead to one."""
    db.executescript("""
        CREATE TABLE patient_key (
            key_hash TEXT PRIMARY KEY CHECK (length(key_hash) = 64),
            group_key TEXT NOT NULL REFERENCES page_group(key),
            created_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX patient_key_group ON patient_key(group_key);
    """)
