"""First step of every screening: a file's bytes become upright RGB pictures, or a reason why they cannot."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.content import read_bytes
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.decode.dicom import dicom_pages
from ecgcore.page.decode.file_pages import NumberedPage, PageChoice
from ecgcore.page.decode.kinds import HEAD_BYTES, is_pdf, is_picture_or_pdf
from ecgcore.page.decode.limits import DECODER_ERRORS, MAX_FILE_BYTES
from ecgcore.page.decode.pdf import pdf_pages
from ecgcore.page.decode.raster import raster_pages
from ecgcore.papersim.recording_page import draw_recording
from ecgcore.recordings.formats.dicom import DICOM_ERRORS, is_dicom
from ecgcore.recordings.read import (
    PERHAPS_ENDINGS,
    RECORDING_ENDINGS,
    TABLE_HEAD_BYTES,
    holds_recording,
    read_recordings,
)
from ecgcore.recordings.recording import EXPORT

PICTURE_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".mpo",
    ".jp2", ".j2k", ".jpx",
)  # fmt: skip
"""Endings of plain pictures."""

FILE_ENDINGS = (*PICTURE_ENDINGS, ".heic", ".heif", ".pdf", ".dcm", ".dicom", *RECORDING_ENDINGS)
"""Endings of all that can be read, but for those that other files have too, which are looked into."""

RECORDING_ERRORS = (*DECODER_ERRORS, *DICOM_ERRORS, ArithmeticError, AssertionError, LookupError, BadZipFile)
"""What the readers of digital ECGs raise on damaged data."""


def readable_files(folder: Path) -> list[Path]:
    """The files in a folder and below that can be read, sorted: those with a known ending, and those that begin so.

    A file with a known ending that is no picture is among them, so that it is told.
    """
    return sorted(file for file in folder.rglob("*") if file.is_file() and _may_be_read(file))


def files_at(path: Path) -> list[Path]:
    """A file itself, whatever it is called; of a folder what can be read in it, else the folder, which is then told."""
    return readable_files(path) or [path] if path.is_dir() else [path]


def _may_be_read(file: Path) -> bool:
    ending = file.suffix.lower()
    if ending in FILE_ENDINGS:
        return True
    try:
        if ending in PERHAPS_ENDINGS:
            return _holds_recording(file, is_zip=ending == ".zip")
        with file.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            return is_picture_or_pdf(head) or is_dicom(head)
    except OSError:
        return False


def _holds_recording(file: Path, *, is_zip: bool) -> bool:
    """Whether a file of an ending that others have too begins as a digital ECG does; a ZIP's list stands at its end."""
    is_whole = is_zip and file.stat().st_size <= MAX_FILE_BYTES
    with file.open("rb") as stream:
        return holds_recording(stream.read(-1 if is_whole else TABLE_HEAD_BYTES))


def read_picture(source: Path | bytes, name: str) -> list[ByteArray]:
    """Decode a picture, or every page of a PDF, TIFF or DICOM file, by its content; the ending is ignored.

    Animated pictures give their first frame; transparency is laid over white. This is done in the running process: for
    files that the program has written itself. What comes from outside is read by ``decode.isolated.read_untrusted``.

    Args:
        source: the file's path or its bytes.
        name: how to call the file in messages.

    Returns:
        The upright pages (EXIF orientation applied), each ``uint8 [H, W, 3]`` RGB.

    Raises:
        UnreadablePictureError: missing, empty, truncated, beyond the bounds of ``decode.limits``, or no picture.
    """
    return [page.photo_rgb for page in decoded_pages(read_bytes(source, name), name)]


def decoded_pages(data: bytes, name: str, choice: PageChoice | None = None) -> Iterator[DecodedPage]:
    """The pages that are wanted, None for all, each decoded when it is asked for; recordings are drawn."""
    recorded = _recorded_pages(data, name)
    if recorded is not None:
        return recorded
    return (DecodedPage(page.rgb, number=page.number) for page in _pictures(data, name, choice))


def _recorded_pages(data: bytes, name: str) -> Iterator[DecodedPage] | None:
    """The drawn pages of a file that holds digital ECGs; None of one that does not.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: it is damaged, or a digital ECG that cannot be read.
    """
    try:
        recordings = read_recordings(data, name)
    except RECORDING_ERRORS as error:
        raise UnreadablePictureError(f"{name} is damaged or incomplete.", EXPORT) from error
    if recordings is None:
        return None
    return (
        DecodedPage(draw_recording(recording), recording, number)
        for number, recording in enumerate(recordings, start=1)
    )


def _pictures(data: bytes, name: str, choice: PageChoice | None) -> Iterator[NumberedPage]:
    if is_dicom(data):
        return dicom_pages(data, name, choice)
    if is_pdf(data):
        return pdf_pages(data, name, choice)
    return raster_pages(data, name, choice)


def picture_hash(photo_rgb: ByteArray) -> str:
    """The sha256 of the picture's size and upright RGB pixels, so that stripping metadata does not change it."""
    height, width = photo_rgb.shape[:2]
    digest = hashlib.sha256(f"{width}x{height}:".encode())
    digest.update(np.ascontiguousarray(photo_rgb).data)
    return digest.hexdigest()
