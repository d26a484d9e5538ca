"""The database's form: every older one comes up with its rows, and the rules hold whoever writes."""

import sqlite3
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlite_utils import Database

from annotations.database.data_folder import connect
from annotations.database.upgrade import upgrade
from annotations.model import StoreError
from annotations.schema.migrations import migrations
from annotations.store import Store

NAMES = [migration.name for migration in migrations.pending(Database(memory=True))]

# Rows as each older form would hold them: they must all be there after the upgrade.
ROWS = {
    "m001_pictures_and_people": [
        "INSERT INTO person VALUES ('Ada', '2026-01-01')",
        "INSERT INTO page_group (key, fold, is_holdout) VALUES ('g', 2, 1)",
        """INSERT INTO image (picture_hash, file, name, width, height, group_key, source, created_at)
            VALUES (hex(zeroblob(32)), 'pictures/a.png', 'a', 10, 10, 'g', 'upload', '2026-01-01')""",
    ],
    "m002_predictions": [
        "INSERT INTO bundle (version, created_at) VALUES ('v', '2026-01-01')",
        "INSERT INTO prediction VALUES (1, 1, 'v', 'refer', 0.5, 0.4, 0.6, 70, 1.2, '2026-01-01')",
        "INSERT INTO prediction_box VALUES (1, 1, 0, 0, 5, 5, 0.9, NULL, NULL)",
    ],
    "m003_readings": [
        "INSERT INTO annotation (id, image_id, reader) VALUES (1, 1, '')",
        """INSERT INTO revision (id, annotation_id, number, person, status, label, boxes_complete, created_at)
           VALUES (1, 1, 1, 'Ada', 'submitted', 'normal', 1, '2026-01-01')""",
        "INSERT INTO revision_box VALUES (1, 'u', 0, 0, 5, 5, NULL, 'accepted', 1)",
        "UPDATE annotation SET head_revision_id = 1",
    ],
    "m004_snapshots_and_erasure": [
        "INSERT INTO snapshot VALUES (1, 'one', 'Ada', '', 'abc', '2026-01-01')",
        "INSERT INTO snapshot_item VALUES (1, 1, 1)",
    ],
    "m005_trainings": [
        """INSERT INTO train_run (state, kind, recipe, stages, seed, folds, device, parent_version, person, created_at)
           VALUES ('running', 'retrain', 'quick', 'local', 0, 5, 'auto', 'v', 'Ada', '2026-01-01')""",
        "INSERT INTO run_event VALUES (1, 1, '2026-01-01', '{}')",
        "INSERT INTO activation VALUES (1, 'v', 'starter', 0, 'Ada', 'better', '2026-01-01')",
    ],
    "m006_look_alikes": [
        """INSERT INTO image (picture_hash, file, name, width, height, group_key, source, created_at)
            VALUES (hex(randomblob(32)), 'pictures/b.png', 'b', 10, 10, 'g', 'upload', '2026-01-01')""",
        "INSERT INTO look_alike VALUES (2, 1, 0.5, 'Ada', '2026-01-01')",
    ],
    "m007_privacy": [
        "INSERT INTO setting VALUES ('keep', 'panel', '2026-01-01')",
        "INSERT INTO kept_result VALUES (1, '{}', '2026-01-01')",
        "INSERT INTO former_hash VALUES (hex(zeroblob(32)), 2)",
        "INSERT INTO blackening VALUES (1, 1, 'Ada', 0, 0, 5, 5, '2026-01-01')",
        "INSERT INTO panel_corners VALUES (1, 1, 'Ada', 0, 0, 9, 0, 9, 9, 0, 9, '2026-01-01')",
    ],
    "m009_patients": ["INSERT INTO patient_key VALUES (hex(zeroblob(32)), 'g', '2026-01-01')"],
}


