"""Backups come back whole, damage is found, and an erased patient is gone from every file."""

import zipfile
from pathlib import Path

import pytest

from annotations import queue, readings
from annotations.model import Provenance, StoreError
from annotations.predictions import record_prediction
from annotations.snapshots import read_pages, take_snapshot
from annotations.store import Store
from annotations.upkeep import backup, check, erase_group, restore
from tests.annotations.conftest import ABNORMAL, NORMAL, picture_rgb, prediction


def _filled(store: Store) -> None:
    for number in range(3):
        page, _ = store.add_picture(picture_rgb(number), group=f"patient-{number % 2}", name=f"secret-{number % 2}.png")
        prediction_id = record_prediction(store, page.id, prediction())
        first = readings.save(
            store, page.id, "Ada", NORMAL, base_revision_id=None, provenance=Provenance(prediction_id)
        )
        second = readings.save(store, page.id, "Ben", ABNORMAL, base_revision_id=first.id)
        readings.add_review(store, second.id, "Ada", "accepted", f"secret-{number % 2}")
        readings.keep_draft(store, page.id, "Ada", NORMAL, base_revision_id=second.id)
        queue.lease(store, page.id, "Ada")
    take_snapshot(store, "all", "Ada")


def _dump(store: Store) -> list[str]:
    return sorted(store.db.conn.iterdump())  # a compacted copy lists its tables in another order


def test_a_backup_comes_back_whole(store: Store, tmp_path: Path) -> None:
    _filled(store)
    seen: list[tuple[int, int]] = []
    backup(store, tmp_path / "b.zip", lambda done, all_: seen.append((done, all_)))
    assert seen[-1] == (3, 3)
    restore(tmp_path / "b.zip", tmp_path / "new")
    copy = Store(tmp_path / "new")
    assert _dump(copy) == _dump(store)
    assert check(copy) == []
    with pytest.raises(StoreError, match="exists already"):
        backup(store, tmp_path / "b.zip")
    with pytest.raises(StoreError, match="holds a database"):
        restore(tmp_path / "b.zip", tmp_path / "new")


def test_what_is_no_backup_is_refused_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("ecg.db", b"")
        archive.writestr("pictures/../../evil", b"x")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", b"")
    for name in ("text.zip", "evil.zip", "other.zip", "missing.zip"):
        with pytest.raises(StoreError):
            restore(tmp_path / name, tmp_path / "new")
    assert not (tmp_path / "evil").exists()
    assert not list((tmp_path / "new").iterdir())


def test_check_finds_damage(store: Store) -> None:
    _filled(store)
    assert check(store) == []
    gone, changed, _ = (store.folder / row["file"] for row in store.rows("SELECT file FROM image ORDER BY id"))
    changed.write_bytes(gone.read_bytes())
    gone.unlink()
    (store.folder / "pictures" / "stray.png").touch()
    findings = " | ".join(check(store))
    assert "page 1" in findings and "cannot be opened" in findings
    assert "page 2" in findings and "another picture" in findings
    assert "stray.png belongs to no page" in findings


def test_an_erased_patient_is_gone_for_good(store: Store) -> None:
    _filled(store)
    kept = readings.history(store, 2)
    assert erase_group(store, "patient-0", "Ada") == 2
    assert [row["id"] for row in store.rows("SELECT id FROM image")] == [2]
    assert readings.history(store, 2) == kept
    assert [p.picture.id for p in read_pages(store, 1)] == [2]
    assert store.rows("SELECT person, pictures FROM erasure") == [{"person": "Ada", "pictures": 2}]
    assert check(store) == []
    assert len([p for p in (store.folder / "pictures").rglob("*") if p.is_file()]) == 1
    store.close()
    content = b"".join(path.read_bytes() for path in store.folder.iterdir() if path.is_file())
    assert b"secret-0" not in content and b"patient-0" not in content
    assert b"secret-1" in content
    with pytest.raises(StoreError, match="no picture"):
        erase_group(store, "patient-0", "Ada")


def test_nothing_else_can_be_deleted_afterwards(store: Store) -> None:
    _filled(store)
    erase_group(store, "patient-0", "Ada")
    with pytest.raises(StoreError, match="never deleted"), store.writing() as connection:
        connection.execute("DELETE FROM revision")
