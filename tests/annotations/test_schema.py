"""The database's form: every older one comes up with its rows, and the rules hold whoever writes."""

import sqlite3
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlite_utils import Database

from annotations.model import StoreError
from annotations.schema import connect, migrations, upgrade
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
}


@pytest.mark.parametrize("stop", NAMES[1:])
def test_every_older_form_comes_up_with_its_rows(stop: str, tmp_path: Path) -> None:
    path = tmp_path / "ecg.db"
    old = connect(path)
    migrations.apply(old, stop_before=stop)
    for name in NAMES[: NAMES.index(stop)]:
        for statement in ROWS.get(name, []):
            old.conn.execute(statement)
    before = {table: list(old[table].rows) for table in old.table_names() if not table.startswith("_")}
    old.close()
    upgrade(path)
    new = connect(path)
    assert {table: list(new[table].rows) for table in before} == before
    assert [applied.name for applied in migrations.applied(new)] == NAMES


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
