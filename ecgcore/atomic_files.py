"""Files that are whole or absent: written beside their place, flushed to disk, then renamed over it."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


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
