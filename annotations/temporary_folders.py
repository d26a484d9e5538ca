"""Temporary folders that may hold patients' pages: they go when the work ends, and at the next start after a kill.

A note in the data folder names each of them. Its lock is held as long as the work lasts and ends with the process, so
that a start takes away what a killed program left, and nothing of one that is at work.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NOTE, _FOLDER = ".temporary-", ".ecg-temporary-"
"""How notes and folders begin; nothing else is ever deleted."""
_BEFORE, _LEFT_BEHIND_S = ".archive-", 24 * 3600.0
"""How earlier versions named such folders, without a note: as old as that, one was left by a killed program."""


@contextmanager
def temporary_folder(data_folder: Path, place: Path) -> Iterator[Path]:
    """A new folder for the block, for its owner alone.

    Args:
        data_folder: where it is noted.
        place: the folder in which it is made.

    Raises:
        OSError: it cannot be made or noted.
    """
    note, descriptor = _locked_note(data_folder)
    folder = None
    try:
        folder = place.resolve() / f"{_FOLDER}{note.name.removeprefix(_NOTE)}"
        os.write(descriptor, os.fsencode(folder))
        os.fsync(descriptor)
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if folder is None or not folder.exists():  # else the next start tries again
            note.unlink(missing_ok=True)
        os.close(descriptor)


def delete_left(data_folder: Path) -> None:
    """Delete the folders that killed programs left; what cannot be deleted now waits for the next start."""
    for old in data_folder.glob(f"{_BEFORE}*"):
        if time.time() - old.stat().st_mtime > _LEFT_BEHIND_S:
            shutil.rmtree(old, ignore_errors=True)
    for note in data_folder.glob(f"{_NOTE}*"):
        with suppress(OSError):
            descriptor = os.open(note, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                folder = Path(os.fsdecode(os.read(descriptor, os.fstat(descriptor).st_size)))
                if folder.name.startswith(_FOLDER):
                    if folder.is_dir():
                        shutil.rmtree(folder)
                    elif not folder.parent.is_dir():  # a disk that is not there now
                        continue
                note.unlink()
            finally:
                os.close(descriptor)


def _locked_note(data_folder: Path) -> tuple[Path, int]:
    """A new note; another start may have taken it for one that was left before its lock was held."""
    while True:
        descriptor, name = tempfile.mkstemp(prefix=_NOTE, dir=data_folder)  # with mode 0600
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), Path(name).stat()):
                return Path(name), descriptor
        os.close(descriptor)
