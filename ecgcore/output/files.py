"""Files that are whole or absent, and for the account alone that writes them: they hold what is a patient's."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def write_bytes_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, never meets half of it.

    Args:
        path: where; its folder is made when missing.
        content: all of it.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
        flush_folder(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def flush_folder(folder: Path) -> None:
    """Bring the new name to disk too, so that a power cut cannot undo the renaming alone."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def for_owner_alone(path: Path, mode: int) -> None:
    """Close a file or folder to other accounts of the machine; one that another account owns is left as it is.

    Args:
        path: what to close.
        mode: its new permissions.
    """
    if path.stat().st_mode & 0o077:
        with suppress(PermissionError):
            path.chmod(mode)


def keep_private() -> None:
    """Close all that this process and its children write from now on to other accounts: files 0600, folders 0700."""
    os.umask(0o077)


def open_private(path: Path) -> TextIO:
    """A UTF-8 text file to write anew, closed to other accounts also where one of that name was open to them.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):  # and no terminal or pipe
        with suppress(PermissionError):
            os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")