@pytest.mark.parametrize("stop", NAMES[1:])
def test_every_older_form_comes_up_with_its_rows(stop: str, tmp_path: Path) -> None:
    path = tmp_path / "ecg.db"
    old = connect(path)
    migrations.apply(old, stop_before=stop)
    for name in NAMES[: NAMES.index(stop)]:
        for statement in ROWS.get(name, []):
            old.conn.execute(statement)
    before = {t: list(old[t].rows) for t in old.table_names() if not t.startswith(("_", "sqlite_"))}
    old.close()
    upgrade(path)
    new = connect(path)
    assert {table: list(new[table].rows) for table in before} == before
    assert new.execute("PRAGMA foreign_key_check").fetchall() == []
    assert [applied.name for applied in migrations.applied(new)] == NAMES


NUMBERED = (
    "image", "prediction", "prediction_box", "annotation", "revision", "review", "snapshot", "erasure", "train_run",
    "run_event", "activation", "kept_result", "blackening", "panel_corners",
)  # fmt: skip
"""Tables whose rows have a number that is shown or referred to."""


def _before_numbers(path: Path) -> Database:
    """A database of the form before numbers counted on for ever, with rows."""
    old = connect(path)
    migrations.apply(old, stop_before="m008_numbers")
    for name in NAMES[: NAMES.index("m008_numbers")]:
        for statement in ROWS.get(name, []):
            old.conn.execute(statement)
    return old


def _parts(db: Database) -> dict[tuple[str, str], str]:
    """Everything of the form that is not a table's numbering."""
    rows = db.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return {
        (kind, name): " ".join(sql.replace(" AUTOINCREMENT", "").replace('"', "").split())
        for kind, name, sql in rows
        if not name.startswith("sqlite_")
    }


def test_rebuilt_tables_keep_their_triggers_indexes_and_references(tmp_path: Path) -> None:
    db = _before_numbers(tmp_path / "ecg.db")
    before, references = _parts(db), {t: db.execute(f"PRAGMA foreign_key_list({t})").fetchall() for t in NUMBERED}
    assert sum(kind == "trigger" for kind, _ in before) > 20
    migrations.apply(db, stop_before="m009_patients")
    assert _parts(db) == before
    assert {t: db.execute(f"PRAGMA foreign_key_list({t})").fetchall() for t in NUMBERED} == references
    assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    numbered = db.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '% id INTEGER PRIMARY KEY AUTOINCREMENT,%'")
    assert {name for (name,) in numbered} == set(NUMBERED)
    assert db.execute("SELECT count(*) FROM sqlite_schema WHERE sql GLOB '* id INTEGER PRIMARY KEY,*'").fetchone() == (
        0,
    )


