"""Imports on a full disk, of a gigabyte, of a newer program: refused in plain words, and nothing is taken halfway."""

import csv
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotations import readings
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import export_to, import_from
from annotations.maintenance.backup import backup, restore
from annotations.maintenance.check_and_erase import check
from annotations.model import StoreError
from annotations.store import DATABASE, Store
from tests.support.stored_pictures import NORMAL, picture_rgb

GIGABYTE = 2**30
LARGE_RGB = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)
"""A PNG of 270 kB."""


def _table(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for number, name in enumerate(names):
        Image.fromarray(picture_rgb(number)).save(folder / name)
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label", "group"), *((name, "normal", "p") for name in names)])
    return folder


def _rows(store: Store) -> dict[str, list[dict[str, object]]]:
    return {name: list(store.db[name].rows) for name in ("image", "page_group", "annotation", "revision")}


def _files(store: Store) -> list[Path]:
    return [path for path in (store.folder / "pictures").rglob("*") if path.is_file()]


def _run(arguments: Sequence[str], most_bytes: int) -> subprocess.CompletedProcess[str]:
    """The command where no file may grow beyond a size, as on a full disk."""
    return subprocess.run(
        [sys.executable, "-m", "annotations", *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
    )


def test_a_picture_of_a_gigabyte_is_refused_alone(store: Store, tmp_path: Path) -> None:
    folder = _table(tmp_path / "in", "good.png", "huge.png")
    with (folder / "huge.png").open("wb") as stream:
        stream.truncate(GIGABYTE)  # sparse: it takes no space
    report = import_from(store, FORMATS["table"], folder, "Ada")
    assert (report.pictures_added, report.readings_added) == (1, 1)
    (refusal,) = report.refusals
    assert (refusal.file, refusal.line) == ("huge.png", 3)
    assert "larger than 64 MiB" in refusal.reason


def test_an_import_file_of_a_gigabyte_is_refused(store: Store, tmp_path: Path) -> None:
    folder = _table(tmp_path / "in", "good.png")
    with (folder / "table.csv").open("ab") as stream:
        stream.truncate(GIGABYTE)
    with pytest.raises(StoreError, match="larger than 64 MB"):
        import_from(store, FORMATS["table"], folder, "Ada")
    assert _rows(store)["image"] == []


@pytest.fixture(params=["max_page_count = 1", "query_only = ON"], ids=["full disk", "read-only"])
def unwritable(store: Store, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store whose database does not grow, or takes nothing at all; the smallest size is what it has."""
    store.db.conn.execute(f"PRAGMA {request.param}")
    yield store
    store.close()


def test_an_import_into_an_unwritable_database_takes_nothing_halfway(unwritable: Store, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(40)]
    folder, before = _table(tmp_path / "in", *names), _rows(unwritable)
    with pytest.raises(StoreError, match=r"disk is full|read-only"):
        import_from(unwritable, FORMATS["table"], folder, "Ada")
    assert _rows(unwritable) == before
    assert _files(unwritable) == []
    unwritable.close()  # the next connection may write again
    assert import_from(unwritable, FORMATS["table"], folder, "Ada").readings_added == 40
    assert check(unwritable) == []


def test_a_single_picture_that_finds_no_room_leaves_no_file(unwritable: Store) -> None:
    with pytest.raises(StoreError, match=r"disk is full|read-only"):
        for number in range(40):
            unwritable.add_picture(picture_rgb(number), name="x" * 1000)
    assert len(_files(unwritable)) == len(_rows(unwritable)["image"])


def test_pictures_that_find_no_room_are_refused_one_by_one(store: Store, tmp_path: Path) -> None:
    folder = _table(tmp_path / "in", "good.png", "large.png")
    Image.fromarray(LARGE_RGB).save(folder / "large.png")
    arguments = ("import", "--format", "table", str(folder), "--data-dir", str(store.folder))
    outcome = _run(arguments, 200_000)
    assert outcome.returncode == 1 and "Traceback" not in outcome.stderr
    assert "refused large.png: The picture cannot be kept: File too large." in outcome.stderr
    assert "pages added: 1, readings added: 1" in outcome.stdout
    assert check(store) == []


def test_an_export_that_finds_no_room_leaves_nothing(store: Store, tmp_path: Path) -> None:
    picture, _ = store.add_picture(LARGE_RGB)
    readings.save(store, picture.id, "Ada", NORMAL, base_revision_id=None)
    out = tmp_path / "out"
    outcome = _run(("export", "--format", "coco", str(out), "--data-dir", str(store.folder)), 200_000)
    assert outcome.returncode == 1 and "Traceback" not in outcome.stderr
    assert "File too large" in outcome.stderr and "Free some space" in outcome.stderr
    assert list(out.iterdir()) == []
    assert export_to(store, FORMATS["coco"], out) == 1


def test_a_backup_of_a_newer_program_is_refused(store: Store, tmp_path: Path) -> None:
    store.db["_sqlite_migrations"].insert({"migration_set": "ecg", "name": "m999_future", "applied_at": "x"})
    backup(store, tmp_path / "b.zip")
    with pytest.raises(StoreError, match="newer version"):
        restore(tmp_path / "b.zip", tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_database_that_is_none_is_told_by_every_command(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"this is text" * 100)
    outcome = _run(("check", "--data-dir", str(tmp_path)), GIGABYTE)
    assert outcome.returncode == 1 and "Traceback" not in outcome.stderr
    assert "cannot be opened" in outcome.stderr
