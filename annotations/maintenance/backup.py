"""The data folder as one file, and back: database, pictures, bundles and what came out of trainings.

The secret of patients' keys goes along, so that a restored folder knows them again: whoever has a backup can try keys
against it, as whoever has the folder can.

A backup is a ZIP archive of the files under their names in the data folder, and of ``backup.json``, which lists their
sizes and sha256s. Those written before that list existed, with database and pictures alone, are restored too.
"""

import hashlib
import json
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from annotations.artifacts.files import backed_up_files, is_backed_up
from annotations.database.data_folder import DATABASE, DataFolder
from annotations.database.upgrade import upgrade
from annotations.erasure.mentions import wait_until_forgotten
from annotations.model import StoreError
from annotations.patients.keys import HMAC_KEY_FILE
from annotations.pictures.files import PICTURES
from annotations.temporary_folders import temporary_folder

Progress = Callable[[int, int], None]

LIST = "backup.json"
_MOST_LIST_BYTES = 64 * 2**20
_CHUNK_BYTES = 1 << 20
_TRIES = 5
_Listed = Mapping[str, tuple[int, str]]
"""Size and sha256 of each file by name."""


def _silent(_done: int, _all: int) -> None:
    pass


def backup(store: DataFolder, file: Path, progress: Progress = _silent) -> None:
    """Write a consistent copy of everything but caches and checkpoints as one ZIP file, while others go on working.

    Args:
        store: where.
        file: a new one.
        progress: called with files done and of how many.

    Raises:
        StoreError: the file exists, or cannot be written.
    """
    if file.exists():
        raise StoreError(f"{file} exists already.", "Choose another name.")
    for attempt in range(_TRIES):
        try:
            if _backup(store, file, progress):
                return
        except FileNotFoundError as error:
            # Somebody painted or erased a page that the copy of the database still names, or a training ended.
            if attempt == _TRIES - 1 or not _has_changed(store, error):
                raise StoreError(f"The backup {file} cannot be written: {error}.", "Run check.") from error
    raise StoreError("Pages were erased or redacted again and again during the backup.", "Try again when it is quiet.")


def _has_changed(store: DataFolder, error: FileNotFoundError) -> bool:
    """Whether the file that was missed belongs to no page any more."""
    missed = Path(str(error.filename))
    if not missed.is_relative_to(store.folder):
        return False
    return store.row("SELECT 1 FROM image WHERE file = ?", (missed.relative_to(store.folder).as_posix(),)) is None


def _backup(store: DataFolder, file: Path, progress: Progress) -> bool:
    """Write one; returns False, and leaves nothing, where it would hold a page that was erased or redacted since."""
    wait_until_forgotten(store)
    try:
        with temporary_folder(store.folder, file.parent) as temporary:
            copy, partial = temporary / DATABASE, temporary / "all.zip"
            store.db.conn.execute("VACUUM INTO ?", (str(copy),))
            pictures = _pictures_of(copy)
            names = [*sorted(pictures), *backed_up_files(store.folder)]
            names += [HMAC_KEY_FILE] if (store.folder / HMAC_KEY_FILE).exists() else []
            partial.touch(mode=0o600)
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
                listed = {DATABASE: _pack(archive, copy, DATABASE)}
                for number, name in enumerate(names, 1):
                    listed[name] = _pack(archive, store.folder / name, name)
                    progress(number, len(names))
                archive.writestr(LIST, json.dumps(listed), zipfile.ZIP_DEFLATED)
            with store.writing() as connection:  # nobody erases or redacts before it is in its place
                if not pictures <= {row[0] for row in connection.execute("SELECT file FROM image")}:
                    return False
                partial.replace(file)
            return True
    except FileNotFoundError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"The backup {file} cannot be written: {error}.", "Free some space, or run check.") from error


def _pictures_of(copy: Path) -> set[str]:
    """The files of pictures that a copy of the database names; others may have come since."""
    connection = sqlite3.connect(copy)
    try:
        return {row[0] for row in connection.execute("SELECT file FROM image")}
    finally:
        connection.close()


