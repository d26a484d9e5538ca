"""Backups come back whole, damage is found, and an erased patient is gone from every file."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from annotations import readings
from annotations.maintenance.backup import LIST, backup, restore
from annotations.maintenance.check_and_erase import check, erase_group, pages_of_group
from annotations.model import Provenance, StoreError
from annotations.readings import work_queue
from annotations.readings.predictions import record_prediction
from annotations.readings.snapshots import read_pages, take_snapshot
from annotations.store import DATABASE, Store
from tests.support.stored_pictures import ABNORMAL, NORMAL, picture_rgb, prediction


def _filled(store: Store) -> None:
    for number in range(3):
        page, _ = store.add_picture(picture_rgb(number), group=f"patient-{number % 2}", name=f"secret-{number % 2}.png")
        prediction_id = record_prediction(store, page.id, prediction())
        first = readings.save(
            store, page.id, "Ada", NORMAL, base_revision_id=None, provenance=Provenance(prediction_id)
        )
        second = readings.save(store, page.id, "Ben", ABNORMAL, base_revision_id=first.id)
        readings.add_review(store, second.id, "Ada", "accepted", f"secret-{number % 2}")
        readings.save_draft(store, page.id, "Ada", NORMAL, base_revision_id=second.id)
        work_queue.lease(store, page.id, "Ada")
    take_snapshot(store, "all", "Ada")


def _with_bundle_and_run(store: Store) -> dict[str, bytes]:
    """Files as trainings leave them; returns those that a backup keeps."""
    weights = b"weights of a network"
    entry = {"file": "local.safetensors", "sha256": hashlib.sha256(weights).hexdigest()}
    kept = {
        "bundles/quick-1/bundle.json": json.dumps({"weights": {"local": entry}}).encode(),
        "bundles/quick-1/local.safetensors": weights,
        "runs/1/config.json": b"{}",
        "runs/1/summary.json": b"{}",
        "runs/1/predictions.csv": b"file,label\n",
        "runs/1/fold-0/fold.json": b"{}",
        "runs/1/fold-0/detections.json": b"{}",
    }
    left = (
        "bundles/quick-2.partial/bundle.json", "bundles/.import-x/bundle.json", "runs/.lock", "runs/1/.lock",
        "runs/1/prepared.pages", "runs/1/fold-0/local.checkpoint.safetensors", "runs/1/fold-0/local.history.json",
        "runs/1/fold-0/bundle/local.safetensors", "cache/seen/beats.safetensors",
    )  # fmt: skip
    for name, content in {**kept, **dict.fromkeys(left, b"can be made again")}.items():
        path = store.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return kept


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
    with pytest.raises(StoreError, match="contains a database"):
        restore(tmp_path / "b.zip", tmp_path / "new")


def test_bundles_and_results_come_along_and_caches_do_not(store: Store, tmp_path: Path) -> None:
    _filled(store)
    kept = _with_bundle_and_run(store)
    backup(store, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        pictures = {name for name in archive.namelist() if name.startswith("pictures/")}
        assert set(archive.namelist()) == {"ecg.db", LIST} | pictures | set(kept)
        assert set(json.loads(archive.read(LIST))) == {"ecg.db"} | pictures | set(kept)
    restore(tmp_path / "b.zip", tmp_path / "new")
    assert {name: (tmp_path / "new" / name).read_bytes() for name in kept} == kept
    assert check(Store(tmp_path / "new")) == []


def _rewritten(old: Path, new: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A backup with other content and the same list."""
    with zipfile.ZipFile(old) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with zipfile.ZipFile(new, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return new


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda files: files.update({"bundles/quick-1/local.safetensors": b"other weights"}), "was altered"),
        (lambda files: files.pop("runs/1/summary.json"), "lacks files"),
        (lambda files: files.update({"runs/1/added.json": b"{}"}), "lacks files"),
        (lambda files: files.update({"bundles/../../x.json": b"{}"}), "no backup"),
        (lambda files: files.update({"bundles/quick-1/run.sh": b""}), "no backup"),
        (lambda files: files.update({LIST: b"[1]"}), "list of files is broken"),
    ],
)
def test_an_altered_backup_is_refused_whole(
    store: Store, tmp_path: Path, change: Callable[[dict[str, bytes]], None], told: str
) -> None:
    _filled(store)
    _with_bundle_and_run(store)
    backup(store, tmp_path / "b.zip")
    with pytest.raises(StoreError, match=told):
        restore(_rewritten(tmp_path / "b.zip", tmp_path / "other.zip", change), tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_a_backup_from_before_the_list_is_restored(store: Store, tmp_path: Path) -> None:
    _filled(store)
    backup(store, tmp_path / "b.zip")
    restore(_rewritten(tmp_path / "b.zip", tmp_path / "old.zip", lambda files: files.pop(LIST)), tmp_path / "new")
    assert check(Store(tmp_path / "new")) == []


def test_a_backup_that_does_not_fit_is_refused(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _filled(store)
    backup(store, tmp_path / "b.zip")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(StoreError, match="free space"):
        restore(tmp_path / "b.zip", tmp_path / "new")


def test_check_finds_damaged_bundles_and_results(store: Store) -> None:
    _with_bundle_and_run(store)
    assert check(store) == []
    (store.folder / "bundles/quick-1/local.safetensors").write_bytes(b"flipped")
    (store.folder / "runs/1/summary.json").write_bytes(b"\0" * 20)
    (store.folder / "bundles/empty").mkdir()
    assert check(store) == [
        "model empty: bundle.json is missing or broken",
        "model quick-1: local.safetensors was altered",
        "runs/1/summary.json of a training is broken",
    ]
    (store.folder / "bundles/quick-1/local.safetensors").unlink()
    assert "model quick-1: local.safetensors cannot be read (No such file or directory)" in check(store)


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
    with pytest.raises(StoreError, match="No page belongs"):
        erase_group(store, "patient-0", "Ada")


def test_nothing_else_can_be_deleted_afterwards(store: Store) -> None:
    _filled(store)
    erase_group(store, "patient-0", "Ada")
    with pytest.raises(StoreError, match="never deleted"), store.writing() as connection:
        connection.execute("DELETE FROM revision")


def test_pictures_without_their_database_ask_for_a_restore(store: Store, tmp_path: Path) -> None:
    _filled(store)
    backup(store, tmp_path / "backup.zip")
    store.close()
    for path in store.folder.glob(f"{DATABASE}*"):
        path.unlink()
    (store.folder / f"{DATABASE}-wal").write_bytes(b"what a lost database left")
    for _ in range(2):  # no new database stands in the way the second time
        with pytest.raises(StoreError, match=r"missing or empty.*restore"):
            Store(store.folder)
        assert not (store.folder / DATABASE).exists()
    (store.folder / DATABASE).touch()
    with pytest.raises(StoreError, match="missing or empty"):
        Store(store.folder)
    restore(tmp_path / "backup.zip", store.folder)
    assert check(Store(store.folder)) == []


def test_a_backup_begins_again_when_a_page_is_erased_meanwhile(store: Store, tmp_path: Path) -> None:
    _filled(store)
    (group,) = {page.picture.group_key for page in read_pages(store) if page.picture.id == 1}
    file = tmp_path / "backup.zip"

    def erase_once(done: int, of: int) -> None:
        if done == 1 and pages_of_group(store, group):
            erase_group(store, group, "Ada")

    backup(store, file, erase_once)
    assert not pages_of_group(store, group)
    restore(file, tmp_path / "restored")
    assert check(Store(tmp_path / "restored")) == []
    store.picture_path(store.picture(2)).unlink()
    with pytest.raises(StoreError, match="cannot be written"):
        backup(store, tmp_path / "second.zip")
    assert not list(tmp_path.glob("second*"))


def test_check_names_damaged_readings_and_drafts(store: Store) -> None:
    _filled(store)
    store.db.conn.execute("DROP TRIGGER revision_never_changes")
    store.db.conn.execute("UPDATE revision SET flags = '{' WHERE id = 2")
    store.db.conn.execute("UPDATE draft SET content = '{\"reading\": 3}' WHERE image_id = 3")
    found = check(store)
    assert found == [
        "Reading 2 of page 1 is damaged in the database.",
        "Ada: Your draft of page 3 is damaged in the database.",
    ]
