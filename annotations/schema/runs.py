"""The tables of trainings and of the bundles that were made active, for the migration in ``annotations.schema``."""

from sqlite_utils import Database


def add_runs(db: Database) -> None:
    """Training runs with their events, and who made which bundle active, when and why."""
    db.executescript("""
        CREATE TABLE train_run (
            id INTEGER PRIMARY KEY,
            state TEXT NOT NULL CHECK (state IN ('queued', 'snapshotting', 'running', 'evaluating', 'candidate',
                'active', 'rejected', 'failed', 'cancelled', 'interrupted')),
            kind TEXT NOT NULL CHECK (kind IN ('retrain', 'compare')),
            recipe TEXT NOT NULL,
            stages TEXT NOT NULL,
            seed INTEGER NOT NULL,
            folds INTEGER NOT NULL CHECK (folds BETWEEN 2 AND 5),
            device TEXT NOT NULL,
            snapshot_id INTEGER REFERENCES snapshot(id),
            parent_version TEXT NOT NULL,
            candidate_version TEXT,
            person TEXT NOT NULL REFERENCES person(name),
            message TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL,
            started_at TEXT,
            heartbeat_at TEXT,
            finished_at TEXT,
            stop_requested INTEGER NOT NULL DEFAULT 0 CHECK (stop_requested IN (0, 1))
        ) STRICT;
        CREATE UNIQUE INDEX one_unfinished_run ON train_run((1))
            WHERE state IN ('queued', 'snapshotting', 'running', 'evaluating');
        CREATE INDEX train_run_candidate ON train_run(candidate_version) WHERE candidate_version IS NOT NULL;
        CREATE TRIGGER train_run_never_goes BEFORE DELETE ON train_run
            BEGIN SELECT RAISE(ABORT, 'train_run rows are never deleted'); END;

        CREATE TABLE run_event (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES train_run(id),
            at TEXT NOT NULL,
            event TEXT NOT NULL CHECK (json_valid(event))
        ) STRICT;
        CREATE INDEX run_event_run ON run_event(run_id, id);

        CREATE TABLE activation (
            id INTEGER PRIMARY KEY,
            version TEXT NOT NULL,
            previous_version TEXT NOT NULL,
            is_rollback INTEGER NOT NULL CHECK (is_rollback IN (0, 1)),
            person TEXT NOT NULL REFERENCES person(name),
            reason TEXT NOT NULL CHECK (length(trim(reason)) > 0),
            at TEXT NOT NULL
        ) STRICT;
    """)
    for table in ("run_event", "activation"):
        db.executescript(f"""
            CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table}
                BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END;
            CREATE TRIGGER {table}_never_goes BEFORE DELETE ON {table}
                BEGIN SELECT RAISE(ABORT, '{table} rows are never deleted'); END;
        """)