def test_numbers_go_on_past_all_that_was_ever_used(tmp_path: Path) -> None:
    db = _before_numbers(tmp_path / "ecg.db")
    db.conn.execute("INSERT INTO erasure (person, pictures, erased_at) VALUES ('Ada', 40, '2026-01-01')")
    highest = {t: max((row["id"] for row in db[t].rows), default=0) for t in NUMBERED}
    migrations.apply(db)
    last = dict(db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    assert all(last[table] >= highest[table] for table in NUMBERED)
    assert last["image"] == highest["image"] + 40
    erased = ("annotation", "revision", "prediction", "prediction_box")  # how many went was never noted
    assert all(last[table] >= highest[table] + 100_000 for table in erased)


def test_a_row_that_refers_to_nothing_leaves_the_older_form_as_it_was(tmp_path: Path) -> None:
    db = _before_numbers(tmp_path / "ecg.db")
    db.conn.execute("PRAGMA foreign_keys = OFF")
    db.conn.execute("UPDATE image SET group_key = 'nowhere'")
    before = "\n".join(db.conn.iterdump())
    with pytest.raises(StoreError, match="refers to nothing"):
        migrations.apply(db)
    assert "\n".join(db.conn.iterdump()) == before


def test_a_newer_form_is_refused(tmp_path: Path) -> None:
    upgrade(tmp_path / "ecg.db")
    db = connect(tmp_path / "ecg.db")
    db["_sqlite_migrations"].insert({"migration_set": "ecg", "name": "m999_future", "applied_at": "x"})
    db.close()
    with pytest.raises(StoreError, match="newer version"):
        upgrade(tmp_path / "ecg.db")


def test_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ecg.db").write_bytes(b"this is text" * 100)
    with pytest.raises(StoreError, match=r"ecg\.db"):
        upgrade(tmp_path / "ecg.db")


def test_processes_that_start_at_once_all_find_it_ready(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        pool.map(upgrade, [tmp_path / "ecg.db"] * 4)
    assert [applied.name for applied in migrations.applied(connect(tmp_path / "ecg.db"))] == NAMES


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revision SET label = 'abnormal'",
        "UPDATE revision_box SET x1 = 1",
        "DELETE FROM revision",
        "DELETE FROM revision_box",
        "UPDATE prediction SET p_abnormal = 0",
        "DELETE FROM prediction_box",
        "INSERT INTO revision_box VALUES (1, 'wide', 0, 0, 500, 5, NULL, 'drawn', NULL)",
        "INSERT INTO revision_box VALUES (1, 'inverted', 5, 0, 4, 5, NULL, 'drawn', NULL)",
        "INSERT INTO revision_box VALUES (1, 'text', 'x', 0, 4, 5, NULL, 'drawn', NULL)",
        "INSERT INTO annotation (image_id, reader) VALUES (99, '')",
        "UPDATE page_group SET fold = 1",
        "UPDATE page_group SET is_holdout = 0",
        """INSERT INTO train_run (state, kind, recipe, stages, seed, folds, device, parent_version, person, created_at)
           VALUES ('queued', 'retrain', 'quick', '', 0, 5, 'auto', 'v', 'Ada', '2026-01-01')""",
        "UPDATE train_run SET state = 'flying'",
        "DELETE FROM train_run",
        "UPDATE run_event SET at = '2027'",
        "DELETE FROM run_event",
        "INSERT INTO run_event (run_id, at, event) VALUES (1, '2026', 'NaN')",
        "UPDATE activation SET reason = 'other'",
        "DELETE FROM activation",
        "INSERT INTO activation VALUES (2, 'v', 'starter', 0, 'Ada', ' ', '2026-01-01')",
        "INSERT INTO look_alike VALUES (1, 2, 0.5, NULL, NULL)",
        "INSERT INTO look_alike VALUES (2, 2, 0.5, NULL, NULL)",
        "UPDATE look_alike SET not_the_same_by = 'nobody'",
        "UPDATE look_alike SET decided_at = NULL",
        "UPDATE blackening SET person = 'Ada'",
        "DELETE FROM blackening",
        "UPDATE panel_corners SET x1 = 1",
        "DELETE FROM panel_corners",
        "INSERT INTO kept_result VALUES (2, 'no JSON', '2026-01-01')",
        "INSERT INTO former_hash VALUES ('short', 1)",
        "INSERT INTO patient_key VALUES ('MRN 12345', 'g', '2026-01-01')",
        "INSERT INTO patient_key VALUES (hex(randomblob(32)), 'no such group', '2026-01-01')",
    ],
)
def test_the_rules_hold_whoever_writes(statement: str, tmp_path: Path) -> None:
    upgrade(tmp_path / "ecg.db")
    db = connect(tmp_path / "ecg.db")
    for rows in ROWS.values():
        for row in rows:
            db.conn.execute(row)
    before = "\n".join(db.conn.iterdump())
    with pytest.raises(sqlite3.IntegrityError):
        db.conn.execute(statement)
    assert "\n".join(db.conn.iterdump()) == before


def test_a_second_active_bundle_is_impossible(store: Store) -> None:
    store.db.conn.execute("INSERT INTO bundle VALUES ('a', '2026', 1)")
    with pytest.raises(sqlite3.IntegrityError):
        store.db.conn.execute("INSERT INTO bundle VALUES ('b', '2026', 1)")
