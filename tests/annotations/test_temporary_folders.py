"""What a killed program left of a backup, a restore or an archive goes at the next start, and nothing else."""

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from annotations.maintenance.backup import backup, restore
from annotations.maintenance.check_and_erase import check
from annotations.store import Store
from annotations.temporary_folders import temporary_folder
from tests.support.stored_pictures import picture_rgb

ROOT = Path(__file__).parents[2]
KILLS = {
    "a backup": ("annotations.maintenance.backup._copy", 2, "backup(store, place / 'all.zip')"),
    "a restore": ("annotations.maintenance.backup._unpack", 3, "restore(place / 'whole.zip', folder / 'again')"),
    "an archive that is unpacked": (
        "annotations.exchange.zip_archives._content",
        1,
        "unpacked(archive, store).__enter__()",
    ),
    "an archive that is packed": ("annotations.exchange.zip_archives.which_pages", 2, "packed(store, 'table')"),
}
"""Before which call a program is killed, and what it is at."""

PROGRAM = """
import os, sys
from importlib import import_module
from pathlib import Path
from annotations.exchange import import_export
from annotations.exchange.zip_archives import packed, unpacked
from annotations.maintenance.backup import backup, restore
from annotations.store import Store
folder, place, (module, _, name), left = *map(Path, sys.argv[1:3]), sys.argv[3].rpartition("."), [int(sys.argv[4])]
store, archive = Store(folder), open(place / "pages.zip", "rb")
owners = [owner for owner in (import_module(module), import_export) if hasattr(owner, name)]
plain = getattr(owners[0], name)
def counted(*args, **options):
    left[0] -= 1
    return plain(*args, **options) if left[0] else os._exit(9)
for owner in owners:
    setattr(owner, name, counted)
eval(sys.argv[5])
"""


@pytest.fixture
def place(tmp_path: Path, store: Store) -> Path:
    """A folder beside the data folder, in which a backup lies already."""
    place = tmp_path / "exchange"
    place.mkdir()
    for number in (1, 2):
        store.add_picture(picture_rgb(number), group=f"p{number}")
    backup(store, place / "whole.zip")
    with zipfile.ZipFile(place / "pages.zip", "w") as archive:
        archive.writestr("a.png", b"x")
    return place


def left_in(*folders: Path) -> set[str]:
    """Temporary folders, notes, and whatever is half."""
    return {
        path.name for folder in folders for path in folder.iterdir() if "temporary" in path.name or "tmp" in path.name
    }


@pytest.mark.parametrize("kill", KILLS)
def test_what_a_kill_left_goes_at_the_next_start(store: Store, place: Path, kill: str) -> None:
    again = store.folder / "again"
    again.mkdir()
    where, call, what = KILLS[kill]
    command = [sys.executable, "-c", PROGRAM, str(store.folder), str(place), where, str(call), what]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    assert len(left_in(store.folder, place, again)) == 2, "its folder and the note of it"
    if kill == "a restore":
        restore(place / "whole.zip", again)
        Store(again)
    assert check(Store(store.folder)) == []
    assert left_in(store.folder, place, again) == set()
    assert (place / "whole.zip").exists()


def test_what_is_at_work_keeps_its_folder(store: Store, tmp_path: Path) -> None:
    with temporary_folder(store.folder, tmp_path) as folder:
        (folder / "picture.png").touch()
        Store(store.folder)
        assert (folder / "picture.png").exists()
        assert folder.stat().st_mode & 0o077 == 0
    assert left_in(store.folder, tmp_path) == set()


def test_a_note_names_nothing_else(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (store.folder / ".temporary-x").write_text(str(tmp_path / "mine"))
    Store(store.folder)
    assert (tmp_path / "mine").is_dir()
    assert left_in(store.folder) == set()


def test_a_folder_on_a_disk_that_is_away_waits_for_it(tmp_path: Path, store: Store) -> None:
    disk, away = tmp_path / "disk", tmp_path / "away"
    disk.mkdir()
    with temporary_folder(store.folder, disk) as folder:
        (note,) = store.folder.glob(".temporary-*")
        (folder / "page.png").write_bytes(b"a patient's")
        text = note.read_bytes()
        disk.rename(away)  # and the program is killed
    note.write_bytes(text)
    Store(store.folder)
    assert note.exists(), "its folder was not deleted"
    away.rename(disk)
    Store(store.folder)
    assert not note.exists()
    assert not list(disk.iterdir())


def test_what_earlier_versions_left_goes_after_a_day(store: Store) -> None:
    old, new = store.folder / ".archive-old", store.folder / ".archive-new"
    for folder in (old, new):
        folder.mkdir()
    day_before = time.time() - 25 * 3600
    os.utime(old, (day_before, day_before))
    Store(store.folder)
    assert (old.exists(), new.exists()) == (False, True)
