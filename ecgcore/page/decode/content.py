"""A file's bytes, bounded, before anything is decoded."""

from pathlib import Path

from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.limits import MAX_FILE_BYTES
from ecgcore.recordings.formats.wfdb_files import HEADER, SIGNALS, packed_record


def _content(path: Path) -> bytes:
    """A file's bytes; of a WFDB record's header or signals the whole record's, as a ZIP."""
    ending = path.suffix.lower()
    if ending == HEADER or (ending == SIGNALS and path.with_suffix(HEADER).is_file()):
        return packed_record(path)
    return path.read_bytes()


def read_bytes(source: Path | bytes, name: str) -> bytes:
    """A file's content, as far as a file may be large.

    Raises:
        UnreadablePictureError: it is missing, a folder, empty or larger than ``MAX_FILE_BYTES``.
    """
    if isinstance(source, bytes):
        data = source
        size = len(data)
    else:
        if source.is_dir():
            raise UnreadablePictureError(
                f"{name} holds no picture, no PDF and no digital ECG.", "Name a folder that does."
            )
        try:
            size = source.stat().st_size
            data = _content(source) if size <= MAX_FILE_BYTES else b""
        except OSError as error:
            cause = f"{name} cannot be opened: {error.strerror or 'unknown reason'}."
            raise UnreadablePictureError(cause, "Check the path and its permissions.") from error
    if max(size, len(data)) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise UnreadablePictureError(f"{name} is larger than {limit} MiB.", "Save it smaller or as JPEG.")
    if size == 0:
        raise UnreadablePictureError(f"{name} is empty.", "Copy or upload it again.")
    return data
