"""ZIP archives from a browser and to it: unpacked with bounds into a folder that goes again, packed from an export."""

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from annotations.database.data_folder import DataFolder
from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.shown import shown
from annotations.exchange.formats.tree import LABEL_FOLDERS
from annotations.exchange.import_export import export_to
from annotations.model import StoreError
from annotations.readings.snapshots import which_pages
from annotations.temporary_folders import temporary_folder

MAX_ARCHIVE_BYTES = 256 * 2**20
MAX_ENTRIES = 20_000
MAX_UNPACKED_BYTES = 2 * 2**30
MAX_NAME_BYTES = 250
"""Of one part of a path; file systems take 255."""
MAX_DOWNLOAD_PAGES = 500

_COPY_BYTES = 2**20
_ENTRY_SIGNATURE = b"PK\x01\x02"
_ARCHIVES = {".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar"}
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    struct.error,
)
"""What ``zipfile`` raises on damaged, encrypted and foreign archives; there is no common base class."""


@contextmanager
def unpacked(archive: BinaryIO, store: DataFolder) -> Iterator[Path]:
    """Unpack an archive into a folder below the data folder, which is deleted when the block ends.

    A folder that holds everything is entered. Hidden files and those of macOS are left out.

    Args:
        archive: the file's content, open to read and seek.
        store: in whose folder.

    Yields:
        The folder to import.

    Raises:
        StoreError: the archive is damaged, encrypted, too large, or holds anything but plain files inside its folder;
            nothing of it is kept then.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(temporary_folder(store.folder, store.folder))
            _unpack(archive, folder)
        except OSError as error:
            raise StoreError(f"The archive cannot be unpacked: {error.strerror}.", "Free some space.") from error
        yield _content(folder)


def packed(
    store: DataFolder,
    format_name: str,
    *,
    snapshot_id: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> bytes:
    """An export of a small set as one archive, to be downloaded.

    Args:
        store: where from.
        format_name: a key of ``FORMATS``.
        snapshot_id: None for the current labels.
        progress: called with pages done and of how many.

    Raises:
        StoreError: there is nothing to export, or it is too much for a download.
    """
    pages = len(which_pages(store, snapshot_id))
    if pages > MAX_DOWNLOAD_PAGES:
        raise StoreError(
            f"{pages} pages are too many for a download; {MAX_DOWNLOAD_PAGES} are the most.", "Export into a folder."
        )
    content = io.BytesIO()
    try:
        with temporary_folder(store.folder, store.folder) as temporary:
            folder = temporary / "export"
            export_to(store, FORMATS[format_name], folder, snapshot_id=snapshot_id, progress=progress)
            with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(folder.rglob("*")):
                    if path.is_file():
                        archive.write(path, path.relative_to(folder))
                    if content.tell() > MAX_ARCHIVE_BYTES:
                        raise StoreError("The export is too large for a download.", "Export into a folder.")
    except OSError as error:
        raise StoreError(f"The export cannot be written: {error.strerror}.", "Free some space.") from error
    return content.getvalue()


def _unpack(stream: BinaryIO, folder: Path) -> None:
    if stream.seek(0, io.SEEK_END) > MAX_ARCHIVE_BYTES:
        raise StoreError(f"The archive is larger than {MAX_ARCHIVE_BYTES // 2**20} MB.", "Split it.")
    if listed_entries(stream) > MAX_ENTRIES:
        raise StoreError(f"The archive holds more than {MAX_ENTRIES} files.", "Split it.")
    try:
        with zipfile.ZipFile(stream) as archive:
            left = MAX_UNPACKED_BYTES
            for entry in archive.infolist():
                relative = _inside(entry)
                if relative is not None:
                    left -= _copy(archive, entry, folder / relative, left)
    except DAMAGED as error:
        raise StoreError(f"The archive is damaged or encrypted: {shown(str(error))}.", "Pack it again.") from error
    except FileExistsError as error:
        raise StoreError("Two files of the archive have the same name.", "Pack it again.") from error


def listed_entries(stream: BinaryIO) -> int:
    """How many entries the archive lists: ``zipfile`` would take half a kilobyte of memory for each."""
    stream.seek(0)
    return sum(part.count(_ENTRY_SIGNATURE) for part in iter(lambda: stream.read(_COPY_BYTES), b""))


def _inside(entry: zipfile.ZipInfo) -> PurePosixPath | None:
    """Where an entry goes below the folder; None for what is left out.

    Raises:
        StoreError: it leaves the folder, or is no plain file.
    """
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(entry.filename).drive:
        raise StoreError(f"{shown(entry.filename)} leaves the archive's folder.", "Pack the folder anew.")
    if entry.is_dir() or any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
        return None
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise StoreError(f"{shown(entry.filename)} is a link or no plain file.", "Pack the files themselves.")
    if not path.parts or not entry.filename.isprintable() or max(len(p.encode()) for p in path.parts) > MAX_NAME_BYTES:
        raise StoreError(f"{shown(entry.filename)} is no usable file name.", "Rename the file.")
    if path.suffix.casefold() in _ARCHIVES:
        raise StoreError(f"{shown(entry.filename)} is an archive inside the archive.", "Unpack it first.")
    return path


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most_bytes: int) -> int:
    """Write one entry; what an archive states of its sizes is not believed."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = 0
    with archive.open(entry) as source, target.open("xb") as copy:
        while part := source.read(_COPY_BYTES):
            written += len(part)
            if written > most_bytes:
                raise StoreError(f"The archive unpacks to more than {MAX_UNPACKED_BYTES // 2**30} GB.", "Split it.")
            copy.write(part)
    return written


def _content(folder: Path) -> Path:
    """The innermost folder that holds everything; the folders of a tree of labels are content themselves."""
    while True:
        children = list(folder.iterdir())
        if len(children) != 1 or not children[0].is_dir() or children[0].name.casefold() in LABEL_FOLDERS:
            return folder
        folder = children[0]
