"""Whenever a program is killed, the next start leaves no picture that no row names, and takes none that one names."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from annotations.__main__ import main
from annotations.maintenance.backup import backup
from annotations.maintenance.check_and_erase import check, erase_group
from annotations.model import StoreError
from annotations.pictures.file_intents import at_work
from annotations.privacy.redaction import redact
from annotations.store import Store
from ecgcore.types import Box
from tests.support.stored_pictures import picture_rgb

ROOT = Path(__file__).parents[3]
BOX = Box(10, 10, 60, 40)

KILLS = {
    "while a picture's file is written": ("pathlib.Path.replace", "store.add_picture(picture_rgb(7))"),
    "before a picture's row is stored": (
        "annotations.pictures.insert.NewPicture.insert", "store.add_picture(picture_rgb(7))",
    ),
    "before a painted picture's row is stored": (
        "annotations.privacy.redaction._move", "redact(store, 1, [Box(10, 10, 60, 40)], 'Ada')",
    ),
    "before the unpainted picture is deleted": (
        "annotations.privacy.redaction.delete_unnamed", "redact(store, 1, [Box(10, 10, 60, 40)], 'Ada')",
    ),
    "before an erased picture is deleted": (
        "annotations.maintenance.check_and_erase.delete_unnamed", "erase_group(store, 'p1', 'Ada')",
    ),
    "before an erased picture's bytes are": (
        "annotations.maintenance.check_and_erase.forget_bytes", "erase_group(store, 'p1', 'Ada')",
    ),
}  # fmt: skip
"""Where a program is killed, and what it was at."""

PROGRAM = """
import os, sys
from importlib import import_module
from pathlib import Path
from annotations.privacy.redaction import redact
from annotations.store import Store
from annotations.maintenance.check_and_erase import erase_group
from ecgcore.types import Box
from tests.support.stored_pictures import picture_rgb
store = Store(Path(sys.argv[1]))
module, _, name = sys.argv[2].rpartition(".")
try:
    owner = import_module(module)
except ImportError:
    module, _, kind = module.rpartition(".")
    owner = getattr(import_module(module), kind)
setattr(owner, name, lambda *_args, **_options: os._exit(9))
eval(sys.argv[3])
"""


def _pictures(store: Store) -> set[str]:
    """All files in the folder of pictures."""
    return {p.relative_to(store.folder).as_posix() for p in (store.folder / "pictures").rglob("*") if p.is_file()}


def _named(store: Store) -> set[str]:
    return {row["file"] for row in store.rows("SELECT file FROM image")}


@pytest.fixture
def two(store: Store) -> Store:
    """A store with two patients of one page each."""
    for number in (1, 2):
        store.add_picture(picture_rgb(number), group=f"p{number}")
    return store


@pytest.mark.parametrize("kill", KILLS)
def test_the_next_start_finishes_what_a_kill_broke_off(two: Store, kill: str) -> None:
    where, what = KILLS[kill]
    command = [sys.executable, "-c", PROGRAM, str(two.folder), where, what]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    again = Store(two.folder)
    assert _pictures(again) == _named(again)
    assert again.rows("SELECT * FROM file_intent") == again.rows("SELECT * FROM bytes_left") == []
    assert len(_named(again)) == (1 if "erased" in kill else 2)
    assert check(again) == []


def test_what_another_program_has_on_its_way_is_left_to_it(two: Store) -> None:
    command = [sys.executable, "-c", PROGRAM, str(two.folder), *KILLS["before a picture's row is stored"]]
    subprocess.run(command, cwd=ROOT, check=False)
    assert len(_pictures(two)) == 3
    with at_work(two.folder):
        assert Store(two.folder).finished == []
        assert len(_pictures(two)) == 3
    assert len(Store(two.folder).finished) == 1
    assert _pictures(two) == _named(two)


def test_check_says_what_it_deleted(two: Store, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-c", PROGRAM, str(two.folder), *KILLS["before a picture's row is stored"]]
    subprocess.run(command, cwd=ROOT, check=False)
    (stray,) = _pictures(two) - _named(two)
    assert main(["check", "--data-dir", str(two.folder)]) == 0
    assert f"{stray} is deleted" in capsys.readouterr().out


def test_a_folder_that_lost_its_database_keeps_its_pictures(two: Store) -> None:
    before = _pictures(two)
    two.close()
    for path in two.folder.glob("ecg.db*"):
        path.unlink()
    with pytest.raises(StoreError, match="restore a backup"):
        Store(two.folder)
    assert _pictures(two) == before


def test_painting_the_same_place_twice_at_once_keeps_the_picture(two: Store) -> None:
    for turn in range(8):
        barrier, failed = threading.Barrier(2), []

        def paint(barrier: threading.Barrier, failed: list[StoreError], box: Box) -> None:
            barrier.wait()
            try:
                redact(two, 1, [box], "Ada")
            except StoreError as error:
                failed.append(error)
            finally:
                two.close()

        box = Box(10 + 5 * turn, 10, 14 + 5 * turn, 40)
        threads = [threading.Thread(target=paint, args=(barrier, failed, box)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(failed) == 1
        assert _pictures(two) == _named(two)
    assert check(two) == []


def test_a_file_that_cannot_be_deleted_is_told_and_deleted_later(two: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(StoreError, match=r"cannot be deleted .*Permission denied"):
            erase_group(two, "p1", "Ada")
    assert len(_pictures(two)) == 2
    assert len(Store(two.folder).finished) == 1
    assert _pictures(two) == _named(two)


def _bytes_with(store: Store, text: bytes) -> list[str]:
    return [path.name for path in store.folder.glob("ecg.db*") if text in path.read_bytes()]


def test_no_byte_of_an_erased_row_stays_in_the_database_or_its_log(store: Store) -> None:
    store.add_picture(picture_rgb(1), group="p1", source_record="record-of-jane-doe")
    store.add_picture(picture_rgb(2), group="p2")
    assert store.row("PRAGMA secure_delete") == {"secure_delete": 1}
    assert _bytes_with(store, b"record-of-jane-doe")
    erase_group(store, "p1", "Ada")
    assert _bytes_with(store, b"record-of-jane-doe") == []


def test_bytes_that_another_reader_keeps_are_told_and_go_later(store: Store) -> None:
    store.add_picture(picture_rgb(1), group="p1", source_record="record-of-jane-doe")
    other = sqlite3.connect(store.database_path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM image").fetchall()
    store.db.conn.execute("PRAGMA busy_timeout = 200")
    with pytest.raises(StoreError, match="may still hold their bytes"):
        erase_group(store, "p1", "Ada")
    assert store.rows("SELECT * FROM image") == []
    other.close()
    again = Store(store.folder)
    assert _bytes_with(again, b"record-of-jane-doe") == []
    assert again.rows("SELECT * FROM bytes_left") == []


def test_the_folder_and_a_backup_are_for_their_owner_alone(two: Store) -> None:
    two.folder.chmod(0o755)
    two.database_path.chmod(0o644)  # as an earlier version left them
    two = Store(two.folder)
    two.add_person("Eve")
    backup(two, two.folder / "all.zip")
    paths = [two.folder, *two.folder.rglob("*")]
    assert [path.name for path in paths if path.stat().st_mode & 0o077] == []
