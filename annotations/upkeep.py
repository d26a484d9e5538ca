"""Care of the data folder: backup, restore, check, and erasing a patient for good."""

import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from annotations.derived import forget_derived
from annotations.model import StoreError
from annotations.picture_files import PICTURES
from annotations.schema import upgrade
from annotations.store import DATABASE, Store, now
from ecgcore.errors import UnreadablePicture
from ecgcore.page import picture_hash, read_picture

Progress = Callable[[int, int], None]


def _silent(_done: int, _all: int) -> None:
    pass


def backup(store: Store, file: Path, progress: Progress = _silent) -> None:
    """Write a consistent copy of database and pictures as one ZIP file, while others go on working.

    Raises:
        StoreError: the file exists, or cannot be written.
    """
    if file.exists():
        raise StoreError(f"{file} exists already.", "Choose another name.")
    partial = file.with_name(file.name + ".partial")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent) as temporary:
            copy = Path(temporary) / DATABASE
            store.db.conn.execute("VACUUM INTO ?", (str(copy),))
            names = [row["file"] for row in store.rows("SELECT file FROM image")]
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
                archive.write(copy, DATABASE, zipfile.ZIP_DEFLATED)
                for number, name in enumerate(names, 1):
                    archive.write(store.folder / name, name)  # pictures are compressed already
                    progress(number, len(names))
        partial.replace(file)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"The backup {file} cannot be written: {error}.", "Free some space, or run check.") from error


def restore(file: Path, folder: Path, progress: Progress = _silent) -> None:
    """Unpack a backup into a folder that holds no database yet; it appears whole or not at all.

    Raises:
        StoreError: the file is no backup, is damaged, or the folder is in use.
    """
    if (folder / DATABASE).exists():
        raise StoreError(f"{folder} holds a database already.", "Restore into an empty folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with tempfile.TemporaryDirectory(dir=folder) as temporary, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if DATABASE not in names or not all(_belongs(name) for name in names):
                raise StoreError(f"{file} is no backup of this program.", "Choose a file that backup wrote.")
            for number, name in enumerate(names, 1):
                archive.extract(name, temporary)
                progress(number, len(names))
            upgrade(Path(temporary) / DATABASE)
            (folder / PICTURES).mkdir(exist_ok=True, mode=0o700)
            for name in names:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                if name != DATABASE:
                    (Path(temporary) / name).replace(target)
            (Path(temporary) / DATABASE).replace(folder / DATABASE)  # last: what it names is there
    except (OSError, zipfile.BadZipFile) as error:
        raise StoreError(f"{file} cannot be restored: {error}.", "Choose another backup.") from error


def check(store: Store, progress: Progress = _silent) -> list[str]:
    """Look for damage: the database's own checks, references, and every picture against its hash.

    Returns:
        One sentence for each finding; empty when all is well.
    """
    findings = [f"database: {row['integrity_check']}" for row in store.rows("PRAGMA integrity_check")]
    findings = [text for text in findings if text != "database: ok"]
    findings += [
        f"database: a row of {row['table']} refers to nothing" for row in store.rows("PRAGMA foreign_key_check")
    ]
    rows = store.rows("SELECT id, file, picture_hash FROM image ORDER BY id")
    for number, row in enumerate(rows, 1):
        path = store.folder / row["file"]
        try:
            (photo_rgb,) = read_picture(path, path.name)
            if picture_hash(photo_rgb) != row["picture_hash"]:
                findings.append(f"page {row['id']}: {row['file']} shows another picture than was stored")
        except UnreadablePicture as error:
            findings.append(f"page {row['id']}: {error.cause}")
        progress(number, len(rows))
    known = {row["file"] for row in rows}
    for path in sorted((store.folder / PICTURES).rglob("*")):
        if path.is_file() and path.relative_to(store.folder).as_posix() not in known:
            findings.append(f"{path.relative_to(store.folder)} belongs to no page")
    return findings


def erase_group(store: Store, group: str, person: str) -> int:
    """Erase a patient for good: all pictures of a group with every reading, prediction and snapshot entry.

    Only a note remains that so many pictures were erased, when and by whom. Backups made before keep what they hold.

    Returns:
        How many pictures were erased.

    Raises:
        StoreError: the group holds no picture.
    """
    rows = store.rows("SELECT id, file FROM image WHERE group_key = ?", (group,))
    if not rows:
        raise StoreError(f"There is no picture in group {group}.", "Look the group up on the Dataset page.")
    with store.writing() as connection:
        connection.executemany("INSERT INTO erasing VALUES (?)", [(row["id"],) for row in rows])
        for statement in _ERASE:
            connection.execute(statement)
        connection.execute("DELETE FROM page_group WHERE key = ?", (group,))
        connection.execute(
            "INSERT INTO erasure (person, pictures, erased_at) VALUES (?, ?, ?)", (person, len(rows), now())
        )
        connection.execute("DELETE FROM erasing")
    for row in rows:
        (store.folder / row["file"]).unlink(missing_ok=True)
    forget_derived(store.folder)
    store.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.db.conn.execute("VACUUM")  # freed pages of the file would still hold the rows
    return len(rows)


_LINES = "SELECT id FROM annotation WHERE image_id IN erasing"
_REVISIONS = f"SELECT id FROM revision WHERE annotation_id IN ({_LINES})"
_PREDICTIONS = "SELECT id FROM prediction WHERE image_id IN erasing"
_ERASE = (
    "DELETE FROM snapshot_item WHERE image_id IN erasing",
    f"DELETE FROM review WHERE revision_id IN ({_REVISIONS})",
    f"DELETE FROM revision_box WHERE revision_id IN ({_REVISIONS})",
    "DELETE FROM look_alike WHERE image_id IN erasing OR twin_id IN erasing",
    "DELETE FROM draft WHERE image_id IN erasing",
    "DELETE FROM lease WHERE image_id IN erasing",
    "UPDATE annotation SET head_revision_id = NULL WHERE image_id IN erasing",
    f"DELETE FROM revision WHERE annotation_id IN ({_LINES})",
    "DELETE FROM annotation WHERE image_id IN erasing",
    f"DELETE FROM prediction_box WHERE prediction_id IN ({_PREDICTIONS})",
    "DELETE FROM prediction WHERE image_id IN erasing",
    "DELETE FROM image WHERE id IN erasing",
)


def _belongs(name: str) -> bool:
    """Whether an archive's entry is the database or a picture, and lies inside the folder."""
    parts = Path(name).parts
    return name == DATABASE or (len(parts) == 3 and parts[0] == PICTURES and ".." not in parts)
