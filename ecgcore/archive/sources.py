"""Where an archive's files lie: in folders, in lists of paths, and in object stores."""

import functools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pyarrow.fs

from ecgcore.errors import EcgError, UnreadablePictureError
from ecgcore.page.decode.limits import MAX_FILE_BYTES

LIST_ENDING = ".txt"
"""Of a text file with a path or an address on each line; no file that is screened has it."""


def files_of(place: str) -> Iterator[str]:
    """The files of one argument: itself, what can be read in a folder, or the lines of a list.

    Args:
        place: a path, or an address that pyarrow knows, as ``s3://bucket/folder``.

    Raises:
        EcgError: an address that is none, or a list or object store that cannot be read.
    """
    if _is_address(place):
        return _files_at(place)
    if place.lower().endswith(LIST_ENDING) and not Path(place).is_dir():
        return _listed_files(Path(place))
    from ecgcore.page.decode.read import files_at  # only now: what reads all kinds takes half a second to load

    return iter([str(file) for file in files_at(Path(place))])


def content_of(file: str, folder: Path) -> Path | bytes:
    """What is screened: the path of a file, or the bytes of an object, of which no more than a file may have is read.

    Args:
        file: as ``files_of`` or a list names it.
        folder: what paths start from.

    Raises:
        UnreadablePictureError: the object cannot be read.
    """
    if not _is_address(file):
        return folder / file
    try:
        files, path = _opened(file)
        with files.open_input_stream(path) as stream:
            return bytes(stream.read(MAX_FILE_BYTES + 1))
    except (OSError, ValueError) as error:  # ArrowInvalid is a ValueError
        cause = f"{file} cannot be opened: {error}."
        raise UnreadablePictureError(cause, "Check the address and who may read it.") from error


def _is_address(place: str) -> bool:
    return "://" in place


def _listed_files(path: Path) -> Iterator[str]:
    """The lines of a list, one after the other however many there are; empty ones are left out."""
    try:
        with path.open(encoding="utf-8") as lines:
            yield from (file for line in lines if (file := line.rstrip("\r\n")).strip())
    except (OSError, UnicodeDecodeError) as error:
        raise EcgError(f"The list {path} cannot be read: {error}.", "Save it as UTF-8, one path a line.") from error


def _files_at(address: str) -> Iterator[str]:
    """The address itself if it is that of an object, else the objects below it with a known ending, sorted."""
    from ecgcore.page.decode.read import FILE_ENDINGS

    try:
        files, path = _opened(address)
        below = files.get_file_info(pyarrow.fs.FileSelector(path, recursive=True)) if _is_folder(files, path) else []
    except (OSError, ValueError) as error:
        raise EcgError(f"{address} cannot be listed: {error}.", "Check the address and who may read it.") from error
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    found = sorted(info.path for info in below if info.is_file and info.path.lower().endswith(FILE_ENDINGS))
    return iter([f"{parts.scheme}://{quote(file)}{query}" for file in found] or [address])


def _is_folder(files: pyarrow.fs.FileSystem, path: str) -> bool:
    return bool(files.get_file_info(path).type == pyarrow.fs.FileType.Directory)


def _opened(address: str) -> tuple[pyarrow.fs.FileSystem, str]:
    """The object store of an address, and the place in it."""
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise ValueError("keys do not belong into an address, which results repeat; give them as AWS_ACCESS_KEY_ID")
    store = f"{parts.scheme}://{parts.netloc}/" + (f"?{parts.query}" if parts.query else "")
    return _store(store), unquote(f"{parts.netloc}{parts.path}")


@functools.cache
def _store(address: str) -> pyarrow.fs.FileSystem:
    return pyarrow.fs.FileSystem.from_uri(address)[0]