def restore(file: Path, folder: Path, progress: Progress = _silent) -> None:
    """Unpack a backup into a folder that holds no database yet; it appears whole or not at all.

    Args:
        file: that ``backup`` wrote.
        folder: made when missing.
        progress: called with files done and of how many.

    Raises:
        StoreError: the file is no backup, is damaged, does not fit on the disk, or the folder is in use.
    """
    if (folder / DATABASE).exists() and (folder / DATABASE).stat().st_size:
        raise StoreError(f"{folder} already contains a database.", "Restore into an empty folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with temporary_folder(folder, folder) as temporary, zipfile.ZipFile(file) as archive:
            listed = _read_list(archive)
            names = [name for name in archive.namelist() if name != LIST]
            if DATABASE not in names or not all(map(_belongs, names)) or len(set(names)) != len(names):
                raise StoreError(f"{file} is no backup of this program.", "Choose a file that backup wrote.")
            if listed is not None and set(names) != set(listed):
                raise StoreError(f"{file} lacks files that it lists.", "Choose another backup.")
            if sum(archive.getinfo(name).file_size for name in names) > shutil.disk_usage(folder).free:
                raise StoreError(f"{file} unpacks to more than the free space.", "Free some space.")
            for number, name in enumerate(names, 1):
                _unpack(archive, name, temporary / name, None if listed is None else listed[name])
                progress(number, len(names))
            upgrade(temporary / DATABASE)
            (folder / PICTURES).mkdir(exist_ok=True, mode=0o700)
            for name in names:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                if name == HMAC_KEY_FILE:
                    (temporary / name).chmod(0o600)
                if name != DATABASE:
                    (temporary / name).replace(target)
            for rest in ("-wal", "-shm"):  # of a database that was lost: SQLite would read it into this one
                (folder / f"{DATABASE}{rest}").unlink(missing_ok=True)
            (temporary / DATABASE).replace(folder / DATABASE)  # last: what it names is there
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # damaged, encrypted, foreign
        raise StoreError(f"{file} cannot be restored: {error}.", "Choose another backup.") from error


def _pack(archive: zipfile.ZipFile, path: Path, name: str) -> tuple[int, str]:
    """Add a file; returns size and sha256 of what went in, whatever becomes of the file meanwhile."""
    entry = zipfile.ZipInfo.from_file(path, name)
    if name == DATABASE:
        entry.compress_type = zipfile.ZIP_DEFLATED  # pictures and weights hardly shrink
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
        return _copy(source, target)


def _unpack(archive: zipfile.ZipFile, name: str, path: Path, expected: tuple[int, str] | None) -> None:
    """Write one file, never more than the archive's directory states, which ``zipfile`` sees to.

    Raises:
        StoreError: it is not the file that was packed.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with archive.open(name) as source, path.open("wb") as target:
        found = _copy(source, target)
    if expected is not None and found != expected:
        raise StoreError(f"{name} of the backup was altered.", "Choose another backup.")


def _copy(source: IO[bytes], target: IO[bytes]) -> tuple[int, str]:
    """Copy in small parts; returns size and sha256."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        target.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _read_list(archive: zipfile.ZipFile) -> _Listed | None:
    """What ``backup.json`` lists; None in a backup from before there was one."""
    if LIST not in archive.namelist():
        return None
    try:
        if archive.getinfo(LIST).file_size > _MOST_LIST_BYTES:
            raise ValueError("it is too long")
        return {str(name): (int(size), str(sha256)) for name, (size, sha256) in json.loads(archive.read(LIST)).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"The backup's list of files is broken: {error}.", "Choose another backup.") from error


def _belongs(name: str) -> bool:
    """Whether an archive's entry is one of the files of a data folder, and lies inside it."""
    parts = Path(name).parts
    is_picture = len(parts) == 3 and parts[0] == PICTURES and ".." not in parts
    return name in (DATABASE, HMAC_KEY_FILE) or is_picture or is_backed_up(name)
